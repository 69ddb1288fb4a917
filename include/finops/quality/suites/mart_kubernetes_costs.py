"""Expectations on ``mart_kubernetes_costs``: what workloads of Kubernetes nodes cost, and what is idle."""

from __future__ import annotations

from finops.core.sql import Sql
from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, adds_up_to, filled, is_exact, is_unique

_COSTS = ("billed_cost", "effective_cost")
_GRAIN = (*KEY, "charge_date", "node_resource_id", "cluster", "namespace", "workload")
_CHARGES = Sql(
    "(select * from main.kpi_charges where (provider, resource_id)"
    " in (select (provider, resource_id) from main.node_usage)) as charges"
)


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without Kubernetes there are no rows."""
    return Suite(
        "mart_kubernetes_costs",
        (
            *filled(*_GRAIN, *_COSTS, "is_idle", "is_gpu_node"),
            is_exact((*_COSTS, "requested_gpu_hours", "used_gpu_hours", "requested_cpu_hours")),
            is_unique(_GRAIN),
            adds_up_to(_CHARGES, "the charges of nodes", given, {cost: cost for cost in _COSTS}),
            RowRule(
                "what is idle asked for nothing",
                "is_idle = (namespace = '(idle)') and (not is_idle or requested_gpu_hours is null)",
                (*_GRAIN, "requested_gpu_hours"),
            ),
        ),
    )
