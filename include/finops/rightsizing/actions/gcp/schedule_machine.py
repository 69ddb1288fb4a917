"""Stop a machine each evening and start it each morning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions import hours
from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.gcp import machines, schedules
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.gcp.schedules import Hours
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change


class ScheduleMachine(GcpAction):
    """One schedule stops and starts it: what is stopped by it has what starts it."""

    name = "schedule_machine"
    summary = "stop the machine in the evening, start it in the morning"
    parameters: Mapping[str, str] = hours.PARAMETERS
    required: ClassVar[tuple[str, ...]] = hours.REQUIRED
    reads: tuple[str, ...] = (*machines.READS, *schedules.READS)
    acts: tuple[str, ...] = (schedules.CREATE, schedules.USE, schedules.ADD, schedules.REMOVE)
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine, its schedule, and whether the one that it shall have is there."""
        live = machines.observe_machine(client, change)
        if not live.exists or first_reason(*hours.faults(change)):
            return live
        facts = {
            "schedule": schedules.schedule_of(client, change),
            "is_made": schedules.exists(client, change, _wanted(change).name),
        }
        return Live(True, live.state, live.tags, {**live.facts, **facts})

    def objection(self, live: Live, change: Change) -> str:
        """Refuse where a stop does harm, a schedule of somebody else, and times, zones and days that are none."""
        there = live.facts.get("schedule")
        return first_reason(
            *hours.faults(change),
            (
                there and not schedules.is_ours(there),
                f"it has the schedule {there and there['name']} already, which somebody else has made",
            ),
        ) or machines.why_not_stop(live)

    def next_step(self, live: Live, change: Change) -> str | None:
        """Make the schedule, take another one off, attach it."""
        if machines.is_moving(live):
            return WAIT
        there, wanted = live.facts.get("schedule"), _wanted(change).name
        if there and there["name"] == wanted:
            return None
        if not live.facts.get("is_made"):
            return "create"
        return "detach" if there else "attach"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Do one of them."""
        machines.not_gone(live)
        wanted = _wanted(change)
        if step == "create":
            schedules.create(client, change, wanted, token)
        elif step == "detach":
            schedules.detach(client, change, live.facts["schedule"]["name"], token)
        else:
            schedules.attach(client, change, wanted.name, token)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Give it the schedule that it had; where it had none, take it off, and start the machine if it ran."""
        there = before.facts["schedule"]
        if there is None:
            return with_parameters(change, "remove_schedule", is_started=before.state == "RUNNING" or None)
        return schedules_again(change, there)


def schedules_again(change: Change, schedule: Mapping[str, str]) -> Change:
    """Return the change that gives a machine a schedule of ours."""
    start_at, days = schedules.parts(schedule["start"])
    stop_at = schedules.parts(schedule["stop"])[0]
    asked = hours.parameters(stop_at, start_at, schedule["time_zone"], days)
    return with_parameters(change, ScheduleMachine.name, **asked)


def _wanted(change: Change) -> Hours:
    """Return the hours. It is stopped every evening: on a day on which someone has started it by hand too."""
    asked = change.parameters
    return Hours(
        start=schedules.cron(asked["start_at"], hours.days_of(change)),
        stop=schedules.cron(asked["stop_at"]),
        time_zone=asked["time_zone"],
    )
