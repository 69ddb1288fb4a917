"""The months up to the statement's own, from ``mart_charged_costs``: half a year, a year, the year to date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from finops.chargeback.statement.models import MonthCharged, Section
from finops.chargeback.statement.scope import Scope
from finops.core.periods import BillingPeriod
from finops.pages.figures import Cell, Row, Table

NAME = "months"
SPANS = (6, 12)
"""Months that are summed up, each with the statement's own as the last."""


def tables(scope: Scope, section: Section) -> Iterator[Table]:
    """Yield a row for each month, and one for each span that begins no earlier than what is published."""
    months = section.history
    if len(months) < 2:
        return
    digits = section.digits

    def row(label: str, found: Sequence[MonthCharged], remark: str = "") -> Row:
        direct, shared = sum(each.direct for each in found), sum(each.shared for each in found)
        amounts = (Cell.money(direct + shared, digits), Cell.money(direct, digits), Cell.signed(shared, digits))
        return Row(label, amounts, remark)

    spans = [row(label, found, _counted(found)) for label, found in spans_of(months, scope.month.billing_period)]
    yield Table(
        NAME,
        "Months",
        "direct and shared cost of each month, as it was closed if it is; adjustments are not in it",
        ("Month", "Together", "Direct", "Shared"),
        (*(row(str(each.billing_period), [each]) for each in reversed(months)), *spans),
    )


def spans_of(months: Sequence[MonthCharged], period: BillingPeriod) -> Iterator[tuple[str, list[MonthCharged]]]:
    """Yield the last six and twelve months, where there are more than the span before has, and the year to date."""
    shorter = 1
    for length in SPANS:
        if len(months) > shorter:
            found = list(months[-length:])
            yield f"Last {len(found)} {'months' if len(found) == length else 'published months'}", found
        shorter = length
    yield "Year to date", [each for each in months if each.billing_period.year == period.year]


def _counted(found: Sequence[MonthCharged]) -> str:
    first, last = found[0].billing_period, found[-1].billing_period
    return f"{len(found)} published month{'' if len(found) == 1 else 's'}, {first} to {last}"
