"""Expectations on ``mart_environment_costs``: staging beside production."""

from __future__ import annotations

from finops.core.sql import Sql
from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, adds_up_to, filled, has_rows, is_exact, is_unique

_COSTS = ("production_cost", "staging_cost", "other_cost")
_GRAIN = (*KEY, "ai_model")
_DAILY = Sql("""(
    select billing_period, provider, billing_currency,
        if(environment = 'production', effective_cost, 0) as production_cost,
        if(environment = 'staging', effective_cost, 0) as staging_cost,
        if(environment = 'other', effective_cost, 0) as other_cost
    from main.environment_costs
) as costs""")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite(
        "mart_environment_costs",
        (
            has_rows(),
            *filled(*_GRAIN, *_COSTS, "is_above_target"),
            is_exact((*_COSTS, "staging_percent", "target_percent")),
            is_unique(_GRAIN),
            adds_up_to(_DAILY, "the daily costs by environment", given, {cost: cost for cost in _COSTS}),
            RowRule(
                "staging is flagged where it costs more than its target",
                "is_above_target = (staging_cost > 0 and (production_cost <= 0 or staging_percent > target_percent))",
                (*_GRAIN, "staging_percent", "target_percent"),
            ),
        ),
    )
