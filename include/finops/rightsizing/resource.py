"""A resource as rules see it: what the inventory says, how it was used, what it cost, and what is known around it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finops.policy.rightsizing_rules import Rules
from finops.rightsizing.breaches import Breach, Dimensions
from finops.rightsizing.models import Advice, ResourceType, Target

DAYS_A_MONTH = Decimal(730) / 24
"""Days of a month of 730 hours."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A type of machine of the price catalogue. ``price`` is USD an hour on demand, None where it is not known."""

    provider: str
    instance_type: str
    family: str = ""
    vcpus: float = 0
    memory_gib: float = 0
    gpus: int = 0
    gpu_family: str = ""
    gpu_memory_gib: float = 0
    architecture: str = ""
    local_disk_gb: float = 0
    price: Decimal | None = None


class Catalogue:
    """The price catalogue, by type, and what a type can be exchanged for."""

    def __init__(self, machines: Iterable[Machine] = ()) -> None:
        """Index the types by name, by family, and those with GPUs by provider."""
        self._by_name: dict[tuple[str, str], Machine] = {}
        self._families: dict[tuple[str, str, str], list[Machine]] = defaultdict(list)
        self._like: dict[tuple[str, str, bool], list[Machine]] = defaultdict(list)
        self._gpus: dict[tuple[str, str, bool], list[Machine]] = defaultdict(list)
        for each in sorted(machines, key=lambda each: (each.price or 0, each.instance_type)):
            self._by_name[each.provider, each.instance_type.lower()] = each
            if each.price and each.gpus:
                self._gpus[_market(each)].append(each)
            elif each.price:
                self._like[_market(each)].append(each)
                self._families[each.provider, each.family, each.architecture].append(each)

    def get(self, provider: str, instance_type: str) -> Machine | None:
        """Return a type, None where it is not known. Azure's sizes are the same in any case."""
        return self._by_name.get((provider, instance_type.lower()))

    def family(self, of: Machine) -> Sequence[Machine]:
        """Return the priced types without GPUs of a type's family and architecture, the cheapest first."""
        return self._families.get((of.provider, of.family, of.architecture), ()) if of.family else ()

    def like(self, of: Machine) -> Sequence[Machine]:
        """Return the priced types without GPUs of a type's provider and architecture, the cheapest first."""
        return self._like.get(_market(of), ())

    def with_gpus(self, of: Machine) -> Sequence[Machine]:
        """Return the priced types with GPUs of a type's provider and architecture, the cheapest first."""
        return self._gpus.get(_market(of), ())


def _market(of: Machine) -> tuple[str, str, bool]:
    """Return among which types one can be exchanged: SageMaker rents `ml.` types, and no others."""
    return of.provider, of.architecture, of.instance_type.startswith("ml.")


@dataclass(frozen=True, slots=True)
class Usage:
    """One metric of a resource over the window, in the metric's unit. ``p95`` and ``p995`` are upper bounds.

    ``minutes`` were measured; ``low_days`` are days with a run of low hours that is long enough.
    """

    average: float
    p95: float
    p995: float
    maximum: float
    minutes: float
    hours: float
    idle_hours: float
    low_days: int
    night_average: float | None
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Cost:
    """What it cost in the window, in its currency; ``hours`` were billed, 0 where the bill meters something else.

    ``provisioned`` is the part of it that is for provisioned concurrency, used or not.
    """

    days: int = 14
    effective: Decimal = Decimal(0)
    committed: Decimal = Decimal(0)
    spot: Decimal = Decimal(0)
    hours: Decimal = Decimal(0)
    commitments: str = ""
    provisioned: Decimal = Decimal(0)

    @property
    def monthly(self) -> Decimal:
        """Cost of a month of 730 hours that is like the window."""
        return max(self.effective, Decimal(0)) / self.days * DAYS_A_MONTH

    @property
    def covered(self) -> Decimal:
        """The part of it, 0 to 1, that commitments cover: it stays when the resource goes."""
        if self.effective <= 0:
            return Decimal(0)
        return min(max(self.committed / self.effective, Decimal(0)), Decimal(1))


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. What the inventory does not say is empty or None, which is not the same as zero."""

    target: Target
    type: ResourceType
    currency: str
    cost: Cost
    state: str = ""
    instance_type: str = ""
    size_gb: float | None = None
    attached_to: str = ""
    group_id: str = ""
    is_spot: bool = False
    has_local_disk: bool = False
    created: date | None = None
    last_used: date | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    usage: Mapping[str, Usage] = field(default_factory=dict)
    owner: str = ""
    project: str = ""
    model: str = ""
    stage: str = ""
    environment: str = ""

    @property
    def is_running(self) -> bool:
        """Whether the inventory saw it at work; of a state that it does not tell, whether hours were billed."""
        return self.state in ("running", "in_service", "inservice") or (not self.state and self.cost.hours > 0)

    @property
    def dimensions(self) -> Dimensions:
        """What a budget's scope may name of it."""
        return {
            "provider": self.target.provider,
            "cost_center": self.owner,
            "ai_project": self.project,
            "ai_model": self.model,
            "ai_stage": self.stage,
            "environment": self.environment,
            "region_id": self.target.region,
            "sub_account_id": self.target.account,
        }


