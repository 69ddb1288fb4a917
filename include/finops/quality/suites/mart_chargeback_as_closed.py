"""Expectations on ``mart_chargeback_as_closed``: costs by who bears them, as closed months had them."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.core.sql import Sql, compose, identifier, join, literal
from finops.quality.models import Given, Suite
from finops.quality.rules import BATCH, KEY, is_exact, is_unique, no_rows
from finops.quality.suites.mart_chargeback import GRAIN

_COSTS = ("billed_cost", "effective_cost")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. The model's contract holds that columns are filled."""
    return Suite(
        "mart_chargeback_as_closed",
        identifier("marts", "mart_chargeback_as_closed"),
        (is_exact(_COSTS), is_unique((*KEY, *GRAIN)), _open_months_are_as_published(given)),
    )


def _open_months_are_as_published(given: Given) -> Expectation:
    query = compose(
        """
        select {columns} from {batch} where {is_open}
        except all
        select {columns} from marts.mart_chargeback where {scope}
        """,
        columns=join(", ", map(identifier, (*KEY, *GRAIN, *_COSTS))),
        batch=BATCH,
        is_open=compose("billing_period not in ({closed})", closed=join(", ", map(literal, given.closed)))
        if given.closed
        else Sql("true"),
        scope=given.scope,
    )
    return no_rows("a month that is not closed is as mart_chargeback has it", query)
