"""Expectations on ``mart_allocation_rules``: the terms of every rule that made entries."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.core.sql import identifier, join
from finops.quality.models import Given, Suite
from finops.quality.rules import COSTS, KEY, is_exact, is_unique, no_rows, one_of

KINDS = ("price_list", "pool", "step_down")
_RULE = (*KEY, "rule_id", "rule_version")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. The model's contract holds that columns are filled.

    A build without rules has no rows.
    """
    return Suite(
        "mart_allocation_rules",
        (
            one_of("rule_kind", KINDS),
            is_exact(COSTS),
            is_unique(_RULE),
            _terms_are_complete(),
            _entries_have_rules(given),
        ),
    )


def _terms_are_complete() -> Expectation:
    query = """
        select rule_id, rule_version from {batch}
        where (rule_kind = 'price_list') is distinct from (driver is not null and unit is not null)
            or (rule_kind = 'price_list') is distinct from (unit_price is not null)
    """
    return no_rows("price lists, and they alone, have a driver, a unit and a price", query)


def _entries_have_rules(given: Given) -> Expectation:
    query = """
        select {rule} from marts.mart_allocated_costs where {scope} and entry_kind <> 'direct'
        except select {rule} from {batch}
    """
    rule = join(", ", map(identifier, _RULE))
    return no_rows("the rule of every entry is here", query, rule=rule, scope=given.scope)
