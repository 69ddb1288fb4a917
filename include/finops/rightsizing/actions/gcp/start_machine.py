"""Start a machine."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.base import with_parameters
from finops.rightsizing.actions.gcp import machines
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.gcp.calls import begin
from finops.rightsizing.actions.gcp.names import name_of
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change

START = "compute.instances.start"


class StartMachine(GcpAction):
    """Undone by stopping it."""

    name = "start_machine"
    summary = "start the machine"
    reads: tuple[str, ...] = machines.READS
    acts: tuple[str, ...] = (START,)
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine."""
        return machines.observe_machine(client, change)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse what is suspended: it is resumed, not started."""
        return "it is suspended, not stopped" if live.state == "SUSPENDED" else ""

    def next_step(self, live: Live, change: Change) -> str | None:
        """Start it unless it runs."""
        if machines.is_moving(live):
            return WAIT
        return None if live.state == "RUNNING" else "start"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Start it."""
        start(client, live, change, token)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Stop it, if it was stopped."""
        return with_parameters(change, "stop_machine") if before.state in ("TERMINATED", "STOPPING") else None

    def fallback(self, before: Live, change: Change) -> Change | None:
        """Nothing: a machine that was to run is not stopped because it starts slowly."""
        return None


def start(client: Any, live: Live, change: Change, token: str) -> None:
    """Start a machine."""
    machines.not_gone(live)
    where = name_of(change)
    begin(client, change, START, client.instances.start_unary, where, token, {"instance": where.name})
