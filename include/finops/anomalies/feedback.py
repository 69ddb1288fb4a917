"""What people say of incidents, and what it changes afterwards.

The state store has what ``finops incidents feedback`` said, ``anomalies.yml`` what was written there; the file counts
where both speak, since it was reviewed. A ``no`` multiplies the thresholds of the same cost for a time; ``planned``
silences it while the incident lasts; ``yes`` is counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from finops.anomalies.episodes import Gates
from finops.anomalies.models import Episode, Key
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy.anomalies import AnomalyPolicy, Dimension, Verdict
from finops.stores.state import incident_feedback
from finops.stores.state.incident_feedback import Said
from finops.stores.state.store import open_state


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer on a published incident: what it was about, and when."""

    incident_id: str
    verdict: Verdict
    key: Key
    first: date
    last: date


def said(settings: Settings, policy: AnomalyPolicy) -> dict[str, Said]:
    """Return what was said of each incident."""
    with open_state(settings).begin() as state:
        found = incident_feedback.answers(state)
    never = datetime(1970, 1, 1, tzinfo=UTC)
    for each in policy.feedback:
        found[each.incident] = Said(each.incident, each.verdict.value, each.by, each.why, never)
    return found


def record(settings: Settings, known: Iterable[str], incident: str, verdict: str, by: str, why: str) -> Said:
    """Keep an answer in the state store. Raise BadInput for an unknown incident or verdict, or nobody's answer."""
    if incident not in set(known):
        raise BadInput(f"there is no incident {incident!r}; `finops incidents list` shows those that were raised")
    if verdict not in list(Verdict):
        raise BadInput(f"{verdict!r} is no verdict; say {', '.join(Verdict)}")
    if not by.strip():
        raise BadInput("--by is empty; say who gives the answer")
    found = Said(incident, verdict, by.strip(), why.strip(), datetime.now(UTC))
    with open_state(settings).begin() as state:
        incident_feedback.record(state, found)
    return found


def answers(given: Mapping[str, Said], published: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """Return the answers on incidents that are published."""
    found = []
    for row in published:
        answer = given.get(str(row["incident_id"]))
        if answer is not None:
            days = row["first_day"], row["last_day"]
            found.append(Answer(answer.incident_id, Verdict(answer.verdict), key_of(row), *days))
    return found


def key_of(row: Mapping[str, object]) -> Key:
    """Return the series of a published row."""
    from finops.anomalies.models import ALL

    values = tuple((name, str(row[name])) for name in Dimension if row[name] != ALL)
    return Key(str(row["billing_currency"]), str(row["level"]), values)


def is_silenced(episode: Episode, given: Sequence[Answer], policy: AnomalyPolicy) -> bool:
    """Tell whether answers on other incidents, or a planned window, keep an episode from being raised."""
    for window in policy.planned:
        if episode.key.fits(dict(window.series)) and window.first <= episode.first <= window.last:
            return True
    about = [each for each in given if each.key.holds(episode.key)]
    for each in about:
        if each.verdict is Verdict.PLANNED and each.first <= episode.first <= each.last + timedelta(days=1):
            return True
    gates = raised(episode, about, policy)
    base = abs(episode.expected)
    return abs(episode.excess) < gates.amount or abs(episode.excess) < gates.percent / 100 * base


def raised(episode: Episode, about: Sequence[Answer], policy: AnomalyPolicy) -> Gates:
    """Return what an alert of an episode's cost needs after the noes of the days before."""
    alert, days = policy.alert, policy.answers.for_days
    noes = [a for a in about if a.verdict is Verdict.NO and 0 < (episode.first - a.first).days <= days]
    factor = float(policy.answers.raise_factor) ** len(noes)
    if not noes:
        # What a rule raised has passed the rule's own threshold.
        return Gates(alert.probability, 0.0, 0.0)
    return Gates(alert.probability, float(alert.amount) * factor, float(alert.percent) * factor)


@dataclass(frozen=True, slots=True)
class Precision:
    """How many incidents people called right and wrong; ``planned`` ones are neither."""

    yes: int
    no: int
    planned: int

    @property
    def value(self) -> float | None:
        """The part of 1 that was right; None before any answer."""
        return self.yes / (self.yes + self.no) if self.yes + self.no else None


def precision(rows: Iterable[Mapping[str, object]]) -> Precision:
    """Count the answers on published incidents."""
    verdicts = [row["verdict"] for row in rows]
    return Precision(*(verdicts.count(each.value) for each in (Verdict.YES, Verdict.NO, Verdict.PLANNED)))


def digest(settings: Settings) -> str:
    """Return a digest of all answers in the state store: another one makes incidents due."""
    with open_state(settings).begin() as state:
        found = incident_feedback.answers(state)
    text = "\n".join(f"{each.incident_id} {each.verdict} {each.said_by} {each.why}" for each in found.values())
    return hashlib.sha256(text.encode()).hexdigest()
