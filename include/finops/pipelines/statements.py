"""From published marts to the people who get statements: plan → render → publish → deliver.

``plan`` composes the statements of a month into drafts, ``render`` writes the files of one audience, ``publish`` shows
the sets that are complete, and ``deliver`` sends each audience its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict

from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.pipelines import notices

if TYPE_CHECKING:
    from finops.delivery.models import DeliveryReport
    from finops.policy.delivery import Target

logger = logging.getLogger(__name__)


class PlannedStatement(TypedDict):
    """Who gets a statement, by the name of its folder, and the drafts in which it has one."""

    audience: str
    drafts: list[str]


def plan(settings: Settings, period: BillingPeriod, *, force: bool = False) -> list[PlannedStatement]:
    """Compose, into drafts, the statements that a billing period's publication changes; return who gets one.

    The month after is made again, if it is published: its statements compare with this one. A closed month's stay as
    they are; the open month that shows its adjustments is made instead. Statements that are up to date are left out, so
    that a second event does nothing; ``force`` makes them all the same.
    """
    from finops.chargeback import service

    months = service.months_to_write(settings, period)
    if not force:
        stale = service.outdated(settings)
        months = [each for each in months if each in stale]
    found: dict[str, list[str]] = {}
    for draft, planned in service.plan(settings, months).items():
        for each in planned.audiences:
            found.setdefault(each.folder, []).append(draft.name)
    return [PlannedStatement(audience=audience, drafts=names) for audience, names in found.items()]


def render(settings: Settings, audience: str, names: Iterable[str]) -> None:
    """Write an audience's files into each of the named drafts."""
    from finops.chargeback.service import Draft, render

    for name in names:
        render(settings, Draft(name), audience)


def publish(settings: Settings, period: BillingPeriod, planned: Iterable[PlannedStatement]) -> list[BillingPeriod]:
    """Show the sets whose statements are all rendered; return the months that have theirs, in order.

    The month itself, where it is closed, keeps its final statements, or gets them back where they are missing.
    """
    from finops.chargeback.service import Draft, closed_months, complete, publish

    names = sorted({name for each in planned for name in each["drafts"]})
    shown = [complete(settings, Draft(name)) for name in names]
    if period in closed_months(settings):
        shown.append(publish(settings, period))
    for notice in (each.notice for each in shown if each.notice):
        logger.info("%s", notice)
    months = sorted({each.billing_period for each in shown})
    notices.put_quietly(settings, lambda: notices.statements_published(settings, months))
    return months


def deliver(
    settings: Settings,
    periods: Iterable[BillingPeriod],
    *,
    client_for: Callable[[Target], Any] = lambda _: None,
    **options: bool,
) -> list[DeliveryReport]:
    """Deliver what is missing of each month's statements; a failing target is in the report and stops nothing.

    ``options`` are those of ``delivery.service.deliver``: ``dry_run`` and ``mail_provisional``.
    """
    from finops.delivery.service import deliver

    return [deliver(settings, period, clients=client_for, **options) for period in periods]


def require_delivered(reports: Iterable[DeliveryReport]) -> list[str]:
    """Return the targets that were sent something. Raise NotDelivered when any target failed.

    The other targets have theirs, and a repeat sends only what is missing.
    """
    from finops.delivery.models import Result
    from finops.delivery.service import NotDelivered

    reports = list(reports)
    failed = [report for report in reports if report.failed]
    if failed:
        raise NotDelivered(*failed)
    return [each.target for report in reports for each in report.outcomes if each.result is Result.DELIVERED]


def outdated(settings: Settings, published_by: datetime) -> list[BillingPeriod]:
    """Return the open months, in order, whose statements are missing or older than what is published.

    Months of which something was published after ``published_by`` are left out.
    """
    from finops.chargeback.service import outdated

    return outdated(settings, published_by)


def undelivered(settings: Settings, now: datetime) -> list[BillingPeriod]:
    """Return the months closed lately, in order, whose final statements some target still lacks.

    The longer ago the close, the less often a month is named: a target that keeps failing must not fail every hour.
    """
    from finops.delivery.service import undelivered_final

    return undelivered_final(settings, now)
