"""Expectations on ``mart_kpi_values``: what each KPI is the quotient of, by week and subject."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Severity, Suite
from finops.quality.rules import KEY, filled, is_exact, is_unique, no_rows, one_of

_GRAIN = (*KEY, "kpi", "subject", "grain", "week_start")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all rows of its months: some are of no provider."""
    return Suite(
        "mart_kpi_values",
        (
            *filled(*_GRAIN, "kpi_name", "unit", "better", "numerator"),
            one_of("grain", ("week", "month")),
            one_of("better", ("higher", "lower")),
            is_exact(("numerator", "denominator", "target")),
            is_unique(_GRAIN),
            RowRule("a week begins on a Monday", "dayofweek(week_start) = 1", _GRAIN),
            _is_one_kpi(),
            _is_a_quotient(),
        ),
        scope=given.months,
    )


def _is_one_kpi() -> Expectation:
    """A KPI is a quotient of sums or a total, has one name, unit and grain, and in a month one target."""
    query = """
        select billing_period, kpi
        from {batch}
        group by billing_period, kpi
        having count(distinct kpi_name) > 1 or count(distinct unit) > 1 or count(distinct better) > 1
            or count(distinct grain) > 1 or count(distinct target) > 1
            or count(target) not in (0, count(*)) or count(denominator) not in (0, count(*))
    """
    return no_rows("a KPI has one name, unit, direction, grain and target, and is a quotient or a total", query)


def _is_a_quotient() -> Expectation:
    """Credits may turn one subject's cost below zero, but not what a whole KPI is measured by."""
    query = """
        select billing_period, billing_currency, kpi, sum(denominator) as denominator
        from {batch}
        group by billing_period, billing_currency, kpi
        having sum(denominator) < 0
    """
    return no_rows("a month's denominators add up to no less than zero", query, Severity.WARNS)
