"""Published marts to frozen facts. Every value is bound; nothing outside the published version is read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from finops.chargeback.statement.facts import (
    CHARGE_KEY,
    AllocationEntry,
    BillCompleteness,
    BudgetUse,
    Charge,
    ChargedCost,
    ChargeLine,
    ControlTotal,
    DailyCost,
    DirectTotal,
    PublishedMonth,
    Saving,
    UnitCost,
)
from finops.core.errors import BadInput, NotReady
from finops.core.periods import BillingPeriod
from finops.core.sql import Sql, compose, identifier, join
from finops.stores.published import Publication

if TYPE_CHECKING:
    import duckdb

Fact = TypeVar("Fact")

MADE_FOR_STATEMENTS = (
    "mart_cost_variance",
    "mart_savings",
    "mart_bill_completeness",
    "mart_budget_use",
    "mart_unit_costs",
    "mart_charged_costs",
)
"""A version of an older release has none of them."""
_PREVIOUS = Sql("(select * replace (previous_effective_cost as effective_cost) from mart_cost_variance)")
_COSTS = ("effective_cost", "billed_cost")
_ALLOCATED = "mart_allocated_costs"

_ENTRIES = """
    select entries.cost_center, entries.provider, entries.billing_currency, entry_kind, entries.rule_id,
        entries.rule_version, entries.rule_digest, counterpart, share, weight,
        sum(effective_cost), sum(billed_cost), any_value(digests.digest)
    from mart_allocated_costs as entries
    inner join ({digests}) as digests
        on digests.provider = entries.provider
        and digests.billing_currency = entries.billing_currency
        and digests.rule_id = entries.rule_id
        and digests.rule_version = entries.rule_version
    where billing_period = ? and entry_kind <> 'direct'
    group by all
"""

MONTHS_OF_HISTORY = 12
_HISTORY = """
    select billing_period, cost_center, billing_currency, sum(direct_cost), sum(shared_cost)
    from mart_charged_costs
    where billing_period between ? and ?
    group by all
    order by all
"""

_DIGESTS = """
    select {keys}, sha256(string_agg(row_digest, '' order by row_digest)) as digest
    from (
        select {keys}, sha256(to_json([{texts}])) as row_digest
        from {mart}
        where billing_period = ? and {wanted}
    )
    group by {keys}
"""
"""Sorted digests of whole rows, digested: the order of rows is in no digest, and no two rows can cancel each other."""


def read_month(publication: Publication, period: BillingPeriod) -> PublishedMonth:
    """Read one billing period, and what it is compared with.

    Raise BadInput, naming what there is, when it is not published; NotReady when an older release published it.
    """
    if missing := [mart for mart in MADE_FOR_STATEMENTS if mart not in publication.marts]:
        raise NotReady(f"build {publication.build_id} is of an older release, without {missing[0]}; run `finops build`")
    with publication.connect() as connection:
        published = [found[0] for found in _rows(connection, "select distinct billing_period from mart_chargeback")]
        if str(period) not in published:
            raise BadInput(f"billing period {period} is not published; published: {_named(sorted(published))}")
        return PublishedMonth(
            build_id=publication.build_id,
            billing_period=period,
            charges=_charges(connection, period),
            source_digests=_source_digests(connection, period),
            **_shared(connection, period),
            previous=_previous(connection, period),
            savings=_facts(connection, Saving, "mart_savings", period),
            completeness=_facts(connection, BillCompleteness, "mart_bill_completeness", period),
            budgets=_facts(connection, BudgetUse, "mart_budget_use", period),
            unit_costs=_facts(connection, UnitCost, "mart_unit_costs", period),
            history=_history(connection, period),
            daily=tuple(
                sorted(_facts(connection, DailyCost, "fct_daily_costs", period, summed=_COSTS), key=_daily_order)
            ),
            control_totals=tuple(
                sorted(
                    _facts(connection, ControlTotal, "mart_reconciliation", period),
                    key=lambda each: (each.billing_currency, each.provider, each.stage_order),
                )
            ),
        )


def read_charges(publication: Publication, period: BillingPeriod) -> tuple[Charge, ...]:
    """Return a month's rows of ``mart_chargeback`` as they are published now; none when it is not published."""
    with publication.connect() as connection:
        return _charges(connection, period)


