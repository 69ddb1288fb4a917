"""What the tasks of the DAGs do: call one service, hand on names. Figures stay in the services.

Plain functions, so that they are tested without Airflow. The services are imported when a task runs, because a DAG
file is parsed every few seconds. Values that travel between tasks are strings and lists of them: a billing period is
``YYYY-MM``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypedDict

from finops.core.errors import BadInput, NotOffered
from finops.core.formats import Provider
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.stores.state.ledger import PeriodInput

logger = logging.getLogger(__name__)

EVENT_GRACE = timedelta(minutes=15)
"""How long an event may be on its way before the hourly check asks for the build, or the statements, itself."""


class LandReport(TypedDict):
    """What reading one source came to."""

    source: str
    landed: list[str]
    blocked: list[str]


class BuildReport(TypedDict):
    """A finished build: its id and the billing periods in it."""

    build_id: str
    billing_periods: list[str]


class PlannedStatement(TypedDict):
    """Who gets a statement, by the name of its folder, and the drafts in which it has one."""

    audience: str
    drafts: list[str]


def sources_of(provider: Provider | None = None) -> list[str]:
    """Return the names of the configured sources, of one provider or of all."""
    from finops.policy.sources import load

    return [source.name for source in load(Settings()) if provider in (None, source.provider)]


def land_source(name: str, billing_period: str | None = None) -> LandReport:
    """Land what is new of one source, of one billing period or of all that the source offers.

    A delivery that is not complete yet only waits. One that was quarantined or refused is ``blocked``: what else was
    new has landed all the same, so it is for a later task to fail, not for this one. A source that does not offer the
    period (a cloud that came into use later) has nothing to land.
    """
    from finops.ingest.service import ingest
    from finops.policy.sources import load
    from finops_airflow.clients import client_for

    settings = Settings()
    source = next((each for each in load(settings) if each.name == name), None)
    if source is None:
        raise BadInput(f"there is no source {name!r} in sources.yml; it may have been renamed since the run began")
    try:
        report = ingest(
            settings,
            source.provider,
            source.uri,
            periods=None if billing_period is None else [BillingPeriod.parse(billing_period)],
            no_manifest=source.no_manifest,
            source=source.export,
            client=client_for(source),
        )
    except NotOffered as nothing:
        logger.info("%s", nothing)
        return LandReport(source=name, landed=[], blocked=[])
    blocked = []
    for each in report.not_taken:
        line = f"{name} {each.billing_period or 'of no known period'} {each.outcome}: {each.reason}"
        logger.warning("%s", line)
        if each.outcome != "waiting":
            blocked.append(line)
    return LandReport(source=name, landed=sorted({str(d.billing_period) for d in report.landed}), blocked=blocked)


def landed_periods(reports: Iterable[LandReport]) -> list[str]:
    """Return the billing periods that any of the sources has landed, each once, in order."""
    return sorted({period for report in reports for period in report["landed"]})


def fail_on_blocked(reports: Iterable[LandReport]) -> None:
    """Raise BadInput when a delivery was quarantined or refused, naming each."""
    blocked = [line for report in reports for line in report["blocked"]]
    if blocked:
        raise BadInput("; ".join(blocked))


def overdue_periods(now: datetime | None = None) -> list[str]:
    """Return the billing periods that could be built and that nobody has built, each once, in order.

    Periods whose newest delivery has just landed are left out: the event of its landing is still on its way.
    """
    limit = (now or datetime.now(UTC)) - EVENT_GRACE
    waiting = pending_periods(Settings())
    return sorted({str(i.billing_period) for i in waiting if all(d.landed_at <= limit for d in i.deliveries)})


def outdated_periods(now: datetime | None = None) -> list[str]:
    """Return the open months whose statements are missing or older than what is published, in order.

    Months of which something has just been published are left out: the event of its publication is still on its way.
    """
    from finops.chargeback.publish.outdated import outdated

    return [str(each) for each in outdated(Settings(), (now or datetime.now(UTC)) - EVENT_GRACE)]


def undelivered_periods(now: datetime | None = None) -> list[str]:
    """Return the billing periods closed lately whose final statements somebody still lacks, in order.

    The longer ago the close, the less often: a target that keeps failing is not to fail a run every hour.
    """
    from finops.delivery.service import undelivered_final

    return [str(each) for each in undelivered_final(Settings(), now or datetime.now(UTC))]


def build_marts(billing_period: str | None) -> BuildReport | None:
    """Build one billing period, or without one everything that is pending; None when there is nothing to do."""
    from finops.transform.service import build

    settings = Settings()
    if billing_period is None:
        candidate = build(settings)
    else:
        period = BillingPeriod.parse(billing_period)
        # A named period would be built again, though nothing has changed: several events lead to one build.
        is_pending = any(item.billing_period == period for item in pending_periods(settings))
        candidate = build(settings, [period]) if is_pending else None
    if candidate is None:
        return None
    return BuildReport(build_id=candidate.build_id, billing_periods=[str(p) for p in candidate.billing_periods])


def pass_gate() -> None:
    """Judge the finished build. Raise Finding, naming the expectations, when it must not be published."""
    from finops.quality.service import check

    verdict = check(Settings())
    for warning in verdict.warnings:
        logger.warning("gate: %s", warning)


def publish_marts() -> str:
    """Publish the build that passed the gate; return its id."""
    from finops.transform.publish import publish

    return publish(Settings()).build_id


def serve_published() -> int | None:
    """Serve what is published from PostgreSQL; return how many months of tables changed, None where not configured."""
    from finops.serving.service import publish

    settings = Settings()
    return len(publish(settings).changes) if settings.serving_url else None


def plan_statements(billing_period: str, *, anew: bool = False) -> list[PlannedStatement]:
    """Compose, into drafts, the statements that a billing period's publication changes; return who gets one.

    The month after is made again, if it is published: its statements compare with this one. A closed month's stay as
    they are; the open month that shows what became of it is made instead. What readers have is left out where it was
    made from all that is published, so that a second event does nothing; ``anew`` makes it all the same.
    """
    from finops.chargeback.publish import drafts
    from finops.chargeback.publish.outdated import outdated
    from finops.chargeback.service import months_to_write

    settings, period = Settings(), BillingPeriod.parse(billing_period)
    behind = None if anew else outdated(settings)
    months = [each for each in months_to_write(settings, period) if behind is None or each in behind]
    found: dict[str, list[str]] = {}
    for draft, plan in drafts.plan(settings, months).items():
        for each in plan.audiences:
            found.setdefault(each.folder, []).append(draft.name)
    return [PlannedStatement(audience=audience, drafts=names) for audience, names in found.items()]


def render_statement(audience: str, drafts: list[str]) -> None:
    """Write an audience's files into each of the drafts."""
    from finops.chargeback.publish.drafts import Draft, render

    for name in drafts:
        render(Settings(), Draft(name), audience)


