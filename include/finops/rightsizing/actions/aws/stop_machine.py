"""Stop a machine."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.aws import machines
from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.aws.calls import act
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change


class StopMachine(AwsAction):
    """Its disks stay and cost on; undone by starting it."""

    name = "stop_machine"
    summary = "stop the machine"
    reads: tuple[str, ...] = machines.READS
    acts: tuple[str, ...] = ("ec2:StopInstances",)
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine."""
        return machines.observe_machine(client, change)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse where a stop loses data, saves nothing or is undone at once."""
        return machines.why_not_stop(live)

    def next_step(self, live: Live, change: Change) -> str | None:
        """Stop it when it runs; what is gone runs no more."""
        if live.state in machines.MOVING:
            return WAIT
        return "stop" if live.state == "running" else None

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Stop it."""
        act(client, change, "ec2:StopInstances", InstanceIds=[short(change.target.resource_id)])

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Start it, if it ran."""
        return with_parameters(change, "start_machine") if before.state in ("running", "pending") else None
