"""Statements: what is due, composing, rendering, publishing and delivering them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from finops.core.machine import one_line_errors
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.pipelines import notes, statements
from finops.pipelines.statements import PlannedStatement
from finops_airflow.steps.common import EVENT_GRACE, written


@one_line_errors()
def outdated_periods(now: datetime | None = None) -> list[str]:
    """Return the open months whose statements are out of date, but for those that have just been published."""
    return written(statements.outdated(Settings(), (now or datetime.now(UTC)) - EVENT_GRACE))


@one_line_errors()
def undelivered_periods(now: datetime | None = None) -> list[str]:
    """Return the billing periods closed lately whose final statements somebody still lacks."""
    return written(statements.undelivered(Settings(), now or datetime.now(UTC)))


@one_line_errors()
def plan_statements(billing_period: str, *, force: bool = False) -> list[PlannedStatement]:
    """Compose the statements that a billing period's publication changes; return who gets one."""
    return statements.plan(Settings(), BillingPeriod.parse(billing_period), force=force)


@one_line_errors()
def render_statement(audience: str, drafts: list[str]) -> None:
    """Write an audience's files into each of the drafts."""
    statements.render(Settings(), audience, drafts)


@one_line_errors()
def publish_statements(billing_period: str, planned: Iterable[PlannedStatement]) -> list[str]:
    """Show the sets whose statements are all rendered; return the months that have theirs."""
    return written(statements.publish(Settings(), BillingPeriod.parse(billing_period), planned))


@one_line_errors()
def deliver_published(billing_periods: Iterable[str]) -> list[str] | None:
    """Deliver what a run has published; return where it went, None where nobody has a target.

    Provisional statements go to folders and buckets, where the next replaces them; mail, which nobody can take back, is
    for final ones.
    """
    from finops.policy.delivery import has_targets

    return _deliver(billing_periods, mail_provisional=False) if has_targets(Settings()) else None


@one_line_errors()
def deliver_statements(billing_period: str) -> list[str]:
    """Deliver what is missing of a month's statements; return where it went."""
    return _deliver([billing_period])


def _deliver(billing_periods: Iterable[str], **options: bool) -> list[str]:
    from finops_airflow.clients import client_for

    periods = map(BillingPeriod.parse, billing_periods)
    return statements.require_delivered(statements.deliver(Settings(), periods, client_for=client_for, **options))


@one_line_errors()
def note_of_statements(billing_periods: Iterable[str]) -> str:
    """Say which statements are published, with links to them."""
    return notes.of_statements(Settings(), map(BillingPeriod.parse, billing_periods))
