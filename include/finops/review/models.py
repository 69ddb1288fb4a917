"""What a review holds: exact figures as they are published, before they are worded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

WEEK = "week"
MONTH = "month"


class Standing(StrEnum):
    """How a KPI stands, as it is written in CSV and JSON."""

    MET = "met"
    MISSED = "missed"
    WITHOUT_TARGET = "no target"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """A subject's part of a change, and its own value before and now; None where it had none."""

    subject: str
    change: Decimal
    previous_value: Decimal | None
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class KpiPeriod:
    """One KPI in one week, or month where ``grain`` says so, in one currency: a row of ``mart_kpi_reasons``.

    Value, change and target are in ``unit``, in which the word ``amount`` stands for the currency.
    """

    billing_period: str
    currency: str
    kpi: str
    name: str
    unit: str
    better: str
    grain: str
    week_start: date
    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None
    previous_value: Decimal | None
    change: Decimal | None
    target: Decimal | None
    is_met: bool | None
    other_change: Decimal | None
    reasons: tuple[Reason, ...]

    @property
    def start(self) -> date:
        """Its first day."""
        return date.fromisoformat(f"{self.billing_period}-01") if self.grain == MONTH else self.week_start

    @property
    def is_total(self) -> bool:
        """Whether the KPI is a sum, not a quotient."""
        return self.denominator is None

    @property
    def standing(self) -> Standing:
        """How it stands."""
        if self.value is None:
            return Standing.UNKNOWN
        if self.is_met is None:
            return Standing.WITHOUT_TARGET
        return Standing.MET if self.is_met else Standing.MISSED

    @property
    def is_better(self) -> bool | None:
        """Whether the change is one for the better; None where there is none."""
        return (self.change > 0) == (self.better == "higher") if self.change else None

    @property
    def relative_change(self) -> Decimal | None:
        """The change as a part of the value before; None without one, or where that was zero."""
        if self.change is None or not self.previous_value:
            return None
        return self.change / abs(self.previous_value)


@dataclass(frozen=True, slots=True)
class Kpi:
    """A KPI of the week in one currency, and its periods up to then in order, the last of which is the week's own.

    ``now`` is None where the week has no figure, though earlier ones have.
    """

    now: KpiPeriod | None
    history: tuple[KpiPeriod, ...]

    @property
    def about(self) -> KpiPeriod:
        """A period that says name, unit and the like."""
        return self.now or self.history[-1]

    def line(self, until: date) -> list[tuple[date, KpiPeriod | None]]:
        """Return each week, or month, from the first known to that of a day; None where nothing was measured."""
        known = {each.start: each for each in self.history}
        found, start = [], self.history[0].start
        while start <= until:
            found.append((start, known.get(start)))
            start = next_month(start) if self.about.grain == MONTH else start + timedelta(weeks=1)
        return found

    @property
    def standing(self) -> Standing:
        """How it stands in the week."""
        return Standing.UNKNOWN if self.now is None else self.now.standing


def next_month(first: date) -> date:
    """Return the first day of the month after that of a day."""
    return (first.replace(day=1) + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True, slots=True)
class Feed:
    """A provider and the newest day of use (UTC) that its published bills have."""

    provider: str
    newest_day: date


@dataclass(frozen=True, slots=True)
class Review:
    """One week's KPIs by currency, and the KPIs of which nothing is known in any."""

    week: date
    build_id: str
    published_at: datetime
    currencies: tuple[tuple[str, tuple[Kpi, ...]], ...]
    unknown: tuple[str, ...]
    behind: tuple[Feed, ...]

    @property
    def last_day(self) -> date:
        """The Sunday."""
        return self.week + timedelta(days=6)

    @property
    def is_whole(self) -> bool:
        """Whether every provider's bills reach the end of the week."""
        return not self.behind

    @property
    def kpis(self) -> Iterator[Kpi]:
        """Every KPI of every currency."""
        return (kpi for _, kpis in self.currencies for kpi in kpis)

    def with_standing(self, standing: Standing) -> list[Kpi]:
        """Return the KPIs that stand so."""
        return [kpi for kpi in self.kpis if kpi.standing is standing]
