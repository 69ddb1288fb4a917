"""What goes wrong at Meridian, when, and to which series: the truth in ``labels.csv``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.sample.chance import seeded
from finops.sample.lines import Lines, Month, meter
from finops.sample.models import AnomalyKind, Label, SeriesKey
from finops.sample.series import Series

CHUNK = 250_000
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
    """Draw the anomalies that begin in a month: at most one of each kind, and at most one for a series."""
    rng = seeded(provider, seed, "anomalies", period)
    kinds = [kind for kind in _PLAN if candidates.get(kind)]
    rng.shuffle(kinds)
    used: set[SeriesKey] = set()
    made = []
    for kind in kinds[:3]:
        free = sorted(set(candidates[kind]) - used)
        if not free:
            continue
        days, factor = _PLAN[kind]
        start = period.start + timedelta(days=rng.randint(3, 20))
        series = rng.choice(free)
        used.add(series)
        made.append(Injection(Label(provider, series, start, start + timedelta(days=days), kind), factor))
    return made


def lasting(begun: Callable[[BillingPeriod], list[Injection]], month: Month) -> list[Injection]:
    """Return the anomalies that touch a month: those of the month before that still last, then its own."""
    found = [*begun(month.period.previous), *begun(month.period)]
    return [each for each in found if each.label.end > month.period.start]


def begun_by_service(
    provider: Provider, seed: int, month: Month, series: Sequence[Series], services: Mapping[AnomalyKind, Sequence[str]]
) -> list[Injection]:
    """Return the anomalies that touch a month where each kind happens to series of its services."""
    candidates = by_service(series, services)
    return lasting(lambda period: draw(provider, seed, period, candidates), month)


def by_service(
    series: Sequence[Series], services: Mapping[AnomalyKind, Sequence[str]]
) -> dict[AnomalyKind, list[SeriesKey]]:
    """Return, for each kind of anomaly, the series of its services."""
    return {kind: [each.key for each in series if each.key.service in names] for kind, names in services.items()}


def forgotten(provider: Provider, machines: Sequence[Series], key: SeriesKey, start: datetime, days: int) -> Injection:
    """Return the anomaly of machines that somebody leaves running for some days."""
    end = start + timedelta(days=days)
    for each in machines:
        each.key, each.is_tagged, each.first, each.last = key, False, start, end
        each.extra["is_forgotten"] = True
    return Injection(Label(provider, key, start, end, AnomalyKind.FORGOTTEN_GPUS), added=list(machines))


def metered(
    series: list[Series], month: Month, noise: np.random.Generator, injections: Sequence[Injection]
) -> Iterator[tuple[list[Series], Lines]]:
    """Shuffle the series and meter them, with their anomalies, in lots of at most ``CHUNK`` lines."""
    noise.shuffle(series)
    size = max(1, CHUNK // month.count)
    for begin in range(0, len(series), size):
        lot = series[begin : begin + size]
        yield lot, meter(lot, month, noise, factors(lot, month, injections))


def factors(series: Sequence[Series], month: Month, injections: Sequence[Injection]) -> dict[int, np.ndarray]:
    """Return, by the position of each series with an anomaly, what multiplies its intervals."""
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
