"""Off-peak hours: when a job may start."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from finops.core.errors import BadInput

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)(?: ([A-Za-z_]+(?:/[\w+-]+)*))??(?: ([a-z,-]+))?")


@dataclass(frozen=True, slots=True)
class Window:
    """From one time of day to another in a time zone, also over midnight; equal times are a whole day.

    ``days`` are those on which it begins, 0 for Monday.
    """

    begin: time
    end: time
    zone: ZoneInfo
    days: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read ``22:00-06:00 Europe/Berlin mon-fri``; UTC and every day where nothing is said. Raise BadInput."""
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise _wrong(text)
        begin, end, zone, days = match.groups()
        try:
            named = ZoneInfo(zone or "UTC")
            return cls(time.fromisoformat(begin), time.fromisoformat(end), named, _days(days))
        except (ValueError, KeyError, OSError):
            raise _wrong(text) from None

    def opens(self, now: datetime) -> datetime:
        """Return the next moment (UTC) in it: ``now`` itself where that is."""
        today = now.astimezone(self.zone).date()
        # From yesterday, whose window may reach over midnight, to the same day of next week.
        for ahead in range(-1, 8):
            day = today + timedelta(days=ahead)
            first = datetime.combine(day, self.begin, self.zone).astimezone(UTC)
            last = datetime.combine(day + timedelta(days=self.end <= self.begin), self.end, self.zone).astimezone(UTC)
            if day.weekday() in self.days and now < last:
                return max(now.astimezone(UTC), first)
        raise AssertionError("a window without a day is not parsed")


def _days(text: str | None) -> frozenset[int]:
    found: set[int] = set()
    for part in (text or "mon-sun").split(","):
        first, _, last = part.partition("-")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        found |= {number % 7 for number in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(found)


def _wrong(text: str) -> BadInput:
    return BadInput(
        f"window {text!r} is not understood; write it as '22:00-06:00 Europe/Berlin mon-fri': times of day, a time "
        "zone (else UTC) and days (else all)"
    )
