"""The types of the chargeback feature: published facts in, statements out.

Facts hold exact amounts (twelve decimals). Everything named *shown* is a whole number of the currency's smallest
unit (cents), rounded so that lines add up to their total; see ``rounding``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

from finops.core.exchange import Exchange
from finops.core.periods import BillingPeriod

UNALLOCATED = "(unallocated)"
"""The ``cost_center`` of costs that have no owner; never charged to anybody."""
ABSENT = "(none)"
"""What the marts hold for a dimension that a charge does not have."""


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    """Sum amounts without rounding, also where the total has more digits than Python's default precision."""
    with localcontext() as context:
        context.prec = 60
        return sum(values, Decimal(0))


# -- facts, as published ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Charge:
    """One row of ``mart_chargeback``: a billing period's costs of one owner, service, model, stage and kind."""

    cost_center: str
    provider: str
    billing_currency: str
    provider_name: str
    service_category: str
    service_name: str
    ai_project: str
    ai_model: str
    ai_stage: str
    charge_category: str
    has_required_tags: bool
    effective_cost: Decimal
    billed_cost: Decimal
    contracted_cost: Decimal
    list_cost: Decimal

    @property
    def key(self) -> tuple[str, ...]:
        """What makes the row unique within its billing period; also the order of a statement's detail lines."""
        return (
            self.billing_currency,
            self.cost_center,
            self.provider,
            self.provider_name,
            self.service_category,
            self.service_name,
            self.ai_project,
            self.ai_model,
            self.ai_stage,
            self.charge_category,
            str(self.has_required_tags),
        )


@dataclass(frozen=True, slots=True)
class DailyCost:
    """One day's costs of one owner from one provider, by kind of charge and use of commitments."""

    cost_center: str
    provider: str
    billing_currency: str
    charge_date: date
    charge_category: str
    commitment_discount_status: str
    effective_cost: Decimal
    billed_cost: Decimal


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """One row of ``mart_reconciliation``: a provider's total in one currency at one stage of the pipeline."""

    provider: str
    billing_currency: str
    stage_order: int
    stage: str
    row_count: int
    billed_cost: Decimal
    effective_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an adjustment comes from: the closed statements it changes, and the loads that changed them.

    ``statements_digest`` is that of the closed month's ``manifest.json``; ``loads`` has one line per publication of the
    provider's month since, with its deliveries.
    """

    statements_digest: str
    loads: tuple[str, ...]

    @property
    def text(self) -> str:
        """In one line."""
        return "; ".join((f"statements {self.statements_digest[:12]}", *self.loads))


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a closed month's costs have changed by since statements last showed them; exact amounts."""

    billing_period: BillingPeriod
    cost_center: str
    provider: str
    billing_currency: str
    service_name: str
    charge_category: str
    effective_cost: Decimal
    billed_cost: Decimal
    origin: Origin

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it unique among the adjustments that one month's statements show; also their order."""
        return (
            str(self.billing_period),
            self.cost_center,
            self.provider,
            self.billing_currency,
            self.service_name,
            self.charge_category,
        )


@dataclass(frozen=True, slots=True)
class Closing:
    """Who closed a month, and when (UTC)."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PublishedMonth:
    """All that statements of one billing period are made from; ``previous`` is None when that is not published.

    ``adjustments`` are of closed months before it. ``closing`` is None while the month is open; ``exchange`` where no
    reporting currency is set.
    """

    build_id: str
    billing_period: BillingPeriod
    charges: tuple[Charge, ...]
    previous: tuple[Charge, ...] | None
    daily: tuple[DailyCost, ...]
    control_totals: tuple[ControlTotal, ...]
    adjustments: tuple[Adjustment, ...] = ()
    closing: Closing | None = None
    exchange: Exchange | None = None


# -- statements ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """Figures of one line in the currency's smallest unit. ``previous`` is last month's effective cost, if known."""

    effective: int
    billed: int
    previous: int | None

    @property
    def change(self) -> int | None:
        """This month's effective cost less last month's."""
        return None if self.previous is None else self.effective - self.previous

    @property
    def change_share(self) -> Fraction | None:
        """The change as a part of last month's cost; None where there is nothing to compare with."""
        return Fraction(self.effective - self.previous, abs(self.previous)) if self.previous else None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a breakdown. ``permille`` is its share of the total in tenths of a percent."""

    labels: tuple[str, ...]
    shown: Shown
    permille: int | None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A section's total split by one or two dimensions; the lines add up to the section's total in each column."""

    name: str
    title: str
    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    total: Shown


