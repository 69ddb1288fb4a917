"""Expectations on ``mart_allocated_costs``: whatever the rules move, the bill stays the bill."""

from __future__ import annotations

from collections.abc import Iterator

from great_expectations.expectations import Expectation

from finops.core.entry_kinds import MEANINGS
from finops.core.providers import ANY_VENDOR, CLOUDS
from finops.core.sql import identifier, join, literal
from finops.policy.allocation.models import IfNothing, Pool, Price
from finops.quality import rules
from finops.quality.models import Given, Severity, Suite
from finops.quality.rules import COSTS, DAILY, KEY, no_rows

TABLE = identifier("marts", "mart_allocated_costs")
GRAIN = ("cost_center", "entry_kind", "rule_id", "rule_version", "service_category", "service_name")
_SEVERITIES = {IfNothing.REFUSE: Severity.BLOCKS, IfNothing.WARN: Severity.WARNS}

Rule = Pool | Price


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, and for the rules it was built with."""
    columns = [*KEY, *GRAIN]
    return Suite(
        "mart_allocated_costs",
        (
            rules.has_rows(),
            *rules.filled(*columns, "rule_digest", "counterpart", *COSTS),
            rules.one_of("entry_kind", tuple(MEANINGS)),
            rules.is_exact(COSTS),
            rules.is_unique(columns),
            rules.ties_to(DAILY, "fct_daily_costs", given, COSTS),
            _direct_is_chargeback(given),
            _rules_move_and_make_nothing(),
            _shares_are_whole(),
            *_rules_found_something(given),
            *_pools_were_divided(given),
            _versions_say_one_thing(),
        ),
    )


def _direct_is_chargeback(given: Given) -> Expectation:
    return no_rows(
        "a cost centre's direct entries are its chargeback, exactly",
        """
        select {key}, cost_center, here.effective_cost, there.effective_cost as expected
        from (
            select {key}, cost_center, sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
            from {batch} where entry_kind = 'direct' group by all
        ) as here
        full join (
            select {key}, cost_center, sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
            from marts.mart_chargeback where {scope} group by all
        ) as there using ({key}, cost_center)
        where here.effective_cost is distinct from there.effective_cost
            or here.billed_cost is distinct from there.billed_cost
        """,
        scope=given.scope,
    )


def _rules_move_and_make_nothing() -> Expectation:
    query = """
        select {key}, rule_id, rule_version, sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
        from {batch} where entry_kind <> 'direct'
        group by {key}, rule_id, rule_version, entry_kind in ('markup', 'markup_offset')
        having sum(billed_cost) <> 0 or sum(effective_cost) <> 0
    """
    return no_rows("the entries of every rule sum to zero", query)


def _shares_are_whole() -> Expectation:
    query = """
        select {key}, rule_id, rule_version, sum(share) as shares
        from {batch} where entry_kind = 'pool'
        group by {key}, rule_id, rule_version having sum(share) is distinct from 1
    """
    return no_rows("the shares of every pool sum to one", query)


def _rules_found_something(given: Given) -> Iterator[Expectation]:
    """Yield: each rule moved something in each month in scope that has bills it is for, whichever were built now."""
    months = sorted({month for _, month in given.pairs})
    every: list[Rule] = [*given.allocation.prices, *given.allocation.pools]
    for answer, severity in _SEVERITIES.items():
        expected = [
            [literal(rule.id), literal(month), literal(provider)]
            for rule in every
            if rule.if_empty is answer
            for month in months
            if rule.is_active(month)
            for provider in _providers(given, rule)
        ]
        if not expected:
            continue
        yield no_rows(
            f"every rule of allocation.yml matches something (if_empty: {answer})",
            """
            select string_agg(rule_id || ' in ' || billing_period, ', ' order by billing_period, rule_id) as rules
            from (
                select distinct rule_id, billing_period
                from {expected} as expected
                semi join (select billing_period from {batch}) using (billing_period)
                semi join (
                    select billing_period, provider from {table} where billing_period in ({months})
                ) using (billing_period, provider)
                anti join (
                    select billing_period, rule_id from {table} where billing_period in ({months})
                ) using (billing_period, rule_id)
            )
            having count(*) > 0
            """,
            severity,
            expected=rules.rows_of(["rule_id", "billing_period", "provider"], expected),
            table=TABLE,
            months=join(", ", map(literal, months)),
        )


def _providers(given: Given, rule: Rule) -> list[str]:
    if isinstance(rule, Price):
        return [rule.provider]
    condition = given.allocation.selection_of(rule).get("provider")
    names = sorted({*CLOUDS, ANY_VENDOR, *(provider for provider, _ in given.pairs)})
    return names if condition is None else [n for n in names if (n in condition.values) is not condition.negated]


def _pools_were_divided(given: Given) -> Iterator[Expectation]:
    for answer, severity in _SEVERITIES.items():
        names = sorted({pool.id for pool in given.allocation.pools if pool.if_indivisible is answer})
        if not names:
            continue
        query = """
            select string_agg(distinct rule_id || ' in ' || billing_period || ' (' || provider || ' '
                || billing_currency || ')', ', ' order by 1) as pools
            from {batch} where entry_kind = 'kept' and rule_id in ({names}) having count(*) > 0
        """
        says = f"every pool has something to divide by, above zero (if_indivisible: {answer})"
        yield no_rows(says, query, severity, names=join(", ", map(literal, names)))


def _versions_say_one_thing() -> Expectation:
    query = """
        select rule_id, rule_version, string_agg(distinct billing_period, ', ' order by billing_period) as months
        from {table} where entry_kind <> 'direct' and rule_id in (select rule_id from {batch})
        group by rule_id, rule_version having count(distinct rule_digest) > 1
    """
    return no_rows("a version of a rule says the same in every month", query, Severity.WARNS, table=TABLE)