def _charges(connection: duckdb.DuckDBPyConnection, period: BillingPeriod) -> tuple[Charge, ...]:
    return tuple(sorted(_facts(connection, Charge, "mart_chargeback", period), key=lambda each: each.key))


def _previous(connection: duckdb.DuckDBPyConnection, period: BillingPeriod) -> tuple[ChargeLine, ...] | None:
    """Return the lines of the month before, as it was closed if it is; None when that is not published."""
    found = _facts(connection, ChargeLine, _PREVIOUS, period)
    if any(each.effective_cost is None for each in found):
        return None
    return tuple(sorted(found, key=lambda each: each.key))


def _history(connection: duckdb.DuckDBPyConnection, period: BillingPeriod) -> tuple[ChargedCost, ...]:
    """Return what was charged in the twelve months that end with ``period``, of those that are published."""
    months = [period]
    while len(months) < MONTHS_OF_HISTORY:
        months.append(months[-1].previous)
    found = connection.execute(_HISTORY, [str(months[-1]), str(period)]).fetchall()
    return tuple(ChargedCost(BillingPeriod.parse(month), *others) for month, *others in found)


def _facts(
    connection: duckdb.DuckDBPyConnection,
    kind: type[Fact],
    rows: str,
    period: BillingPeriod,
    wanted: str = "true",
    summed: Collection[str] = (),
) -> tuple[Fact, ...]:
    """Return a month's rows of a mart as facts, whose fields have its columns' names; grouped where some are summed."""
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    columns = join(", ", (compose("sum({n})" if n in summed else "{n}", n=identifier(n)) for n in names))
    query = compose(
        "select {columns} from {rows} where billing_period = ? and {wanted} {group} order by all",
        columns=columns,
        rows=rows if isinstance(rows, Sql) else identifier(rows),
        wanted=Sql(wanted),
        group=Sql("group by all" if summed else ""),
    )
    return tuple(kind(*row) for row in _rows(connection, query, period))


def _source_digests(connection: duckdb.DuckDBPyConnection, period: BillingPeriod) -> dict[tuple[str, ...], str]:
    """Return the digest of the daily rows behind each charge, by the charge's key."""
    keys = (*CHARGE_KEY, "has_required_tags")
    query = _digests(connection, "fct_daily_costs", keys, Sql("true"))
    return {
        (*(str(part) for part in key), str(flag)): digest for *key, flag, digest in _rows(connection, query, period)
    }


def _shared(connection: duckdb.DuckDBPyConnection, period: BillingPeriod) -> dict[str, Any]:
    """Return direct totals and the rules' entries."""
    keys = ("provider", "billing_currency", "rule_id", "rule_version")
    digests = _digests(connection, _ALLOCATED, keys, Sql("entry_kind <> 'direct'"))
    found = connection.execute(compose(_ENTRIES, digests=digests), [str(period), str(period)]).fetchall()
    return {
        "direct_totals": _facts(connection, DirectTotal, _ALLOCATED, period, "entry_kind = 'direct'", _COSTS),
        "entries": tuple(sorted((AllocationEntry(*each) for each in found), key=lambda each: each.key)),
    }


def _digests(connection: duckdb.DuckDBPyConnection, mart: str, keys: Iterable[str], wanted: Sql) -> Sql:
    columns = sorted(row[0] for row in connection.execute(compose("describe {mart}", mart=identifier(mart))).fetchall())
    texts = join(", ", (compose("{name}::varchar", name=identifier(each)) for each in columns))
    names = join(", ", map(identifier, keys))
    return compose(_DIGESTS, keys=names, texts=texts, mart=identifier(mart), wanted=wanted)


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, period: BillingPeriod | None = None
) -> list[tuple[Any, ...]]:
    return connection.execute(query, [] if period is None else [str(period)]).fetchall()


def _daily_order(daily: DailyCost) -> tuple[str, ...]:
    return (
        daily.billing_currency,
        daily.cost_center,
        daily.charge_date.isoformat(),
        daily.provider,
        daily.charge_category,
        daily.commitment_discount_status,
    )


def _named(periods: list[str]) -> str:
    """Name the periods, or their range where they are many."""
    if not periods:
        return "none"
    return ", ".join(periods) if len(periods) <= 12 else f"{periods[0]} to {periods[-1]} ({len(periods)} months)"
