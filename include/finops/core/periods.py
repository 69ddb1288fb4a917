"""Billing periods: calendar months in UTC, as FOCUS has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from finops.core.errors import BadInput

_FORM = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True, slots=True)
class BillingPeriod:
    """One billing month; written ``YYYY-MM``."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> BillingPeriod:
        """Read ``YYYY-MM``. Raise BadInput for anything else."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise BadInput(f"billing period {text!r} is not of the form YYYY-MM, for example 2025-01")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, moment: datetime) -> BillingPeriod:
        """Return the month that holds ``moment``, which must carry a time zone."""
        if moment.tzinfo is None:
            raise ValueError("a moment without a time zone belongs to no billing period")
        in_utc = moment.astimezone(UTC)
        return cls(in_utc.year, in_utc.month)

    @property
    def start(self) -> datetime:
        """First instant, inclusive."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """First instant after the period."""
        return self.next.start

    @property
    def next(self) -> BillingPeriod:
        """The month after."""
        return BillingPeriod(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def previous(self) -> BillingPeriod:
        """The month before."""
        return BillingPeriod(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def a_day(text: str, what: str) -> date:
    """Read ``YYYY-MM-DD``. Raise BadInput, calling it ``what``, for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{what} {text!r} is no day; write it as YYYY-MM-DD") from None
