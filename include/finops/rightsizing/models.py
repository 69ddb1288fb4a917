"""What a finding is, the action that it proposes, and the resource that both are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class ResourceType(StrEnum):
    """What kind of thing a resource is, as the inventory has it."""

    MACHINE = "machine"
    DISK = "disk"
    SNAPSHOT = "snapshot"
    ADDRESS = "address"
    LOAD_BALANCER = "load_balancer"
    NOTEBOOK = "notebook"
    ENDPOINT = "endpoint"
    BUCKET = "bucket"
    GROUP = "group"
    OTHER = "other"
    """What no inventory has, and a provider recommends something for: a database, a function."""
    ACCOUNT = "account"
    """No inventory has it: what is found of a whole account, such as a commitment, a budget or its data transfer."""


class Level(StrEnum):
    """How much risk, or effort, there is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Target:
    """The resource that an action is done to. ``resource_id`` is exactly as the bill's ResourceId has it.

    ``account`` is the bill's SubAccountId: account of AWS, subscription of Azure, project of Google. ``zone`` is empty
    where a resource has none.
    """

    provider: str
    account: str
    region: str
    zone: str
    resource_id: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What a provider recommends itself: by which service, what to do, to what (empty of a commitment), and why.

    ``saving`` is of ``currency`` a month, by the provider's own count: None where it does not say. ``share`` is the
    part of the cost, 0 to 1, that it says is saved; None where it does not. Types are empty where there are none.
    """

    provider: str
    recommendation: str
    by: str
    action: str
    resource_id: str
    resource_type: ResourceType
    account: str
    region: str
    current_type: str
    wanted_type: str
    title: str
    saving: Decimal | None
    currency: str
    share: Decimal | None = None
    owner: str = ""
    project: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One action to be done: its name, the resource, and its parameters, which JSON can hold."""

    action: str
    target: Target
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """Waste of one resource, by one rule. Amounts are of ``currency`` per month of 730 hours, at effective price.

    ``monthly_saving`` is what the bill would be lower by: 0 while a commitment covers the resource, and ``note`` then
    says until when. ``confidence`` is 0 to 1. ``evidence`` is one sentence with the numbers; ``facts`` are the same as
    data. ``change`` is what is proposed; None where a person has to decide how. ``provider_says`` is whether the
    provider's own recommendation for the resource agrees, ``provider_advice`` what that is, ``provider_saving`` what it
    would save by the provider's count; empty and None where there is none.
    """

    rule: str
    target: Target
    resource_type: ResourceType
    currency: str
    monthly_cost: Decimal
    monthly_saving: Decimal
    confidence: float
    risk: Level
    effort: Level
    evidence: str
    facts: Mapping[str, Any]
    change: Change | None = None
    note: str = ""
    owner: str = ""
    project: str = ""
    environment: str = ""
    provider_says: str = ""
    provider_advice: str = ""
    provider_saving: Decimal | None = None

    @property
    def key(self) -> str:
        """What makes it the same finding on another day: the rule and the resource."""
        return f"{self.rule}:{self.target.provider}:{self.target.resource_id}"
