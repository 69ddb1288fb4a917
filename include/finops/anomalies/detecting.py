"""What detector and rules find in the published costs of some days: the incidents, before people's answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from finops.anomalies import episodes, rules
from finops.anomalies.episodes import Gates, Odd
from finops.anomalies.models import Episode, Key, Kind
from finops.anomalies.series import Cube
from finops.policy.anomalies import AnomalyPolicy

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame

Detect = Callable[..., "DataFrame"]
"""``finops.timeseries.detection.detect``, or another of the same contract."""
_KINDS = {each.value: each for each in Kind}


@dataclass(frozen=True, slots=True)
class Judged:
    """The detector's odd days by series, and how many series it could not judge."""

    odd: Mapping[str, Sequence[Odd]]
    skipped: int


def judged(series: Mapping[Key, np.ndarray], cube: Cube, detect: Detect, policy: AnomalyPolicy) -> Judged:
    """Run the detector over every series up to the last day that has arrived of it."""
    import pandas as pd

    from finops.timeseries import panel

    days = pd.date_range(cube.first, periods=cube.length, freq="D")
    parts = []
    for key, costs in series.items():
        length = (cube.end_of(key) - cube.first).days + 1
        begin = (cube.start_of(key) - cube.first).days
        parts.append(pd.DataFrame({"unique_id": key.ident, "ds": days[begin:length], "y": costs[begin:length]}))
    if not parts:
        return Judged({}, 0)
    made = panel.clean(pd.concat(parts, ignore_index=True), "D")
    said = detect(made)
    kept = said[said["is_anomaly"] & (said["probability"] <= policy.alert.probability)]
    found: dict[str, list[Odd]] = {}
    for row in kept.itertuples(index=False):
        at = (row.ds - days[0]).days
        found.setdefault(row.unique_id, []).append(
            Odd(at, float(row.probability), _kind(row), float(row.lo), float(row.hi))
        )
    return Judged(found, len(series) - said["unique_id"].nunique())


def _kind(row: Any) -> Kind:
    """Return the detector's kind; a shift or creep below what was expected is a fall too."""
    return Kind.DROP if row.y < row.expected else _KINDS.get(row.kind, Kind.SPIKE)


def by_detector(
    series: Mapping[Key, np.ndarray],
    said: Judged,
    cube: Cube,
    policy: AnomalyPolicy,
    gates: Gates,
    arriving: Callable[[Key], date],
) -> list[Episode]:
    """Return the detector's episodes. A day that still arrives (after ``arriving``) is judged for rises alone."""
    found: list[Episode] = []
    for key, costs in series.items():
        whole = (arriving(key) - cube.first).days
        odd = [
            each
            for each in said.odd.get(key.ident, ())
            if each.kind is not Kind.DROP or (policy.alert.falls and each.at <= whole)
        ]
        if odd:
            # Before a provider's first day nothing is known, which is not nothing.
            begin = cube.start_of(key)
            skipped = (begin - cube.first).days
            known = [replace(each, at=each.at - skipped) for each in odd]
            end = (cube.end_of(key) - begin).days
            found += episodes.found(key, costs[skipped:], known, begin, end, gates, policy)
    return found


def by_rules(series: Mapping[Key, np.ndarray], cube: Cube, policy: AnomalyPolicy) -> list[Episode]:
    """Return the episodes of the rules that need the daily costs alone."""
    found = list(rules.daily_limits(cube, policy.rules.daily_limits, policy.episodes.quiet_days))
    if policy.rules.mean_ratio is not None:
        found += rules.mean_ratio(series, policy.rules.mean_ratio, cube.first, policy)
    return found
