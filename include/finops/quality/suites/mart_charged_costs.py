"""Expectations on ``mart_charged_costs``: direct and shared cost of each cost centre, as closed months had them."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, is_exact, is_unique, no_rows

_AMOUNTS = ("direct_cost", "shared_cost", "effective_cost")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. The model's contract holds that columns are filled."""
    return Suite(
        "mart_charged_costs",
        (
            is_exact(_AMOUNTS),
            is_unique((*KEY, "cost_center")),
            _shared_cost_adds_nothing(),
            _direct_cost_is_whole(given),
            RowRule(
                "direct and shared cost are the effective cost, exactly",
                "direct_cost + shared_cost = effective_cost",
                (*KEY, "cost_center", *_AMOUNTS),
            ),
        ),
    )


def _shared_cost_adds_nothing() -> Expectation:
    query = """
        select billing_period, provider, billing_currency, sum(shared_cost) as shared_cost
        from {batch}
        group by all
        having sum(shared_cost) <> 0
    """
    return no_rows("what rules add and take away is nothing in each bill, exactly", query)


def _direct_cost_is_whole(given: Given) -> Expectation:
    query = """
        select billing_period, provider, billing_currency, sum(cost) as difference
        from (
            select billing_period, provider, billing_currency, direct_cost as cost from {batch}
            union all
            select billing_period, provider, billing_currency, -effective_cost
            from marts.mart_chargeback_as_closed where {scope}
        )
        group by all
        having sum(cost) <> 0
    """
    return no_rows("direct cost is that of mart_chargeback_as_closed, exactly", query, scope=given.scope)
