"""Off-hours: when a machine is stopped and started again, as both clouds that do it by themselves are asked for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import available_timezones

from finops.rightsizing.models import Change

DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
"""Days of the week as cron names them, and numbers them from 0."""
PARAMETERS: Mapping[str, str] = {
    "stop_at": "local time, 19:00",
    "start_at": "local time, 07:00",
    "time_zone": "of both times, Europe/Berlin",
    "skip_days": "days of the week on which it is not started: saturday, sunday",
}
REQUIRED = ("stop_at", "start_at", "time_zone")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def is_time(text: object) -> bool:
    """Tell whether a text is a time of day, ``HH:MM``."""
    return _TIME.fullmatch(str(text)) is not None


def unknown_day(days: Iterable[object]) -> str:
    """Return the first that is no day of the week; empty where all are."""
    return next((str(day) for day in days if str(day)[:3].upper() not in DAYS), "")


def faults(change: Change) -> tuple[tuple[object, str], ...]:
    """Return what may be wrong with the hours that are asked for: whether it is, and in words."""
    asked = change.parameters
    times = [str(asked.get(name)) for name in ("stop_at", "start_at")]
    unknown = unknown_day(asked.get("skip_days", ()))
    return (
        (not all(map(is_time, times)), f"{' or '.join(times)} is no time as 07:00"),
        (asked.get("time_zone") not in available_timezones(), f"there is no time zone {asked.get('time_zone')!r}"),
        (unknown, f"{unknown!r} is no day of the week"),
        (not days_of(change), "it would be started on no day"),
    )


def days_of(change: Change) -> tuple[str, ...]:
    """Return the days on which it is started."""
    skipped = {str(day)[:3].upper() for day in change.parameters.get("skip_days", ())}
    return tuple(day for day in DAYS if day not in skipped)


def parameters(stop_at: str, start_at: str, time_zone: str, days: Iterable[str]) -> dict[str, Any]:
    """Return what is asked for to have these hours, and a start on these days."""
    skipped = [day for day in DAYS if day not in set(days)]
    return {"stop_at": stop_at, "start_at": start_at, "time_zone": time_zone, "skip_days": skipped}
