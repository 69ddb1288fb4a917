"""Take a machine's schedule off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.rightsizing.actions.gcp import machines, schedules
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.gcp.schedule_machine import schedules_again
from finops.rightsizing.actions.gcp.start_machine import START, start
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change


class RemoveSchedule(GcpAction):
    """What undoes ``schedule_machine``. A machine that sleeps at that time is started; the schedule itself stays."""

    name = "remove_schedule"
    summary = "take the machine's schedule off"
    parameters: Mapping[str, str] = {"is_started": "true: start it, since no schedule will"}
    reads: tuple[str, ...] = (*machines.READS, *schedules.READS)
    acts: tuple[str, ...] = (schedules.REMOVE, START)
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine and its schedule."""
        live = machines.observe_machine(client, change)
        if not live.exists:
            return live
        return Live(True, live.state, live.tags, {**live.facts, "schedule": schedules.schedule_of(client, change)})

    def objection(self, live: Live, change: Change) -> str:
        """Refuse to take off what somebody else has made."""
        there = live.facts["schedule"]
        return f"somebody else has made its schedule {there['name']}" if there and not schedules.is_ours(there) else ""

    def next_step(self, live: Live, change: Change) -> str | None:
        """Take the schedule off, then start the machine."""
        if machines.is_moving(live):
            return WAIT
        if live.facts.get("schedule"):
            return "detach"
        return "start" if change.parameters.get("is_started") and live.state == "TERMINATED" else None

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Take it off, or start the machine."""
        machines.not_gone(live)
        if step == "detach":
            schedules.detach(client, change, live.facts["schedule"]["name"], token)
            return
        start(client, live, change, token)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Give it the schedule again, where it had one."""
        there = before.facts["schedule"]
        return schedules_again(change, there) if there else None
