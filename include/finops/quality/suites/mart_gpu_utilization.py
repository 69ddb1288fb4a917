"""Expectations on ``mart_gpu_utilization``: what GPUs cost, and how much of them was used."""

from __future__ import annotations

from finops.core.sql import Sql
from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, adds_up_to, filled, is_exact, is_unique, one_of

_COSTS = ("billed_cost", "effective_cost")
_AMOUNTS = (
    *(*_COSTS, "gpu_hours", "measured_hours", "gpu_utilization", "used_gpu_hours", "idle_gpu_cost"),
    *("cost_per_gpu_hour", "cost_per_used_gpu_hour", "target_utilization"),
)
_GRAIN = (
    *(*KEY, "charge_date", "resource_id", "gpu_family", "gpus"),
    *("cost_center", "ai_model", "ai_stage"),
)
_CHARGES = Sql(
    "(select * from main.kpi_charges where is_gpu and resource_id is not null and charge_category <> 'Purchase'"
    " and commitment_discount_status is distinct from 'Unused') as charges"
)


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without machines with GPUs there are no rows."""
    return Suite(
        "mart_gpu_utilization",
        (
            *filled(*(name for name in _GRAIN if name != "gpus"), *_COSTS, "gpu_hours"),
            one_of("usage_stage", ("training", "serving", "(none)")),
            is_exact(_AMOUNTS),
            is_unique(_GRAIN),
            adds_up_to(_CHARGES, "the charges of machines with GPUs", given, {cost: cost for cost in _COSTS}),
            RowRule(
                "a utilization is between 0 and 100 percent, and no more is used than billed",
                "coalesce(gpu_utilization, 0) between 0 and 100"
                " and (used_gpu_hours is null or used_gpu_hours <= gpu_hours)",
                (*_GRAIN, "gpu_utilization", "used_gpu_hours"),
            ),
            RowRule(
                "what is not measured is flagged, and nothing is said of its use",
                "is_unmeasured = (gpu_utilization is null)"
                " and (not is_unmeasured or (used_gpu_hours is null and idle_gpu_cost is null))",
                (*_GRAIN, "is_unmeasured"),
            ),
        ),
    )