class Movement(StrEnum):
    """How a line came to differ from last month."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Mover:
    """A provider's service and AI model whose cost changed much against last month."""

    provider: str
    service_name: str
    ai_model: str
    shown: Shown
    movement: Movement


@dataclass(frozen=True, slots=True)
class BridgeStep:
    """One step of the way from billed to effective cost, in the currency's smallest unit."""

    label: str
    explanation: str
    amount: int


@dataclass(frozen=True, slots=True)
class TieOut:
    """One provider's bill against the statements: ``difference`` is exact, the other amounts are shown."""

    provider: str
    bill_rows: int
    bill: int
    statements: int
    difference: Decimal


@dataclass(frozen=True, slots=True)
class Day:
    """One day's shown effective cost by provider; days of a section add up to its total."""

    charge_date: date
    by_provider: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """All providers together."""
        return sum(amount for _, amount in self.by_provider)


@dataclass(frozen=True, slots=True)
class DetailLine:
    """A published row with its shown amounts, which add up to the statement's totals."""

    charge: Charge
    effective: int
    billed: int


@dataclass(frozen=True, slots=True)
class AdjustmentLine:
    """An adjustment with its shown amounts, which add up to the block's totals."""

    adjustment: Adjustment
    effective: int
    billed: int


@dataclass(frozen=True, slots=True)
class AdjustmentBlock:
    """Adjustments to closed months in one currency, beside the month's own costs and never among them."""

    lines: tuple[AdjustmentLine, ...]
    effective: int
    billed: int
    exact_effective: Decimal
    exact_billed: Decimal


@dataclass(frozen=True, slots=True)
class ConvertedLine:
    """An amount, its rate, and what it is in the reporting currency. ``rate_period`` is the month whose rate it is."""

    label: str
    currency: str
    digits: int
    amount: int
    rate_period: BillingPeriod
    rate: Decimal
    rate_source: str
    converted: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A statement's effective cost and adjustments in the reporting currency; lines, and owners, sum to the total.

    ``owners`` is the whole company's alone: every cost centre and what is not allocated.
    """

    currency: str
    digits: int
    lines: tuple[ConvertedLine, ...]
    owners: tuple[tuple[str, int], ...]
    total: int
    exact: Decimal


@dataclass(frozen=True, slots=True)
class Section:
    """A statement's part in one currency. ``tie_out`` is the whole company's alone: it shows other owners' costs."""

    currency: str
    digits: int
    total: Shown
    exact_effective: Decimal
    exact_billed: Decimal
    breakdowns: tuple[Breakdown, ...]
    untagged: Line
    unallocated: Line | None
    bridge: tuple[BridgeStep, ...]
    tie_out: tuple[TieOut, ...]
    movers_up: tuple[Mover, ...]
    movers_down: tuple[Mover, ...]
    days: tuple[Day, ...]
    details: tuple[DetailLine, ...]
    adjustments: AdjustmentBlock | None = None

    @property
    def adjusted(self) -> int:
        """What is charged with the adjustments to closed months."""
        return self.total.effective + (self.adjustments.effective if self.adjustments else 0)

    def breakdown(self, name: str) -> Breakdown | None:
        """Return the breakdown called ``name``, if this section has it."""
        return next((each for each in self.breakdowns if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Statement:
    """What one audience gets for one billing period. ``cost_center`` is None for the whole company."""

    cost_center: str | None
    slug: str
    billing_period: BillingPeriod
    build_id: str
    last_day: date | None
    sections: tuple[Section, ...]
    closing: Closing | None = None
    summary: Summary | None = None


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A written file: path relative to the set's folder, digest of its bytes, size."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class StatementSet:
    """The published statements of one billing period. ``path`` is the folder that readers open.

    ``statements`` is empty for a closed month, whose statements are not made again. ``notice`` says so.
    """

    path: Path
    billing_period: BillingPeriod
    build_id: str
    status: str
    digest: str
    files: tuple[StatementFile, ...]
    totals: Sequence[dict[str, Any]]
    statements: Sequence[Statement] = ()
    notice: str = ""
