"""The register of incidents over runs: a run updates what was published, and says nothing twice.

An incident keeps its id while it is the same one: of the same currency, with days in common, and of a series that holds
the other. What the data no longer show was restated, and closes; what they never showed again stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from finops.anomalies.feedback import key_of
from finops.anomalies.models import Episode, Group, Kind, State, incident_id

Row = dict[str, Any]
JUDGED_DAYS = 92
"""A quarter: so long bills are restated."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Each incident found with the row that is published of it (None: it is new), and the rows that are left."""

    found: tuple[tuple[Group, Row | None], ...]
    left: tuple[Row, ...]


def matched(groups: Iterable[Group], published: Sequence[Row]) -> Matched:
    """Match what a run found with what is published: the same series first, then the nearest first day."""
    left = list(published)
    pairs: dict[int, Row] = {}
    listed = list(groups)
    for is_strict in (True, False):
        for place, group in enumerate(listed):
            if place in pairs:
                continue
            same = [row for row in left if _is_same(group.lead, row, is_strict)]
            if same:
                nearest = min(same, key=lambda row: abs((row["first_day"] - group.lead.first).days))
                pairs[place] = nearest
                left.remove(nearest)
    return Matched(tuple((group, pairs.get(place)) for place, group in enumerate(listed)), tuple(left))


def _is_same(lead: Episode, row: Row, is_strict: bool) -> bool:
    key = key_of(row)
    if lead.key.currency != key.currency or (lead.kind is Kind.PRICE) != (row["kind"] == Kind.PRICE):
        return False
    if lead.kind is Kind.LIMIT and lead.source != row["source"]:
        return False
    one = timedelta(days=1)
    meets = lead.first <= row["last_day"] + one and row["first_day"] <= lead.last + one
    is_of_series = key.ident == lead.key.ident if is_strict else key.holds(lead.key) or lead.key.holds(key)
    return meets and is_of_series


def ident(group: Group, row: Mapping[str, Any] | None, taken: set[str]) -> str:
    """Return the id of an incident: that of its published row, else one from its series and first day."""
    if row is not None:
        return str(row["incident_id"])
    found = incident_id(group.lead.key, group.lead.first)
    if found in taken:  # Detector and a rule of one series and day.
        found = incident_id(group.lead.key, group.lead.first + timedelta(days=10_000))
    return found


def judged_since(published: Sequence[Row], first: date, last: date) -> date:
    """Return from which first day on incidents are judged anew: late bills and restatements change recent months.

    All of the history by the first run; later the last ``JUDGED_DAYS`` and as far back as an incident is open.
    """
    if not published:
        return first
    opened = [row["first_day"] for row in published if row["state"] == State.OPEN]
    return max(first, min([last - timedelta(days=JUDGED_DAYS), *opened]))
