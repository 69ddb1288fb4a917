"""What counts of days say of a resource: how much it is asked for, and when it was used last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from math import ceil

REQUEST_DAYS, USE_DAYS = 14, 90
"""Days over which requests are counted, and in which a last use is looked for."""

Days = Mapping[date, float]
"""What was counted on days (UTC); a day without a value had nothing to count."""


def a_day(counts: Iterable[Days | None], created: datetime | None) -> int | None:
    """Return how many there were on a whole day, rounded up so that 0 is none; None where nobody knows."""
    today = datetime.now(UTC).date()
    since = today - timedelta(days=REQUEST_DAYS)
    every = list(counts)
    known = [each for each in every if each is not None]
    if len(known) < len(every):
        return None
    days = REQUEST_DAYS if created is None else min(REQUEST_DAYS, (today - created.astimezone(UTC).date()).days)
    if days < 1:
        return None
    return ceil(sum(count for each in known for day, count in each.items() if since <= day < today) / days)


def last_use(counts: Iterable[Days | None], created: datetime | None) -> datetime | None:
    """Return the newest day of use; when it was made, or the first day that was asked for, where there is none.

    None where nobody knows.
    """
    used: list[date] = []
    for each in counts:
        if each is None:
            return None
        used += [day for day, count in each.items() if count > 0]
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if used:
        newest = max(used)
        return datetime(newest.year, newest.month, newest.day, tzinfo=UTC)
    since = midnight - timedelta(days=USE_DAYS)
    return since if created is None else max(created, since)
