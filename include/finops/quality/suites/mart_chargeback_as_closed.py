"""Expectations on ``mart_chargeback_as_closed``: costs by who bears them, as closed months had them."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.core.sql import identifier, join, literal
from finops.quality.models import Given, Suite
from finops.quality.rules import COSTS, KEY, is_exact, is_unique, no_rows
from finops.quality.suites.mart_chargeback import GRAIN


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. The model's contract holds that columns are filled."""
    return Suite(
        "mart_chargeback_as_closed",
        (is_exact(COSTS), is_unique((*KEY, *GRAIN)), _open_months_are_as_published(given)),
    )


def _open_months_are_as_published(given: Given) -> Expectation:
    query = """
        select {columns} from {batch} where billing_period not in ({closed})
        except all
        select {columns} from marts.mart_chargeback where {scope}
    """
    return no_rows(
        "a month that is not closed is as mart_chargeback has it",
        query,
        columns=join(", ", map(identifier, (*KEY, *GRAIN, *COSTS))),
        closed=join(", ", map(literal, given.closed or ("",))),
        scope=given.scope,
    )
