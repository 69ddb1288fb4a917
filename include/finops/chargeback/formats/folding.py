"""Long tables made short enough to read: their first lines, and the others as one, so that columns still sum."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from finops.chargeback.statement.facts import Adjustment
from finops.chargeback.statement.models import (
    AdjustmentBlock,
    AdjustmentLine,
    Breakdown,
    Line,
    MonthCharged,
    Section,
    Shown,
    Statement,
)
from finops.chargeback.statement.sections import months
from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.periods import BillingPeriod
from finops.pages import wording

_MOST_LINES = 25
_MOST_PARTS = 6


@dataclass(frozen=True, slots=True)
class Folded:
    """A breakdown short enough to read: its first lines, and the rest as one."""

    lines: tuple[Line, ...]
    rest: Line | None


class Part(NamedTuple):
    """One part of the strip that shows how a total splits."""

    label: str
    permille: int
    css_class: str


def folded(breakdown: Breakdown, most: int = _MOST_LINES) -> Folded:
    """Return the breakdown's lines up to ``most``, the others added up, so that the column still sums."""
    if len(breakdown.lines) <= most + 1:
        return Folded(breakdown.lines, None)
    lines = [line for line in breakdown.lines if line.labels != (UNALLOCATED,)]
    last = [line for line in breakdown.lines if line.labels == (UNALLOCATED,)]
    kept, others = lines[: most - len(last)] + last, lines[most - len(last) :]
    return Folded(tuple(kept), _added(others, f"{len(others)} others"))


@dataclass(frozen=True, slots=True)
class FoldedAdjustments:
    """The largest adjustments, and how many others there are with what these come to."""

    lines: tuple[AdjustmentLine, ...]
    count: int
    effective: int
    billed: int


def folded_adjustments(block: AdjustmentBlock, most: int = _MOST_LINES) -> FoldedAdjustments:
    """Return a block short enough to read, largest amounts first."""
    lines = sorted(block.lines, key=lambda n: (-max(abs(n.effective), abs(n.billed)), n.adjustment.key))
    kept, others = lines[:most], lines[most:]
    return FoldedAdjustments(tuple(kept), len(others), sum(n.effective for n in others), sum(n.billed for n in others))


def origins(block: AdjustmentBlock) -> list[Adjustment]:
    """Return one adjustment of each closed month and provider: all of these have the same origin."""
    found = {(n.adjustment.billing_period, n.adjustment.provider): n.adjustment for n in block.lines}
    return [found[key] for key in sorted(found)]


def _added(lines: Sequence[Line], label: str) -> Line:
    effective, billed = sum(line.shown.effective for line in lines), sum(line.shown.billed for line in lines)
    previous = _sum_of_known(line.shown.previous for line in lines)
    return Line((label,), Shown(effective, billed, previous), _sum_of_known(line.permille for line in lines))


def _sum_of_known(values: Iterable[int | None]) -> int | None:
    """Return the sum; None where a value is not known."""
    found = list(values)
    return None if None in found else sum(each or 0 for each in found)


class MonthLines(NamedTuple):
    """The points of the lines of months: each month, the year as it adds up; and what the spans come to."""

    each: list[tuple[str, int]]
    year: list[tuple[str, int]]
    sums: list[tuple[str, int]]


def month_lines(history: Sequence[MonthCharged], period: BillingPeriod) -> MonthLines:
    """Return the months as lines, labelled as 2026-06."""
    each = [(str(found.billing_period), found.total) for found in history]
    of_year = [found for found in history if found.billing_period.year == period.year]
    adding_up = itertools.accumulate(found.total for found in of_year)
    year = [(str(found.billing_period), total) for found, total in zip(of_year, adding_up, strict=True)]
    sums = [(label, sum(m.total for m in found)) for label, found in months.spans_of(history, period)]
    return MonthLines(each, year, sums)


def has_lines(breakdown: Breakdown | None) -> bool:
    """Tell whether a breakdown says anything: it has lines, and not only one of what has no such thing."""
    if breakdown is None or not breakdown.lines:
        return False
    amounts = [(line.shown.effective, line.shown.billed, line.shown.previous or 0) for line in breakdown.lines]
    return any(map(any, amounts)) and [line.labels for line in breakdown.lines] != [(ABSENT,)]


def strip_parts(section: Section, names: Statement | None = None) -> list[Part]:
    """Return how the section's total splits: the company's by cost centre, a cost centre's by service category."""
    breakdown = section.breakdown("cost_center") or section.breakdown("service_category")
    if breakdown is None or any(line.permille is None for line in breakdown.lines):
        return []
    owned = [line for line in breakdown.lines if line.labels != (UNALLOCATED,)]
    labels = [(names.name_of(line.labels[0]) if names else "") or line.labels[0] for line in owned]
    parts = [
        Part(wording.name(label), line.permille or 0, f"series-{i}")
        for i, (label, line) in enumerate(zip(labels, owned, strict=True))
    ]
    if len(parts) > _MOST_PARTS:
        rest = sum(part.permille for part in parts[_MOST_PARTS - 1 :])
        parts = [*parts[: _MOST_PARTS - 1], Part("Others", rest, "series-rest")]
    loose = [line for line in breakdown.lines if line.labels == (UNALLOCATED,)]
    return parts + [Part(wording.name(UNALLOCATED), line.permille or 0, "series-loose") for line in loose]
