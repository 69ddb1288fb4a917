"""The types of statements. Everything named *shown* is a whole number of the currency's smallest unit (cents), rounded
so that lines add up to their total (see ``rounding``); everything else is exact. What they are made from: ``facts``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from finops.chargeback.invoices.models import Comparison
from finops.chargeback.statement.converted import Summary
from finops.chargeback.statement.facts import Adjustment, AllocationEntry, Charge, Closing
from finops.chargeback.statement.line_ids import together
from finops.core.periods import BillingPeriod
from finops.pages.figures import Day, Table


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
class Variance:
    """A change against last month: of a provider's service and AI model, one of those that changed most."""

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


ROUNDING = "Rounding"
"""The row of what cents leave to a total whose parts are rounded on their own."""


@dataclass(frozen=True, slots=True)
class TieOut:
    """One provider's bill against the statements: ``difference`` is exact, the others are rounded on their own."""

    provider: str
    bill_rows: int
    bill: int
    statements: int
    difference: Decimal


@dataclass(frozen=True, slots=True)
class DetailLine:
    """A published row with its shown amounts, which add up to the statement's totals."""

    charge: Charge
    effective: int
    billed: int
    source_digest: str = ""


@dataclass(frozen=True, slots=True)
class SharedLine:
    """An entry with its shown amounts, which add up to the block's."""

    entry: AllocationEntry
    effective: int
    billed: int


@dataclass(frozen=True, slots=True)
class SharedBlock:
    """The entries of one currency; what they come to is zero for the whole company."""

    lines: tuple[SharedLine, ...]

    @property
    def effective(self) -> int:
        """What they move of the effective cost, in smallest units."""
        return sum(line.effective for line in self.lines)

    @property
    def billed(self) -> int:
        """What they move of the billed cost, in smallest units."""
        return sum(line.billed for line in self.lines)

    def of_owner(self, owner: str) -> SharedBlock:
        """Return the lines that are an owner's."""
        return SharedBlock(tuple(line for line in self.lines if line.entry.cost_center == owner))


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
class MonthCharged:
    """What one month's statements charged without adjustments, in smallest units: direct cost, shared cost."""

    billing_period: BillingPeriod
    direct: int
    shared: int

    @property
    def total(self) -> int:
        """Both."""
        return self.direct + self.shared


@dataclass(frozen=True, slots=True)
class Section:
    """A statement's part in one currency. ``tie_out`` is the whole company's alone: it shows other owners' costs.

    ``is_small``: too little to be read before the other currencies. ``previous_charged`` is last month's total charged,
    None when that month is not published. ``history`` is of up to twelve months, the statement's own the last.
    """

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
    rises: tuple[Variance, ...]
    falls: tuple[Variance, ...]
    days: tuple[Day, ...]
    details: tuple[DetailLine, ...]
    adjustments: AdjustmentBlock | None = None
    shared: SharedBlock | None = None
    schedules: tuple[Table, ...] = ()
    previous_charged: int | None = None
    history: tuple[MonthCharged, ...] = ()
    is_small: bool = False

    @property
    def rounding_of_bills(self) -> int:
        """What the bills' own cents leave to the total of all bills."""
        return self.total.billed - sum(each.bill for each in self.tie_out)

    @property
    def total_with_shared(self) -> int:
        """Direct and shared effective cost."""
        return self.total.effective + (self.shared.effective if self.shared else 0)

    @property
    def total_with_adjustments(self) -> int:
        """Direct effective cost and the adjustments to closed months."""
        return self.total.effective + (self.adjustments.effective if self.adjustments else 0)

    @property
    def total_charged(self) -> int:
        """All of it: direct and shared effective cost, and the adjustments to closed months."""
        return self.total_with_adjustments + self.total_with_shared - self.total.effective

    @property
    def charged(self) -> Shown:
        """The total charged, effective and billed, and last month's."""
        billed = sum(each.billed for each in (self.total, self.shared, self.adjustments) if each)
        return Shown(self.total_charged, billed, self.previous_charged)

    def breakdown(self, name: str) -> Breakdown | None:
        """Return the breakdown called ``name``, if this section has it."""
        return next((each for each in self.breakdowns if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Statement:
    """What one audience gets for one billing period. ``cost_center`` is None for the whole company.

    ``names`` are those of the cost centres that it shows; ``part_of`` those of its own parents, the nearest first.
    ``schedules`` are tables beside the sections, each with its currency.
    ``invoices``, as they were when the month was closed, are the whole company's alone.
    """

    cost_center: str | None
    slug: str
    billing_period: BillingPeriod
    build_id: str
    last_day: date | None
    sections: tuple[Section, ...]
    closing: Closing | None = None
    summary: Summary | None = None
    invoices: tuple[Comparison, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    answers_for_it: str = ""
    part_of: tuple[str, ...] = ()
    schedules: tuple[tuple[str, Table], ...] = ()

    def name_of(self, cost_center: str) -> str:
        """Return what a cost centre that the statement shows is called; empty where it has no name."""
        return dict(self.names).get(cost_center, "")

    def label_of(self, cost_center: str) -> str:
        """Return a cost centre's name with its key, or its key alone."""
        name = self.name_of(cost_center)
        return f"{name} ({cost_center})" if name else cost_center

    @property
    def title(self) -> str:
        """Return whom the statement is for: its name, or else its key."""
        if self.cost_center is None:
            return "Whole company"
        return self.name_of(self.cost_center) or self.cost_center

    @property
    def status(self) -> str:
        """``provisional``, or ``final`` once the month is closed."""
        return "provisional" if self.closing is None else "final"

    @property
    def has_shared_lines(self) -> bool:
        """Whether any rule moved cost to or from it."""
        return any(section.shared and section.shared.lines for section in self.sections)

    @property
    def lines_digest(self) -> str:
        """One digest of all direct and shared lines: ids, rules, amounts, source rows; no build, no order."""
        found: list[tuple[str, ...]] = []
        for section in self.sections:
            for line in section.details:
                exact = (f"{line.charge.effective_cost:f}", f"{line.charge.billed_cost:f}")
                shown = (str(line.effective), str(line.billed))
                found.append((line.charge.line_id, *exact, *shown, line.source_digest))
            for shared in section.shared.lines if section.shared else ():
                each = shared.entry
                exact = (f"{each.effective_cost:f}", f"{each.billed_cost:f}")
                shown = (str(shared.effective), str(shared.billed))
                found.append((each.line_id, each.rule_digest, *exact, *shown, each.source_digest))
        return together(found)
