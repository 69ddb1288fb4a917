"""Start a machine."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.azure import machines
from finops.rightsizing.actions.azure.base import AzureAction
from finops.rightsizing.actions.azure.calls import begin
from finops.rightsizing.actions.azure.names import name_of
from finops.rightsizing.actions.base import with_parameters
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change

START = "Microsoft.Compute/virtualMachines/start/action"


class StartMachine(AzureAction):
    """Undone by deallocating it."""

    name = "start_machine"
    summary = "start the machine"
    reads: tuple[str, ...] = machines.READS
    acts: tuple[str, ...] = (START,)
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine."""
        return machines.observe_machine(client, change)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse what is being deleted."""
        return "it is being deleted" if live.state == "deleting" else ""

    def next_step(self, live: Live, change: Change) -> str | None:
        """Start it unless it runs."""
        if live.state == "running":
            return None
        return WAIT if machines.is_moving(live) else "start"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Start it."""
        start(client, live, change)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Deallocate it, if it stood."""
        return with_parameters(change, "stop_machine") if before.state in machines.STANDS else None

    def fallback(self, before: Live, change: Change) -> Change | None:
        """Nothing: a machine that was to run is not stopped because it starts slowly."""
        return None


def start(client: Any, live: Live, change: Change) -> None:
    """Start a machine."""
    machines.not_gone(live)
    where = name_of(change, machines.KIND)
    begin(change, START, client.compute.virtual_machines.begin_start, where.group, where.name)
