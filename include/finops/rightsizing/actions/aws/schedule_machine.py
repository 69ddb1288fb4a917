"""Stop a machine each evening and start it each morning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions import hours
from finops.rightsizing.actions.aws import machines, schedules
from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.base import first_reason
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change


class ScheduleMachine(AwsAction):
    """The morning's schedule is made first: a machine that something stops has something that starts it."""

    name = "schedule_machine"
    summary = "stop the machine in the evening, start it in the morning"
    parameters: Mapping[str, str] = hours.PARAMETERS
    required: ClassVar[tuple[str, ...]] = hours.REQUIRED
    reads: tuple[str, ...] = (*machines.READS, *schedules.READS)
    acts: tuple[str, ...] = ("scheduler:CreateSchedule", "scheduler:UpdateSchedule", "iam:PassRole")
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine and its schedules."""
        live = machines.observe_machine(client, change)
        if not live.exists:
            return live
        return Live(True, live.state, live.tags, {**live.facts, **schedules.facts_of(client, change)})

    def objection(self, live: Live, change: Change) -> str:
        """Refuse where a stop does harm, and times, zones and days that are none."""
        return first_reason(*hours.faults(change)) or machines.why_not_stop(live)

    def next_step(self, live: Live, change: Change) -> str | None:
        """Make the start, then the stop."""
        wanted = _wanted(change)
        return next((kind for kind in ("start", "stop") if live.facts.get(kind) != wanted[kind]), None)

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Create or change one schedule."""
        machines.not_ended(live)
        is_new = live.facts.get(step) is None
        schedules.put_schedule(client, change, step, _wanted(change)[step], token, is_new=is_new)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set the schedules as they were; where there were none, take them away, and start it if it ran."""
        stop, start = before.facts["stop"], before.facts["start"]
        if not stop or not start:
            was_running = before.state in ("running", "pending")
            return with_parameters(change, "remove_schedule", is_started=was_running or None)
        return with_parameters(change, self.name, **schedules.hours_again(stop, start))


def _wanted(change: Change) -> dict[str, dict[str, str]]:
    """Return both schedules. It is stopped every evening: on a day on which someone has started it by hand too."""
    asked = change.parameters
    common = {"time_zone": asked["time_zone"], "state": "ENABLED"}
    return {
        "start": {"expression": schedules.expression(asked["start_at"], hours.days_of(change)), **common},
        "stop": {"expression": schedules.expression(asked["stop_at"], hours.DAYS), **common},
    }
