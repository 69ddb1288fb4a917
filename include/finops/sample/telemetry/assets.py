"""What was billed in a month and is worth observing: which resource, of whose model, in which hours, how much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from finops.core.providers import Provider
from finops.sample.company import Ownership
from finops.sample.lines import Batch
from finops.sample.models import SeriesKey
from finops.sample.series import Series

_NOTHING = np.zeros(0)


class Role(StrEnum):
    """What a resource is to the company's AI models."""

    TRAINER = "trainer"
    SERVER = "server"
    BATCH = "batch"
    TOKENS_IN = "tokens in"
    TOKENS_OUT = "tokens out"
    TRANSFER = "transfer"
    BUCKET = "bucket"


@dataclass(frozen=True, slots=True)
class Asset:
    """A billed resource. ``id`` is the bill's ResourceId; ``uri`` is how files in it are addressed, if it is a bucket.

    ``begin`` and ``end`` are the lines' hours from the first instant of the month, in their order; ``usage`` is each
    line's quantity: bytes of a transfer, tokens of a model that is paid by token, else in the bill's unit.
    ``is_forgotten``: somebody left it running, and it does nothing. ``is_whole``: all its lines are of the month, so
    that what is known of it can be told; else some of its use has reached the bill late, with a day before the month.
    ``series`` is what labels of anomalies call it.
    """

    provider: Provider
    id: str
    role: Role
    owner: Ownership
    region: str
    zone: str | None = None
    instance_type: str = ""
    gpus: int = 0
    is_spot: bool = False
    is_forgotten: bool = False
    is_whole: bool = True
    uri: str = ""
    flow: tuple[str, str] = ("", "")
    scale: float = 1.0
    series: SeriesKey | None = None
    begin: np.ndarray = field(default_factory=_NOTHING.copy, compare=False)
    end: np.ndarray = field(default_factory=_NOTHING.copy, compare=False)
    usage: np.ndarray = field(default_factory=_NOTHING.copy, compare=False)

    @property
    def model(self) -> str:
        """The AI model's name, or ``platform``."""
        return self.owner.name

    @property
    def first(self) -> int:
        """The hour in which it begins to be billed."""
        return int(self.begin[0])

    @property
    def last(self) -> int:
        """The hour after the last that is billed."""
        return int(self.end[-1])

    @property
    def hours(self) -> np.ndarray:
        """Every hour of its life."""
        return np.arange(self.first, self.last)

    def joined(self, other: Asset) -> Asset:
        """Return the asset with the lines of another series of the same resource."""
        begin = np.concatenate((self.begin, other.begin))
        order = np.argsort(begin, kind="stable")
        end, usage = np.concatenate((self.end, other.end)), np.concatenate((self.usage, other.usage))
        return replace(self, begin=begin[order], end=end[order], usage=usage[order])


Look = Callable[[Series], Asset | None]
"""Says what a series is, without its lines; None for what is not observed."""


class Harvest:
    """Collects the assets of a month while its bill is written; nothing where ``is_on`` is false."""

    def __init__(self, *, is_on: bool = True) -> None:
        self._is_on = is_on
        self._found: dict[str, Asset] = {}

    def take(self, batch: Batch, look: Look, begin: np.ndarray, end: np.ndarray, usage: np.ndarray) -> None:
        """Note the observed resources of lines, which have these hours and quantities."""
        if not self._is_on:
            return
        order = np.argsort(batch.owner, kind="stable")
        edges = np.searchsorted(batch.owner[order], np.arange(len(batch.series) + 1))
        for position, series in enumerate(batch.series):
            asset = look(series)
            mine = order[edges[position] : edges[position + 1]]
            if asset is None or not len(mine):
                continue
            is_in_month = begin[mine] >= 0
            mine, is_whole = mine[is_in_month], bool(is_in_month.all())
            if not len(mine):
                continue
            mine = mine[np.argsort(begin[mine], kind="stable")]
            made = replace(
                asset,
                is_whole=is_whole,
                series=series.key,
                begin=begin[mine],
                end=end[mine],
                usage=usage[mine] * asset.scale,
            )
            known = self._found.get(asset.id)
            self._found[asset.id] = known.joined(made) if known else made

    @property
    def assets(self) -> list[Asset]:
        """All that was found, by its id."""
        return [self._found[name] for name in sorted(self._found)]
