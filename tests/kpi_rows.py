"""What a planted home has rows of, for the arithmetic of `kpi_world`. Moments are UTC, without a zone, as in marts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class Truth:
    """Something that was planted."""

    keys: dict[str, Any]
    known: dict[str, Any]

    def moment(self, name: str) -> datetime:
        """Return a moment that is known, in UTC without a zone, as marts have it."""
        return datetime.fromisoformat(self.known[name]).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of usage of a resource in the published fact."""

    provider: str
    period: str
    currency: str
    resource_id: str
    start: datetime
    until: datetime
    meter: str
    machine: str
    unit: str
    quantity: Decimal
    region: str
    zone: str | None
    billed_cost: Decimal
    effective_cost: Decimal
    list_cost: Decimal
    is_spot: bool
    is_on_demand: bool
    is_of_storage: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A training run on one of its resources."""

    provider: str
    run_id: str
    stage: str
    resource_id: str
    model: str
    version: str
    gpus: int
    start: datetime
    until: datetime | None
    epochs: Decimal | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint that is there when a month ends; ``file`` is named for the month in which it was written."""

    run_id: str
    model: str
    size_bytes: int
    is_unread: bool
    file: str
    gb_months: Fraction