def publish_statements(billing_period: str, planned: Iterable[PlannedStatement]) -> list[str]:
    """Show the sets whose statements are all rendered; return the months that have theirs.

    The month itself, where it is closed, keeps its final statements, or gets them back where they are missing.
    """
    from finops.chargeback.publish.drafts import Draft, complete
    from finops.chargeback.service import closed_months, publish

    settings, period = Settings(), BillingPeriod.parse(billing_period)
    names = sorted({name for each in planned for name in each["drafts"]})
    shown = [complete(settings, Draft(name)) for name in names]
    if period in closed_months(settings):
        shown.append(publish(settings, period))
    for notice in (each.notice for each in shown if each.notice):
        logger.info("%s", notice)
    return sorted({str(each.billing_period) for each in shown})


def deliver_published(billing_periods: Iterable[str]) -> list[str] | None:
    """Deliver what a run has published; return where it went, None where nobody has a target.

    What is provisional goes to folders and buckets, where the next replaces it; mail, which nobody can take back, is
    for final statements. Raise NotDelivered, once all months were tried, when a target failed.
    """
    from finops.delivery import service
    from finops.delivery.models import Result
    from finops.policy.delivery import has_targets
    from finops_airflow.clients import client_for

    settings = Settings()
    if not has_targets(settings):
        return None
    reports = [
        service.deliver(settings, BillingPeriod.parse(each), clients=client_for, mail_provisional=False)
        for each in billing_periods
    ]
    failed = [report for report in reports if report.failed]
    if failed:
        raise service.NotDelivered(*failed)
    return [each.target for report in reports for each in report.outcomes if each.result is Result.DELIVERED]


def deliver_statements(billing_period: str) -> list[str]:
    """Deliver what is missing of a month's statements; return where it went.

    Raise NotDelivered when a target failed: the others have theirs, and a repeat sends only what is missing.
    """
    from finops.delivery.models import Result
    from finops.delivery.service import NotDelivered, deliver
    from finops_airflow.clients import client_for

    report = deliver(Settings(), BillingPeriod.parse(billing_period), clients=client_for)
    if report.failed:
        raise NotDelivered(report)
    return [each.target for each in report.outcomes if each.result is Result.DELIVERED]


def pending_periods(settings: Settings) -> list[PeriodInput]:
    """Return what has landed, could be built and is not. A month with only one of Azure's two exports could not."""
    from finops.stores.state import ledger
    from finops.stores.state.store import open_state

    with open_state(settings).begin() as connection:
        pending = ledger.pending(connection)
    return [item for item in pending if ledger.missing_half(item) is None]
