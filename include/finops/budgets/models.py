"""What is known of a budget in a period: its limit, what was spent of it, and what is expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from finops.core.money import exact_arithmetic
from finops.policy.budgets import Line, Measure, Threshold
from finops.policy.budgets.calendar import Span


class Standing(StrEnum):
    """How a budget does in a period, the best first."""

    IN_ORDER = "in order"
    AT_RISK = "at risk"
    BREACHED = "breached"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Task:
    """A budget and one of its periods, to be evaluated. ``row`` is the budget's number among all."""

    row: int
    line: Line
    span: Span


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A budget in a period, as of a run date: days before it are known. Amounts are of the budget's currency.

    ``limit``: the period's amount and what was rolled over. ``late``: what is still to arrive of past days' charges.
    ``forecast`` and its bounds are of the whole period; ``adjusted`` is the forecast as if no recent day had been
    out of the ordinary. ``run_rate``: cost per day of the last 28 days. ``even``: what an even spend had cost to date.
    ``days_until_breach``: days from the run date until the limit is expected to be reached, 0 where it is; None where
    it is not within the period. Of a KPI the amounts are its value, None where nothing was measured.
    """

    line: Line
    span: Span
    run_date: date
    amount: Decimal
    rolled_over: Decimal
    actual: Decimal | None
    late: Decimal
    forecast: Decimal | None
    lo_80: Decimal | None
    hi_80: Decimal | None
    lo_95: Decimal | None
    hi_95: Decimal | None
    adjusted: Decimal | None
    run_rate: Decimal | None
    even: Decimal | None
    probability: float | None
    days_until_breach: int | None
    method: str

    @property
    def limit(self) -> Decimal:
        """The amount of the period and what was rolled over into it."""
        return self.amount + self.rolled_over

    @property
    def is_over(self) -> bool:
        """Whether the period has ended before the run date."""
        return self.span.last < self.run_date

    @property
    def is_missed(self) -> bool:
        """Whether the limit is used up, or a KPI is on its wrong side."""
        return self.has_reached(Threshold(Measure.ACTUAL, 100))

    @property
    def standing(self) -> Standing:
        """How it does: breached where the limit is used up, at risk where a threshold of the future is reached."""
        if self.actual is None:
            return Standing.UNKNOWN
        if self.is_missed:
            return Standing.BREACHED
        future = (each for each in self.line.thresholds if each.measure is not Measure.ACTUAL and each.percent >= 80)
        return Standing.AT_RISK if any(map(self.has_reached, future)) else Standing.IN_ORDER

    def value_of(self, measure: Measure) -> Decimal | None:
        """Return the amount that a threshold of the measure is held against; None where it is not known."""
        return {Measure.ACTUAL: self.actual, Measure.FORECAST: self.forecast, Measure.ADJUSTED: self.adjusted}.get(
            measure
        )

    @exact_arithmetic()
    def has_reached(self, threshold: Threshold) -> bool:
        """Tell whether a threshold is reached: of an amount, at that percent of the limit or above."""
        if threshold.measure is Measure.PROBABILITY:
            return self.probability is not None and self.probability * 100 >= threshold.percent
        value = self.value_of(threshold.measure)
        if value is None:
            return False
        if self.line.kpi is not None and self.line.kpi.is_better_high:
            return value * threshold.percent < self.limit * 100
        return value * 100 >= self.limit * threshold.percent

    @exact_arithmetic()
    def is_clear_of(self, threshold: Threshold) -> bool:
        """Tell whether a threshold that was reached is left behind.

        What is only expected wavers from day to day: it must fall 5 % (a probability 20 points) below first. What was
        spent does not.
        """
        if threshold.measure is Measure.PROBABILITY:
            return self.probability is None or self.probability * 100 < max(threshold.percent - 20, 1) or self.is_over
        if threshold.measure is Measure.ACTUAL or self.is_over:
            return not self.has_reached(threshold)
        value = self.value_of(threshold.measure)
        return value is None or value * 100 < self.limit * threshold.percent * Decimal("0.95")


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a budget's burn-down: spent up to its end, or expected with bounds of 80 %; and an even spend."""

    ds: date
    actual: Decimal | None
    expected: Decimal | None
    lo_80: Decimal | None
    hi_80: Decimal | None
    even: Decimal


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a run found: an evaluation per budget and period, burn-downs, and what is worth a look."""

    run_date: date
    evaluations: tuple[Evaluation, ...]
    burndowns: Mapping[tuple[str, date], Sequence[Day]]
    warnings: tuple[str, ...]
    others: Mapping[str, tuple[str, ...]]
    ids: frozenset[str]
