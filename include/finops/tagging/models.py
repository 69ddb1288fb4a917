"""Frozen facts of tag compliance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finops.core.periods import BillingPeriod


@dataclass(frozen=True, slots=True)
class KeyCompliance:
    """What charges say of one key, in one month and currency; ``subject`` is what it was grouped by.

    Costs are effective, of charges that must carry the key where any must, else of all. Resources are counted once in
    each state they were in.
    """

    billing_period: str
    billing_currency: str
    subject: str
    tag_key: str
    is_required: bool
    cost: dict[str, Decimal]
    resources: dict[str, int]

    def cost_share(self, *statuses: str) -> Decimal | None:
        """Return the share of the cost in these states; None of nothing."""
        total = sum(self.cost.values(), Decimal(0))
        return sum((self.cost[s] for s in statuses), Decimal(0)) / total if total else None

    def resource_share(self, *statuses: str) -> Decimal | None:
        """Return the share of the resources in these states; None of none."""
        total = sum(self.resources.values())
        return Decimal(sum(self.resources[s] for s in statuses)) / total if total else None


@dataclass(frozen=True, slots=True)
class UnallocatedMonth:
    """One month and currency of the burn-down, in effective cost."""

    billing_period: str
    billing_currency: str
    effective_cost: Decimal
    untagged: Decimal
    unallocated: Decimal


@dataclass(frozen=True, slots=True)
class Violation:
    """A resource that breaks the policy in one key. Ids, keys, values and owner are text of the bill: untrusted."""

    billing_period: str
    provider: str
    billing_currency: str
    sub_account_id: str
    sub_account_name: str
    service_name: str
    region_id: str
    resource_id: str
    tag_key: str
    tag_status: str
    found_key: str
    found_value: str
    suggested_value: str
    suggested_by: str
    cost_center: str
    likely_owner: str
    first_seen: date
    last_seen: date
    effective_cost: Decimal


@dataclass(frozen=True, slots=True)
class Shift:
    """Effective cost that another owner would bear, were a published month built by the policy as it is now."""

    billing_period: str
    provider: str
    billing_currency: str
    cost_center: str
    source: str
    new_cost_center: str
    new_source: str
    effective_cost: Decimal


@dataclass(frozen=True, slots=True)
class AmbiguousParents:
    """Resources of one month that lack a value and name a parent that several resources could be."""

    billing_period: str
    resources: int


@dataclass(frozen=True, slots=True)
class Check:
    """What the policy would do to what is published."""

    keys: int
    parents: int
    account_labels: int
    rules: int
    months: tuple[BillingPeriod, ...]
    idle_rules: tuple[str, ...]
    undecided_rules: tuple[str, ...]
    shifts: tuple[Shift, ...]
    outdated: tuple[str, ...]
    other_parents: tuple[str, ...]
    ambiguous: tuple[AmbiguousParents, ...]
