"""Periods of budgets: weeks from Monday, months, and quarters and years that begin with the budget. Days are UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def day_before(self) -> date:
        """The day before it."""
        return self.first - _DAY

    def overlap(self, other: Span) -> int:
        """Return how many days it shares with another."""
        return max((min(self.last, other.last) - max(self.first, other.first)).days + 1, 0)


def month_start(day: date, ahead: int = 0) -> date:
    """Return the first day of a day's month, or of one some months ahead."""
    number = day.year * 12 + day.month - 1 + ahead
    return date(number // 12, number % 12 + 1, 1)


class Per(StrEnum):
    """How long a period is."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many months a period has; 0 for a week."""
        return {"week": 0, "month": 1, "quarter": 3, "year": 12}[self.value]

    def period_of(self, day: date, begin: date) -> Span | None:
        """Return the period that holds a day, counted from the month in which a budget begins; None before it."""
        if day < begin:
            return None
        if self is Per.WEEK:
            monday = day - timedelta(days=day.weekday())
            return Span(monday, monday + 6 * _DAY)
        number = (day.year - begin.year) * 12 + day.month - begin.month
        first = month_start(begin, number // self.months * self.months)
        return Span(first, month_start(first, self.months) - _DAY)

    def periods(self, first: date, last: date) -> Iterator[Span]:
        """Yield the periods of a budget from its first to its last day; a week where its Monday is."""
        day = first + timedelta(days=-first.weekday() % 7) if self is Per.WEEK else first
        while day <= last:
            span = self.period_of(day, first)
            if span is None:
                return
            yield span
            day = span.last + _DAY


def months_of(span: Span) -> list[str]:
    """Return the months (YYYY-MM) in which days of a span lie."""
    found, month = [], month_start(span.first)
    while month <= span.last:
        found.append(f"{month:%Y-%m}")
        month = month_start(month, 1)
    return found
