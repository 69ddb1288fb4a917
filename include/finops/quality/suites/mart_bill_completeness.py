"""Expectations on ``mart_bill_completeness``: the days that bills have charges of."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, has_rows, is_unique


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all providers of its months."""
    return Suite(
        "mart_bill_completeness",
        (
            has_rows(),
            is_unique(KEY),
            RowRule(
                "a bill has charges of no more days than the month has, and of one where it has a last day",
                "days_with_charges <= days_in_month and days_in_month between 28 and 31"
                " and (days_with_charges > 0) = (last_charge_date is not null)",
                (*KEY, "days_with_charges", "last_charge_date"),
            ),
        ),
        scope=given.months,
    )
