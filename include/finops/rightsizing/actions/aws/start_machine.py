"""Start a machine."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.aws import machines
from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.aws.calls import act
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change


class StartMachine(AwsAction):
    """Undone by stopping it."""

    name = "start_machine"
    summary = "start the machine"
    reads: tuple[str, ...] = machines.READS
    acts: tuple[str, ...] = ("ec2:StartInstances",)
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine."""
        return machines.observe_machine(client, change)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse what has ended for good."""
        return f"it is {live.state}" if live.state in machines.ENDED else ""

    def next_step(self, live: Live, change: Change) -> str | None:
        """Start it unless it runs."""
        if live.state in machines.MOVING:
            return WAIT
        return None if live.state == "running" else "start"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Start it."""
        machines.not_ended(live)
        act(client, change, "ec2:StartInstances", InstanceIds=[short(change.target.resource_id)])

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Stop it, if it was stopped."""
        return with_parameters(change, "stop_machine") if before.state in ("stopped", "stopping") else None

    def fallback(self, before: Live, change: Change) -> Change | None:
        """Nothing: a machine that was to run is not stopped because it starts slowly."""
        return None
