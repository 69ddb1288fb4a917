"""What the steps of more than one subject share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TypedDict

from finops.core.errors import FinopsError
from finops.core.periods import BillingPeriod, a_day

EVENT_GRACE = timedelta(minutes=15)
"""How long an event may be on its way before the hourly check asks for the build, or the statements, itself."""


class BuildReport(TypedDict):
    """A finished build: its id and the billing periods in it."""

    build_id: str
    billing_periods: list[str]


def with_own_event(error: FinopsError) -> FinopsError:
    """Mark an error whose event is recorded already, so that the failed task records no second one."""
    error.has_own_event = True
    return error


def months_of(billing_period: str | None) -> list[BillingPeriod] | None:
    """Return the billing period as a list of one; None, which is all, for None."""
    return None if billing_period is None else [BillingPeriod.parse(billing_period)]


def written(periods: Iterable[BillingPeriod]) -> list[str]:
    """Return billing periods as tasks exchange them: YYYY-MM."""
    return [str(period) for period in periods]


def day_of(text: str | None) -> date | None:
    """Return the run date (YYYY-MM-DD) that a person gave, None without one. Raise BadInput for anything else."""
    return None if text is None else a_day(text, "run date")
