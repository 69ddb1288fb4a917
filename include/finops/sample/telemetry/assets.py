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
_MOST_OF_A_MONTH = 600
"""Hours."""


class Role(StrEnum):
    """What a resource is to the company's AI models."""

    TRAINER = "trainer"
    SERVER = "server"
    BATCH = "batch"
    TOKENS_IN = "tokens in"
    TOKENS_OUT = "tokens out"
    TRANSFER = "transfer"
    BUCKET = "bucket"
    OTHER = "other"


RESIZED_TO = "m6i.2xlarge"
"""What the machine that is resized becomes."""


class Purpose(StrEnum):
    """Why a resource was added to a bill: what it wastes, or why it only looks so."""

    OFFICE_HOURS = "office hours"
    PROTECTED = "protected"
    ONE_TIME_SPOT = "one-time spot"
    SPOT_CANDIDATE = "spot candidate"
    OLD_VOLUME = "old volume type"
    IDLE_ADDRESS = "idle address"
    NEW = "new"
    RESIZED = "resized"
    NOT_RESIZED = "not resized"
    SPARE_CONCURRENCY = "provisioned concurrency to spare"
    BUSY_CONCURRENCY = "provisioned concurrency in use"


PROVISIONED_CONCURRENCY = {Purpose.SPARE_CONCURRENCY: 10, Purpose.BUSY_CONCURRENCY: 4}
CONCURRENCY_IN_USE: dict[Purpose | None, float] = {Purpose.SPARE_CONCURRENCY: 0.1, Purpose.BUSY_CONCURRENCY: 0.55}
"""The part of it on average: at the busiest hour of a week half as much again."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A billed resource. ``id`` is the bill's ResourceId; ``uri`` is how files in it are addressed, if it is a bucket.

    ``begin`` and ``end`` are the lines' hours from the first instant of the month, in their order; ``usage`` is each
    line's quantity: bytes of a transfer, tokens of a model that is paid by token, else in the bill's unit.
    ``is_forgotten``: somebody left it running, and it does nothing. ``is_whole``: all its lines are of the month, so
    that what is known of it can be told; else some of its use has reached the bill late, with a day before the month.
    ``series`` is what labels of anomalies call it.

    ``type`` is what an inventory calls such a thing; empty for what an inventory does not have. ``meter`` is what the
    bill calls its use, ``account`` whose bill it is on, ``tags`` are those of the bill. ``is_covered``: a commitment
    pays for it. ``purpose`` is why it was added to the bill, ``hourly_cost`` what an hour of its use effectively costs.
    ``later`` is what it became when it was resized.
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
    type: str = ""
    meter: str = ""
    account: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    is_covered: bool = False
    purpose: Purpose | None = None
    hourly_cost: float = 0.0
    later: Asset | None = None
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
    def is_lasting(self) -> bool:
        """Whether it lives all month: no job, and nothing that came or went."""
        return self.last - self.first > _MOST_OF_A_MONTH

    @property
    def is_old_bucket(self) -> bool:
        """Whether it holds checkpoints that were left behind years ago."""
        return self.role is Role.BUCKET and any(each in self.id for each in ("checkpoints-2023", "ckpt2023"))

    @property
    def hours(self) -> np.ndarray:
        """Every hour of its life."""
        return np.arange(self.first, self.last)

    def joined(self, other: Asset) -> Asset:
        """Return the asset with the lines of another series of the same resource."""
        begin = np.concatenate((self.begin, other.begin))
        order = np.argsort(begin, kind="stable")
        end, usage = np.concatenate((self.end, other.end)), np.concatenate((self.usage, other.usage))
        made = replace(self, begin=begin[order], end=end[order], usage=usage[order])
        if self.instance_type == other.instance_type:
            return made
        return replace(made, later=other)


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
