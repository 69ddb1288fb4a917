"""What goes wrong at Meridian, when, and to which series: the truth that ``labels.csv`` tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from finops.core.formats import Provider
from finops.core.periods import BillingPeriod
from finops.sample.chance import seeded
from finops.sample.lines import Month
from finops.sample.models import AnomalyKind, Label, SeriesKey
from finops.sample.series import Series

_PLAN = {
    AnomalyKind.SPIKE: (1, 4.0),
    AnomalyKind.LEVEL_SHIFT: (24, 2.2),
    AnomalyKind.GRADUAL_RAMP: (20, 3.0),
    AnomalyKind.RUNAWAY_ENDPOINT: (6, 5.0),
    AnomalyKind.EGRESS_BURST: (2, 9.0),
}


@dataclass(frozen=True, slots=True)
class Injection:
    """An anomaly with what it does: multiplies the use of a series, or adds resources."""

    label: Label
    factor: float = 1.0
    added: list[Series] = field(default_factory=list)


def draw(
    provider: Provider, seed: int, period: BillingPeriod, candidates: Mapping[AnomalyKind, Sequence[SeriesKey]]
) -> list[Injection]:
    """Draw the anomalies that begin in a month, at most one for each kind and none twice for a series."""
    rng = seeded(provider, seed, "anomalies", period)
    kinds = [kind for kind in _PLAN if candidates.get(kind)]
    rng.shuffle(kinds)
    taken: set[SeriesKey] = set()
    made = []
    for kind in kinds[:3]:
        free = sorted(set(candidates[kind]) - taken)
        if not free:
            continue
        days, factor = _PLAN[kind]
        start = period.start + timedelta(days=rng.randint(3, 20))
        series = rng.choice(free)
        taken.add(series)
        made.append(Injection(Label(provider, series, start, start + timedelta(days=days), kind), factor))
    return made


def factors(series: Sequence[Series], month: Month, injections: Sequence[Injection]) -> dict[int, np.ndarray]:
    """Return, by position, what multiplies each interval of the series that an anomaly touches."""
    by_key: dict[SeriesKey, list[Injection]] = defaultdict(list)
    for injection in injections:
        if not injection.added:
            by_key[injection.label.series].append(injection)
    found: dict[int, np.ndarray] = {}
    moments = month.starts
    for position, each in enumerate(series):
        for injection in by_key.get(each.key, ()):
            if each.cap is None:
                factor = np.array([_factor(injection, moment) for moment in moments])
                found[position] = found.get(position, np.ones(len(moments))) * factor
    return found


def _factor(injection: Injection, moment: datetime) -> float:
    label = injection.label
    if not label.start <= moment < label.end:
        return 1.0
    if label.kind is AnomalyKind.GRADUAL_RAMP:
        return 1 + (injection.factor - 1) * ((moment - label.start) / (label.end - label.start))
    return injection.factor
