"""Deallocate a machine: what is only powered off costs on."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.azure import machines
from finops.rightsizing.actions.azure.base import AzureAction
from finops.rightsizing.actions.azure.calls import begin
from finops.rightsizing.actions.azure.names import name_of
from finops.rightsizing.actions.base import with_parameters
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change

DEALLOCATE = "Microsoft.Compute/virtualMachines/deallocate/action"


class StopMachine(AzureAction):
    """Its disks stay and cost on; undone by starting it."""

    name = "stop_machine"
    summary = "deallocate the machine"
    reads: tuple[str, ...] = machines.READS
    acts: tuple[str, ...] = (DEALLOCATE,)
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine."""
        return machines.observe_machine(client, change)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse where it loses data, saves nothing or is undone at once."""
        return machines.why_not_stop(live)

    def next_step(self, live: Live, change: Change) -> str | None:
        """Deallocate it, also where it is powered off; what is gone runs no more."""
        if not live.exists or live.state == "deallocated":
            return None
        return WAIT if machines.is_moving(live) else "deallocate"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Deallocate it."""
        deallocate(client, change)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Start it, if it ran."""
        is_needed = before.state not in machines.STANDS
        return with_parameters(change, "start_machine") if is_needed else None


def deallocate(client: Any, change: Change) -> None:
    """Deallocate a machine."""
    where = name_of(change, machines.KIND)
    begin(change, DEALLOCATE, client.compute.virtual_machines.begin_deallocate, where.group, where.name)
