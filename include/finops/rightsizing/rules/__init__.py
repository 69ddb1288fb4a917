"""What rules there are. Each is a pure function of one resource and what is known around it."""

from __future__ import annotations

from collections.abc import Callable

from finops.rightsizing.models import Finding
from finops.rightsizing.resource import Known, Resource
from finops.rightsizing.rules import budgets, concurrency, endpoints, gpus, machines, network, scaling, storage, times

Rule = Callable[[Resource, Known], Finding | None]

OF_RESOURCES: tuple[Rule, ...] = (
    gpus.idle_gpu,
    gpus.small_gpu_use,
    gpus.surplus_gpus,
    gpus.gpu_memory_at_risk,
    gpus.cheaper_gpu_family,
    machines.idle_machine,
    machines.idle_interactive,
    machines.oversized_machine,
    storage.unattached_disk,
    storage.old_snapshot,
    storage.backup_cadence,
    storage.old_volume_type,
    storage.stale_checkpoints,
    storage.incomplete_uploads,
    network.idle_load_balancer,
    network.idle_address,
    endpoints.idle_endpoint,
    endpoints.oversized_endpoint,
    concurrency.oversized_concurrency,
    scaling.scheduled_scaling,
    times.spot_candidate,
    times.off_peak_shift,
    times.off_hours,
    budgets.budget_breach,
)
NAMES = (
    *(each.__name__ for each in OF_RESOURCES),
    *("egress_locality", "suspected_attack"),
    *("buy_commitment", "underused_commitment", "expiring_commitment"),
)
"""All rules, those beside resources too."""