@dataclass(frozen=True, slots=True)
class Members:
    """Machines of a scaling group: what they cost together, and what they are of, each once."""

    cost: Cost
    dimensions: tuple[Dimensions, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """What checkpoints of a bucket cost a month, and what is stale or old among them."""

    stale: int
    stale_gb: float
    stale_cost: Decimal
    old: int
    archive_saving: Decimal


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests of an endpoint in the window, and the days that were counted."""

    days: int
    requests: int


@dataclass(frozen=True, slots=True)
class Expected:
    """Requests of an endpoint that are expected by the hour of the week (UTC, from Monday 00:00 on), as of a run date.

    Both are bounds from above: ``lower`` holds with 80 % probability, ``upper`` with 95 %.
    """

    run_date: date
    lower: tuple[float, ...]
    upper: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Runs:
    """Training runs on a machine in the window. ``hours_at_risk`` is the longest that one went without a checkpoint.

    ``bear_interruptions`` is false where one that has no end has no checkpoint either: nobody knows when it writes one.
    """

    count: int
    hours_at_risk: float
    bear_interruptions: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What rules know beside the resource.

    ``work`` is cost per epoch, or per 1,000 predictions, by (provider, model, currency, instance type in lower case,
    unit); ``runs`` those of a machine, by (provider, machine); ``spot_discounts`` what spot really cost less,
    interruptions counted, by (provider, currency); ``unused`` the part, 0 to 1, of on-demand batch work that unused
    commitments would have covered; ``snapshots`` those of a disk and day, the earliest first, by (provider, disk, day);
    ``breaches`` what budgets propose, and ``members`` the machines of scaling groups, by (provider, group), where they
    propose anything; ``commitment_ends`` the last day of commitments whose bill says it, by (provider, commitment);
    ``advice`` what providers recommend by (provider, resource); ``expected`` requests by (provider, endpoint).
    """

    rules: Rules
    run_date: date
    catalogue: Catalogue = field(default_factory=Catalogue)
    stored: Mapping[tuple[str, str], Stored] = field(default_factory=dict)
    asked: Mapping[tuple[str, str], Asked] = field(default_factory=dict)
    work: Mapping[tuple[str, str, str, str, str], Decimal] = field(default_factory=dict)
    runs: Mapping[tuple[str, str], Runs] = field(default_factory=dict)
    spot_discounts: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    unused: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    snapshots: Mapping[tuple[str, str, date], Sequence[str]] = field(default_factory=dict)
    breaches: Sequence[Breach] = ()
    members: Mapping[tuple[str, str], Members] = field(default_factory=dict)
    advice: Mapping[tuple[str, str], Sequence[Advice]] = field(default_factory=dict)
    commitment_ends: Mapping[tuple[str, str], date] = field(default_factory=dict)
    expected: Mapping[tuple[str, str], Expected] = field(default_factory=dict)

    def commitment_end(self, resource: Resource) -> date | None:
        """Return the last day of what covers a resource; None unless it is known of all that do."""
        names = [each.strip() for each in resource.cost.commitments.split(",") if each.strip()]
        ends = [self.commitment_ends.get((resource.target.provider, each)) for each in names]
        known = [each for each in ends if each is not None]
        return max(known) if known and len(known) == len(ends) else None

    def machine(self, resource: Resource) -> Machine | None:
        """Return the resource's type of machine; None where the catalogue does not know it."""
        return self.catalogue.get(resource.target.provider, resource.instance_type)

    def measured(self, resource: Resource, *metrics: str) -> tuple[Usage, ...] | None:
        """Return the usage by these metrics; None unless each was measured long enough, freshly, and nearly always.

        What was not measured is not idle.
        """
        found = []
        for metric in metrics:
            usage = resource.usage.get(metric)
            if usage is None or not self._covers(resource, usage):
                return None
            found.append(usage)
        return tuple(found)

    def _covers(self, resource: Resource, usage: Usage) -> bool:
        days = self.rules.window_days
        if (usage.last - usage.first).days + 1 < days or usage.last < self.run_date - timedelta(days=2):
            return False
        # A machine that is stopped at night measures nothing then, and is not billed either.
        wanted = float(resource.cost.hours) * 60 if resource.cost.hours > 0 else days * 1440.0
        return usage.minutes >= min(wanted, days * 1440.0) * self.rules.coverage / 100
