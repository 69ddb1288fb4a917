"""Expectations on ``mart_exchange_rates``: the rates that bills name."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, filled, is_exact, is_unique

_GRAIN = (*KEY, "pricing_currency", "rate")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite(
        "mart_exchange_rates",
        (
            *filled(*_GRAIN, "row_count"),
            is_exact(["rate"]),
            is_unique(_GRAIN),
            RowRule(
                "a rate is above zero and between two currencies",
                "rate > 0 and pricing_currency <> billing_currency",
                _GRAIN,
            ),
        ),
    )
