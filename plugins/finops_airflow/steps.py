"""What the tasks of the DAGs run: one call of a pipeline each.

Plain functions, so that they are tested without Airflow. Values that travel between tasks are strings and lists of
them: a billing period is ``YYYY-MM``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypedDict

from finops.core.errors import BadInput, Finding, FinopsError, NotReady
from finops.core.machine import one_line_errors
from finops.core.periods import BillingPeriod, a_day
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.pipelines import (
    budgets,
    forecasts,
    incidents,
    kpis,
    landing,
    marts,
    notes,
    notices,
    results,
    review,
    statements,
    telemetry,
)
from finops.pipelines.landing import LandReport
from finops.pipelines.statements import PlannedStatement

logger = logging.getLogger(__name__)

EVENT_GRACE = timedelta(minutes=15)
"""How long an event may be on its way before the hourly check asks for the build, or the statements, itself."""


class BuildReport(TypedDict):
    """A finished build: its id and the billing periods in it."""

    build_id: str
    billing_periods: list[str]


@one_line_errors()
def sources_of(provider: Provider | None = None) -> list[str]:
    """Return the names of the configured sources: of a cloud, of all other vendors (ANY_VENDOR), or of all."""
    return landing.sources_of(Settings(), provider)


@one_line_errors()
def land_source(name: str, billing_period: str | None = None) -> LandReport:
    """Land what is new of one source, of one billing period or of all that the source offers."""
    from finops_airflow.clients import client_for

    period = None if billing_period is None else BillingPeriod.parse(billing_period)
    return landing.land(Settings(), name, period, client_for=client_for)


@one_line_errors()
def landed_periods(reports: Iterable[LandReport]) -> list[str]:
    """Return the billing periods that any of the sources has landed, each once, in order."""
    return sorted({period for report in reports for period in report["landed"]})


@one_line_errors()
def fail_on_blocked(reports: Iterable[LandReport]) -> None:
    """Raise BadInput when a delivery was quarantined or refused, naming each."""
    blocked = [line for report in reports for line in report["blocked"]]
    if blocked:
        raise _with_own_event(BadInput("; ".join(blocked)))


@one_line_errors()
def telemetry_sources() -> list[str]:
    """Return the names of the sources of telemetry; none without telemetry.yml."""
    return [each.name for each in telemetry.sources_of(Settings())]


@one_line_errors()
def land_telemetry(name: str) -> list[str]:
    """Land what is new of one source of telemetry; return its days (YYYY-MM-DD).

    When all else has landed, raise BadInput for a file or a day that was refused, and Unavailable for a monitoring
    system that did not answer.
    """
    from finops_airflow.clients import telemetry_client_for

    return telemetry.land(Settings(), name, client_for=telemetry_client_for)


@one_line_errors()
def overdue_periods(now: datetime | None = None) -> list[str]:
    """Return the billing periods that could be built and are not, but for those that have just landed."""
    return _written(marts.overdue(Settings(), (now or datetime.now(UTC)) - EVENT_GRACE))


@one_line_errors()
def outdated_periods(now: datetime | None = None) -> list[str]:
    """Return the open months whose statements are out of date, but for those that have just been published."""
    return _written(statements.outdated(Settings(), (now or datetime.now(UTC)) - EVENT_GRACE))


@one_line_errors()
def undelivered_periods(now: datetime | None = None) -> list[str]:
    """Return the billing periods closed lately whose final statements somebody still lacks."""
    return _written(statements.undelivered(Settings(), now or datetime.now(UTC)))


@one_line_errors()
def build_marts(billing_period: str | None, *, retry: bool = False) -> BuildReport | None:
    """Build what is pending of one billing period, or of all; None when there is nothing to do.

    With ``retry`` what is held back is tried again.
    """
    candidate = marts.build(Settings(), _months(billing_period), retry=retry)
    if candidate is None:
        return None
    return BuildReport(build_id=candidate.build_id, billing_periods=_written(candidate.billing_periods))


@one_line_errors()
def pass_gate(build_id: str) -> None:
    """Check a finished build and hold back what is at fault. Raise Finding when nothing of it may be published."""
    try:
        marts.gate(Settings(), build_id)
    except Finding as error:
        # What is held back is told as such.
        raise _with_own_event(error) from None


@one_line_errors()
def publish_marts(build_id: str) -> list[str]:
    """Publish a build that passed the gate; return its billing periods."""
    return sorted({each["billing_period"] for each in marts.publish(Settings(), build_id).manifest["scope"]})


@one_line_errors()
def fail_on_held_back(billing_period: str | None) -> None:
    """Raise Finding when something of a billing period, or of any, is held back, naming each."""
    held = marts.held_back(Settings(), _months(billing_period))
    if held:
        raise _with_own_event(Finding("; ".join(map(marts.describe, held))))


@one_line_errors()
def outdated_kpis() -> list[str]:
    """Return the months whose KPIs are not made of what is published and landed now, those that failed so left out."""
    return _written(kpis.pending(Settings()))


@one_line_errors()
def build_kpis(billing_period: str | None, *, retry: bool = False) -> BuildReport | None:
    """Build the KPIs of a billing period, or of the first that is pending; None when there is nothing to do.

    With ``retry`` a month that failed is tried again.
    """
    found = kpis.pending(Settings(), retry=retry)
    months = [each for each in found if billing_period in (None, str(each))]
    if not months:
        return None
    candidate = kpis.build(Settings(), months[0])
    return BuildReport(build_id=candidate.build_id, billing_periods=_written(candidate.billing_periods))


@one_line_errors()
def pass_kpi_gate(build_id: str, billing_period: str) -> None:
    """Check a finished build of KPIs. Raise Finding when it may not be published."""
    kpis.gate(Settings(), build_id, BillingPeriod.parse(billing_period))


@one_line_errors()
def publish_kpis(build_id: str) -> None:
    """Publish a build of KPIs that passed the gate."""
    kpis.publish(Settings(), build_id)


@one_line_errors()
def forecast_spend(run_date: str | None) -> str | None:
    """Forecast by a run date (YYYY-MM-DD), or by what is published now; return the build, None when nothing is due.

    Nothing is while bills that have just landed are on their way: their publication asks again.
    """
    settings = Settings()
    if run_date is None and (_waits_for_bills(settings) or not forecasts.is_due(settings)):
        return None
    return forecasts.run(settings, _day(run_date)).build_id


@one_line_errors()
def detect_anomalies(run_date: str | None) -> str | None:
    """Detect anomalies as of a run date (YYYY-MM-DD), or of what is published now; None when nothing is due."""
    settings = Settings()
    if run_date is None and (_waits_for_kpis(settings) or not incidents.is_due(settings)):
        return None
    version = incidents.run(settings, _day(run_date))
    incidents.write_pages(settings)
    return version.build_id


@one_line_errors()
def enforce_budgets(run_date: str | None) -> str | None:
    """Evaluate budgets as of a run date (YYYY-MM-DD) or the last bill; say what came of it, None without budgets."""
    settings = Settings()
    if not budgets.are_configured(settings):
        return None
    done = budgets.run(settings, _day(run_date))
    published = "nothing new to publish" if done.build_id is None else f"published by build {done.build_id}"
    return f"budgets as of {done.run_date}: {published}; {done.told} thresholds to tell of"


@one_line_errors()
def may_start(aws_conn_id: str | None, **asked: Any) -> dict[str, Any]:
    """Return whether an expensive job may start: verdict, reasons, and when to ask again where that is known."""
    from finops_airflow.clients import ec2_client_of

    client_of = None if aws_conn_id is None else ec2_client_of(aws_conn_id)
    return budgets.may_start(Settings(), ec2_client_of=client_of, **asked).as_json()


@one_line_errors()
def outdated_forecasts() -> list[str]:
    """Return the last published month when its forecasts are out of date; none before anything is published."""
    return _last_month_if(forecasts.is_due)


@one_line_errors()
def outdated_incidents() -> list[str]:
    """Return the last published month when the incidents are out of date, and forecasts and KPIs are not."""

    def are_due(settings: Settings) -> bool:
        return not forecasts.is_due(settings) and not _waits_for_kpis(settings) and incidents.is_due(settings)

    return _last_month_if(are_due)


def _last_month_if(is_due: Callable[[Settings], bool]) -> list[str]:
    settings = Settings()
    try:
        if _waits_for_bills(settings) or not is_due(settings):
            return []
    except NotReady:
        return []
    return _written([results.last_month(settings)])


def _waits_for_kpis(settings: Settings) -> bool:
    if found := incidents.kpis_on_their_way(settings):
        logger.info("KPIs that are out of date, whose publication asks again: %s", ", ".join(found))
    return bool(found)


def _waits_for_bills(settings: Settings) -> bool:
    if found := results.bills_on_their_way(settings):
        logger.info("on their way to readers, whose publication asks again: %s", ", ".join(found))
    return bool(found)


def _day(text: str | None) -> date | None:
    return None if text is None else a_day(text, "run date")


@one_line_errors()
def write_review() -> str | None:
    """Write the review of the last whole week that has KPIs; return its Monday (YYYY-MM-DD), None without KPIs."""
    try:
        return str(review.write(Settings()).review.week)
    except NotReady:
        return None


@one_line_errors()
def note_of_review(week: str) -> str:
    """Say what matters in a week's review, with a link to it."""
    return notes.of_review(Settings(), week)


