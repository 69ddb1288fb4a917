"""Stop a machine."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.base import with_parameters
from finops.rightsizing.actions.gcp import machines
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.gcp.calls import begin
from finops.rightsizing.actions.gcp.names import name_of
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change

STOP = "compute.instances.stop"


class StopMachine(GcpAction):
    """Its disks and addresses stay and cost on; undone by starting it."""

    name = "stop_machine"
    summary = "stop the machine"
    reads: tuple[str, ...] = machines.READS
    acts: tuple[str, ...] = (STOP,)
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine."""
        return machines.observe_machine(client, change)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse where a stop loses data, saves nothing or is undone at once."""
        return machines.why_not_stop(live)

    def next_step(self, live: Live, change: Change) -> str | None:
        """Stop it when it runs; what is gone runs no more."""
        if machines.is_moving(live):
            return WAIT
        return "stop" if live.state == "RUNNING" else None

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Stop it."""
        stop(client, live, change, token)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Start it, if it ran."""
        is_needed = before.state not in (*machines.STANDS, "STOPPING")
        return with_parameters(change, "start_machine") if is_needed else None


def stop(client: Any, live: Live, change: Change, token: str) -> None:
    """Stop a machine. Google wants to hear that the data of local disks goes."""
    where = name_of(change)
    request = {"instance": where.name} | ({"discard_local_ssd": True} if live.facts["local_disks"] else {})
    begin(client, change, STOP, client.instances.stop_unary, where, token, request)
