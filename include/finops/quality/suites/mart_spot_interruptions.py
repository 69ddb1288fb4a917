"""Expectations on ``mart_spot_interruptions``: how often spot instances of a kind are interrupted."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, is_exact, is_unique, ties_to
from finops.quality.suites.mart_spot_jobs import SPOT

_GRAIN = (*KEY, "instance_type", "gpu_family", "zone")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without spot there are no rows."""
    return Suite(
        "mart_spot_interruptions",
        (
            is_exact(("interruption_rate", "target_rate", "spot_cost", "on_demand_cost", "compared_cost", "discount")),
            is_unique(_GRAIN),
            ties_to(SPOT, "spot charges in fct_daily_costs", given, ("spot_cost",)),
            RowRule(
                "the interrupted are among the instances, and interrupted at least once each",
                "interrupted_instances between 0 and spot_instances and interruptions >= interrupted_instances"
                " and (interruptions = 0) = (interrupted_instances = 0)",
                (*_GRAIN, "spot_instances", "interrupted_instances", "interruptions"),
            ),
            RowRule(
                "the rate is a percentage, and flagged where it is above the target",
                "coalesce(interruption_rate, 0) between 0 and 100"
                " and (interruption_rate is null) = (spot_instances = 0)"
                " and is_above_target = coalesce(interruption_rate > target_rate, false)",
                (*_GRAIN, "interruption_rate", "target_rate"),
            ),
        ),
    )