@one_line_errors()
def note_of_build(build_id: str) -> str:
    """Say what the gate found in a build, with a link to its page."""
    return notes.of_build(Settings(), build_id)


@one_line_errors()
def note_of_publication(build_id: str, months: Iterable[str]) -> str:
    """Say which months of which build are published, with a link to the data dictionary."""
    return notes.of_publication(Settings(), build_id, months)


@one_line_errors()
def note_of_statements(billing_periods: Iterable[str]) -> str:
    """Say which statements are published, with links to them."""
    return notes.of_statements(Settings(), map(BillingPeriod.parse, billing_periods))


@one_line_errors()
def serve_published() -> int | None:
    """Serve what is published from PostgreSQL; return how many months of tables changed, None where not configured."""
    served = marts.serve(Settings())
    return None if served is None else len(served.changes)


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
    return _written(statements.publish(Settings(), BillingPeriod.parse(billing_period), planned))


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
def mirror_budgets(*, apply: bool) -> list[str]:
    """Say what would make the clouds' own budgets those of ``budgets.yml``, or do it; return a line for each budget.

    Raise Finding, naming each cloud or budget that failed; the others are done.
    """
    from finops_airflow.clients import mirror_client_for

    found = budgets.mirror(Settings(), apply=apply, login_for=mirror_client_for)
    faults = [fault for each in found for fault in (each.fault, *(step.fault for step in each.steps)) if fault]
    if faults:
        raise Finding("; ".join(faults))
    return [f"{each.mirror.name}: {step.what} {step.budget or step.name}" for each in found for step in each.steps]


@one_line_errors()
def deliver_notifications() -> dict[str, int]:
    """Send what people are to be told; return how many messages were sent, put off and parked.

    Raise Finding when an event could be told through no channel at all.
    """
    from finops_airflow.clients import channel_client_for

    report = notices.deliver(Settings(), connections=channel_client_for)
    if report.untold:
        raise Finding(f"{report.untold} events reach nobody: {'; '.join(report.faults[-3:])}")
    return {"sent": report.sent, "put_off": report.put_off, "parked": report.parked}


def _with_own_event(error: FinopsError) -> FinopsError:
    error.has_own_event = True
    return error


def _months(billing_period: str | None) -> list[BillingPeriod] | None:
    return None if billing_period is None else [BillingPeriod.parse(billing_period)]


def _written(periods: Iterable[BillingPeriod]) -> list[str]:
    return [str(period) for period in periods]
