"""Expectations on ``mart_token_costs``: tokens and their price, from the bill."""

from __future__ import annotations

from finops.core.sql import Sql
from finops.quality.models import Given, RowRule, Severity, Suite
from finops.quality.rules import KEY, adds_up_to, filled, is_exact, is_unique, one_of

_COSTS = ("billed_cost", "effective_cost", "list_cost")
_GRAIN = (
    *(*KEY, "charge_date", "managed_model", "direction", "resource_id", "region_id"),
    *("cost_center", "ai_project", "ai_model", "environment"),
)
_CHARGES = Sql("(select * from main.kpi_charges where is_tokens) as charges")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without models that are paid by token there are no rows."""
    return Suite(
        "mart_token_costs",
        (
            *filled(*(name for name in _GRAIN if name != "region_id"), *_COSTS),
            one_of("direction", ("in", "out", "embedding", "(unknown)")),
            is_exact((*_COSTS, "tokens", "price_per_million_tokens", "list_price_per_million_tokens")),
            is_unique(_GRAIN),
            adds_up_to(_CHARGES, "the charges of tokens", given, {cost: cost for cost in _COSTS}),
            RowRule(
                "the unit of a charge of tokens tells how many there are",
                "unmeasured_charges = 0",
                (*_GRAIN, "unmeasured_charges"),
                Severity.WARNS,
            ),
        ),
    )
