"""Expectations on ``mart_kpi_reasons``: each KPI's value and change, and what moved it."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_exact, is_unique, no_rows, one_of

_GRAIN = ("billing_period", "billing_currency", "kpi", "grain", "week_start")
_PARTS = tuple(f"reason_{place}_change" for place in (1, 2, 3))


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all providers of its months."""
    all_parts = " + ".join(f"coalesce({each}, 0)" for each in (*_PARTS, "other_change"))
    return Suite(
        "mart_kpi_reasons",
        (
            one_of("grain", ("week", "month")),
            one_of("better", ("higher", "lower")),
            is_exact(("numerator", "denominator", "value", "previous_value", "change", "target", *_PARTS)),
            is_unique(_GRAIN),
            RowRule(
                "the parts of the three subjects and of all others are the change, exactly",
                f"change is null or {all_parts} = change",
                (*_GRAIN, "change", *_PARTS, "other_change"),
            ),
            RowRule(
                "a change is the value less the one before, and without either there is none",
                "change is not distinct from value - previous_value",
                (*_GRAIN, "value", "previous_value", "change"),
            ),
            RowRule(
                "a target is met or missed wherever there are a value and a target, and nowhere else",
                "(is_met is null) = (value is null or target is null)",
                (*_GRAIN, "value", "target", "is_met"),
            ),
            _has_all_that_is_measured(),
        ),
        scope=given.months,
    )


def _has_all_that_is_measured() -> Expectation:
    query = """
        select billing_currency, kpi, grain, week_start from (
            select billing_currency, kpi, grain, week_start, sum(numerator) as numerator,
                sum(denominator) as denominator
            from marts.mart_kpi_values
            group by all
        ) as measured
        inner join {batch} as reasons using (billing_currency, kpi, grain, week_start)
        where measured.numerator is distinct from reasons.numerator
            or measured.denominator is distinct from reasons.denominator
    """
    return no_rows("numerator and denominator are those of all subjects of mart_kpi_values, exactly", query)
