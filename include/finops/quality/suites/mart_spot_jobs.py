"""Expectations on ``mart_spot_jobs``: what spot saved each job, and what interruptions took."""

from __future__ import annotations

from finops.core.sql import Sql
from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, is_exact, is_unique, ties_to

GRAIN = (*KEY, "job_id")
SPOT = Sql(
    "(select *, effective_cost as spot_cost from staging.stg_published_daily_costs"
    " where pricing_category = 'Dynamic') as spot"
)
"""The spot charges of the published bills."""

_AMOUNTS = (
    *("spot_hours", "spot_cost", "on_demand_cost", "compared_cost", "discount", "cost_per_hour"),
    *("lost_hours", "lost_gpu_hours", "lost_cost", "restart_hours", "restart_gpu_hours", "restart_cost"),
    *("net_benefit", "checkpoint_age_sum", "checkpoint_age_hours", "checkpoint_age_hours_max"),
)


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without spot there are no rows."""
    return Suite(
        "mart_spot_jobs",
        (
            is_exact(_AMOUNTS),
            is_unique(GRAIN),
            ties_to(SPOT, "spot charges in fct_daily_costs", given, ("spot_cost",)),
            RowRule(
                "net benefit is the discount less what interruptions took, exactly",
                "net_benefit is not distinct from discount - lost_cost - restart_cost"
                " and discount is not distinct from on_demand_cost - compared_cost",
                (*GRAIN, "discount", "lost_cost", "restart_cost", "net_benefit"),
            ),
            RowRule(
                "hours and interruptions are not negative, and parts of them not more than all",
                "least(spot_hours, lost_hours, lost_gpu_hours, restart_hours, restart_gpu_hours) >= 0"
                " and interruptions_of_unknown_loss between 0 and interruptions"
                " and interruptions_without_restart between 0 and interruptions"
                " and interruptions_with_checkpoint between 0 and interruptions",
                (*GRAIN, "spot_hours", "lost_hours", "restart_hours", "interruptions"),
            ),
            RowRule(
                "what nobody interrupted lost nothing",
                "interruptions > 0 or (lost_hours = 0 and restart_hours = 0 and lost_cost = 0 and restart_cost = 0)",
                (*GRAIN, "lost_hours", "restart_hours"),
            ),
        ),
    )
