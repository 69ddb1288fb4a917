"""Stop a machine each evening and start it each morning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from zoneinfo import available_timezones

from finops.rightsizing.actions.aws import machines, schedules
from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class ScheduleMachine(AwsAction):
    """The morning's schedule is made first: a machine that something stops has something that starts it."""

    name = "schedule_machine"
    summary = "stop the machine in the evening, start it in the morning"
    parameters: Mapping[str, str] = {
        "stop_at": "local time, 19:00",
        "start_at": "local time, 07:00",
        "time_zone": "of both times, Europe/Berlin",
        "skip_days": "days of the week on which it is not started: saturday, sunday",
    }
    required: ClassVar[tuple[str, ...]] = ("stop_at", "start_at", "time_zone")
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
        asked = change.parameters
        times = [asked["stop_at"], asked["start_at"]]
        unknown = [day for day in asked.get("skip_days", ()) if str(day)[:3].upper() not in schedules.DAYS]
        checks = (
            (not all(_TIME.fullmatch(str(time)) for time in times), f"{' or '.join(times)} is no time as 07:00"),
            (asked["time_zone"] not in available_timezones(), f"there is no time zone {asked['time_zone']!r}"),
            (unknown, f"{next(iter(unknown), '')!r} is no day of the week"),
            (len(_days(change)) == 0, "it would be started on no day"),
        )
        return next((reason for is_so, reason in checks if is_so), "") or machines.why_not_stop(live)

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
        start_at, days = schedules.parts(start["expression"])
        return with_parameters(
            change,
            self.name,
            stop_at=schedules.parts(stop["expression"])[0],
            start_at=start_at,
            time_zone=start["time_zone"],
            skip_days=[day for day in schedules.DAYS if day not in days],
        )


def _days(change: Change) -> tuple[str, ...]:
    skipped = {str(day)[:3].upper() for day in change.parameters.get("skip_days", ())}
    return tuple(day for day in schedules.DAYS if day not in skipped)


def _wanted(change: Change) -> dict[str, dict[str, str]]:
    """Return both schedules. It is stopped every evening: on a day on which someone has started it by hand too."""
    asked = change.parameters
    common = {"time_zone": asked["time_zone"], "state": "ENABLED"}
    return {
        "start": {"expression": schedules.expression(asked["start_at"], _days(change)), **common},
        "stop": {"expression": schedules.expression(asked["stop_at"], schedules.DAYS), **common},
    }
