"""Take a machine's schedules away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.rightsizing.actions.aws import machines, schedules
from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.aws.calls import act
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change


class RemoveSchedule(AwsAction):
    """What undoes ``schedule_machine``. The stop goes first, and a machine that sleeps at that time is started."""

    name = "remove_schedule"
    summary = "take the machine's schedules away"
    parameters: Mapping[str, str] = {"is_started": "true: start it, since no schedule will"}
    reads: tuple[str, ...] = (*machines.READS, *schedules.READS)
    acts: tuple[str, ...] = ("scheduler:DeleteSchedule", "ec2:StartInstances")
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine and its schedules; what exists is either."""
        live = machines.observe_machine(client, change)
        found = schedules.facts_of(client, change)
        return Live(live.exists or any(found.values()), live.state, live.tags, {**live.facts, **found})

    def next_step(self, live: Live, change: Change) -> str | None:
        """Take the stop away, then the start; then start the machine."""
        for kind in ("stop", "start"):
            if live.facts.get(kind):
                return f"remove_{kind}"
        if not change.parameters.get("is_started"):
            return None
        if live.state in machines.MOVING:
            return WAIT
        return "start" if live.state == "stopped" else None

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Take one away, or start the machine."""
        if step == "start":
            act(client, change, "ec2:StartInstances", InstanceIds=[short(change.target.resource_id)])
            return
        name = schedules.name_of(step.removeprefix("remove_"), change)
        act(client, change, "scheduler:DeleteSchedule", Name=name)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Make them again, where both were there."""
        stop, start = before.facts["stop"], before.facts["start"]
        if not stop or not start:
            return None
        return with_parameters(change, "schedule_machine", **schedules.hours_again(stop, start))
