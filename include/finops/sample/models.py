"""The types of the generator: what it returns and what it knows about the bills it wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from finops.core.dimensions import ABSENT
from finops.core.periods import BillingPeriod
from finops.core.progress import Progress
from finops.core.providers import Provider


@dataclass(slots=True)
class Steps:
    """Counts lines towards a known total, and tells a caller."""

    total: int
    report: Progress | None = None
    done: int = 0
    message: str = ""

    def advance(self, count: int) -> None:
        """Count lines that were written."""
        self.done += count
        if self.report is not None:
            self.report(self.message, min(self.done, self.total), self.total)


class AnomalyKind(StrEnum):
    """What happened to a series."""

    SPIKE = "spike"
    LEVEL_SHIFT = "level_shift"
    GRADUAL_RAMP = "gradual_ramp"
    RUNAWAY_ENDPOINT = "runaway_endpoint"
    FORGOTTEN_GPUS = "forgotten_gpus"
    EGRESS_BURST = "egress_burst"
    PRICE_CHANGE = "price_change"


@dataclass(frozen=True, order=True, slots=True)
class SeriesKey:
    """What a label points at: the account, subscription or project, the service, and the AI model as tagged."""

    account: str
    service: str
    model: str = ABSENT

    def __str__(self) -> str:
        return f"{self.account}/{self.service}/{self.model}"


@dataclass(frozen=True, order=True, slots=True)
class Label:
    """One injected anomaly: its series, its first instant and the instant after its last."""

    provider: Provider
    series: SeriesKey
    start: datetime
    end: datetime
    kind: AnomalyKind


@dataclass(slots=True)
class Total:
    """Control totals of one (provider, period, source, currency), kept while lines are written."""

    row_count: int = 0
    source_cost: Decimal = Decimal(0)
    billed_cost: Decimal = Decimal(0)
    untagged_cost: Decimal = Decimal(0)

    def add(self, rows: int, source: Decimal, billed: Decimal, untagged: Decimal) -> None:
        """Count more lines."""
        self.row_count += rows
        self.source_cost += source
        self.billed_cost += billed
        self.untagged_cost += untagged


@dataclass(frozen=True, slots=True)
class TotalKey:
    """What a total is of. ``source`` is the export's name."""

    provider: Provider
    period: BillingPeriod
    source: str
    currency: str


@dataclass(frozen=True, order=True, slots=True)
class InvoiceKey:
    """An invoice that goes with a bill. Azure's and Google's bills name no issuer, Google's names no invoice."""

    provider: Provider
    period: BillingPeriod
    issuer: str
    invoice_id: str
    billing_account_id: str
    currency: str


@dataclass(slots=True)
class InvoiceTotal:
    """Exact sums of an invoice's native lines: all of them, and those that are tax."""

    total: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)

    def add(self, total: Decimal, tax: Decimal = Decimal(0)) -> None:
        """Count more lines."""
        self.total += total
        self.tax += tax


@dataclass(slots=True)
class MonthResult:
    """One month of one provider as it was written. An open month has no invoices yet."""

    files: list[Path] = field(default_factory=list)
    totals: dict[TotalKey, Total] = field(default_factory=dict)
    invoices: dict[InvoiceKey, InvoiceTotal] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SampleReport:
    """Everything that was written: data files, labels, control totals, and how much is known of the telemetry."""

    out: Path
    periods: tuple[BillingPeriod, ...]
    files: tuple[Path, ...]
    totals: dict[TotalKey, Total]
    labels: tuple[Label, ...]
    truth_count: int = 0

    @property
    def row_count(self) -> int:
        """Lines over all providers."""
        return sum(total.row_count for total in self.totals.values())
