"""Expectations on ``mart_unit_costs``: what a unit of each driver costs."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_exact, is_unique, no_rows

_GRAIN = ("billing_period", "billing_currency", "cost_scope", "cost_center", "driver")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all providers of its months. Without drivers there are no rows."""
    return Suite(
        "mart_unit_costs",
        (
            is_exact(("quantity", "effective_cost", "unit_cost")),
            is_unique(_GRAIN),
            _company_has_all_quantities(),
            RowRule(
                "a quantity is above zero, and of a cost centre or of the whole company",
                "quantity > 0 and unit_cost is not null and cost_scope in ('cost_center', 'company')"
                " and (cost_scope = 'company') = (cost_center is null)",
                (*_GRAIN, "quantity", "unit_cost"),
            ),
        ),
        scope=given.months,
    )


def _company_has_all_quantities() -> Expectation:
    query = """
        select billing_period, billing_currency, driver
        from {batch}
        group by all
        having sum(quantity) filter (where cost_scope = 'company')
            is distinct from sum(quantity) filter (where cost_scope = 'cost_center')
    """
    return no_rows("the company's quantity is that of all cost centres, exactly", query)
