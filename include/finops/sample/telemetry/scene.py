"""One cloud's month on the stage: its assets, its chance, what rows and truths come of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa

from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS, Provider
from finops.core.telemetry import TelemetryKind
from finops.sample.chance import noise, seeded
from finops.sample.models import Label
from finops.sample.rhythm import months_since_epoch
from finops.sample.telemetry.assets import Asset, Role
from finops.sample.telemetry.columns import of_arrays

_MONTHS_PER_VERSION = 2


@dataclass(frozen=True, slots=True)
class Truth:
    """Something that is known of the telemetry beforehand.

    ``name`` says what was planted, ``kpi`` which kind of figure follows from it, ``keys`` what it is about and
    ``known`` the exact quantities; costs are not among them, for they are the bill's.
    """

    name: str
    kpi: str
    provider: str
    billing_period: str
    keys: dict[str, Any]
    known: dict[str, Any]


def version(number: int) -> str:
    """Return the name of a model's version by its number: 1.0, 1.1, 2.0, 2.1 …"""
    return f"{1 + number // 2}.{number % 2}"


@dataclass(slots=True)
class Scene:
    """What is known of one cloud's month while its telemetry is invented. ``rows`` and ``tables`` are by kind.

    ``attacks`` are the runaway endpoints of its bill: somebody calls them without end.
    ``chance``, ``draws`` and ``waste_draws`` are streams of its own, so that the bill does not depend on whether it is
    observed.
    """

    provider: Provider
    period: BillingPeriod
    assets: Sequence[Asset]
    attacks: Sequence[Label]
    chance: Random
    draws: np.random.Generator
    waste_draws: np.random.Generator
    rows: dict[TelemetryKind, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    tables: dict[TelemetryKind, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))
    truths: list[Truth] = field(default_factory=list)

    @classmethod
    def of(
        cls, provider: Provider, period: BillingPeriod, seed: int, assets: Sequence[Asset], attacks: Sequence[Label]
    ) -> Scene:
        """Return a month with nothing on it yet."""
        return cls(
            *(provider, period, assets, attacks),
            seeded("telemetry", provider, seed, period),
            noise(period, seed, 61, CLOUDS.index(provider)),
            noise(period, seed, 67, CLOUDS.index(provider)),
        )

    @property
    def hours(self) -> int:
        """Hours in the month."""
        return int((self.period.end - self.period.start) / timedelta(hours=1))

    @property
    def serving_version(self) -> str:
        """The version of every model that is in production this month."""
        return version(max(0, months_since_epoch(self.period)) // _MONTHS_PER_VERSION)

    @property
    def next_version(self) -> str:
        """The version of every model that is trained and tried out this month."""
        return version(max(0, months_since_epoch(self.period)) // _MONTHS_PER_VERSION + 1)

    def moment(self, hour: float) -> datetime:
        """Return the instant so many hours after the first of the month."""
        return self.period.start + timedelta(hours=hour)

    def text(self, hour: float) -> str:
        """Return the instant as truths write it."""
        return self.moment(hour).strftime("%Y-%m-%dT%H:%M:%SZ")

    def by_role(self, *roles: Role) -> list[Asset]:
        """Return the assets of these roles, in the order of their ids."""
        return [each for each in self.assets if each.role in roles]

    def buckets(
        self,
        kind: TelemetryKind,
        head: dict[str, Any],
        hours: np.ndarray,
        values: dict[str, Any],
        minutes: np.ndarray | None = None,
    ) -> None:
        """Add a row for each hour of the month: ``head`` is the same in all, ``values`` may be arrays."""
        if not len(hours):
            return
        first = np.datetime64(self.period.start.replace(tzinfo=None), "us")
        start = {"bucket_start": first + hours.astype("timedelta64[h]")}
        covered = {"bucket_minutes": 60 if minutes is None else minutes}
        self.tables[kind].append(of_arrays(len(hours), head | start | covered | values))

    def tell(self, name: str, kpi: str, keys: dict[str, Any], known: dict[str, Any]) -> None:
        """Note a truth."""
        self.truths.append(Truth(name, kpi, str(self.provider), str(self.period), keys, known))
