"""What people are told: events into the outbox, and from there to the channels of ``channels.yml``.

A feature that keeps state puts its events itself, in the transaction of that state (``stores.state.outbox.add``). What
the state store knows anyhow (rejected deliveries, periods that are held back, sources that have gone quiet) is
collected when messages are delivered, so that nothing that was recorded is forgotten, and nothing told twice.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from finops.core.errors import FinopsError
from finops.core.events import Event, Severity
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from finops.notifications.models import Report
    from finops.policy.channels import AnyChannel

logger = logging.getLogger(__name__)

REJECTED, REFUSED, UNBUILT, STALE = "delivery_rejected", "gate_refused", "build_failed", "stale_source"
_COLLECTED = (REJECTED, REFUSED, UNBUILT, STALE)


def has_channels(settings: Settings) -> bool:
    """Tell whether anybody is told anything. Raise BadInput for an invalid ``channels.yml``."""
    from finops.policy import channels

    return bool((settings.configuration_dir / channels.FILE).exists() and channels.load(settings).channels)


def put(settings: Settings, events: Iterable[Event]) -> int:
    """Put events into the outbox, each key once; return how many are new. Without channels nothing is put."""
    from finops.stores.state import outbox
    from finops.stores.state.store import open_state

    found = list(events)
    if not found or not has_channels(settings):
        return 0
    with open_state(settings).begin() as connection:
        return outbox.add(connection, found)


def put_quietly(settings: Settings, events: Callable[[], Iterable[Event]]) -> None:
    """Put events of work that is done: it must not fail for what there is to say of it."""
    try:
        put(settings, events())
    except (FinopsError, OSError) as error:
        logger.error("nobody is told of this: %s", error)


def deliver(settings: Settings, *, connections: Callable[[AnyChannel], Any] = lambda _: None) -> Report:
    """Collect what the state store knows and send what is due; a channel that fails is in the report.

    ``connections`` gives the secret, or the mail server, of a channel that names an Airflow Connection.
    """
    from finops.notifications import service
    from finops.notifications.models import Report

    if not has_channels(settings):
        return Report()
    collect(settings)
    return service.deliver(settings, connections=connections)


def collect(settings: Settings, now: datetime | None = None) -> None:
    """Put what stands (rejected deliveries, periods held back, stale sources) and the end of what no longer does."""
    from finops.stores.state import outbox
    from finops.stores.state.store import open_state

    with open_state(settings).begin() as connection:
        found = [*_rejected(connection), *_held_back(connection)]
        found += _stale(connection, settings, now or datetime.now(UTC))
        found = [_anew(connection, event) for event in found]
        keys = {outbox.kept_key(event.key) for event in found}
        ended = [each.event for each in outbox.standing_of(connection, _COLLECTED) if each.event.key not in keys]
        outbox.add(connection, [*found, *map(_end_of, ended)], now)


def _rejected(connection: Connection) -> list[Event]:
    from finops.stores.state import rejections

    return [
        Event(
            kind=REJECTED,
            key=f"{REJECTED}/{each.number}",
            severity=Severity.WARNING,
            title=f"A delivery of {each.source} was {each.outcome}",
            text=each.reason,
            facts=(("Provider", str(each.provider)), ("Source", each.source), *_month(each.billing_period)),
            next_steps=("`finops deliveries` lists what was not taken, and dismisses it.",),
            group=REJECTED,
        )
        for each in rejections.standing(connection)
        if each.outcome != "waiting"
    ]


def _held_back(connection: Connection) -> list[Event]:
    from finops.pipelines import marts
    from finops.stores.state import held_back

    found = []
    for each in held_back.standing(connection):
        deliveries = "\n".join(sorted(delivery.delivery_id for delivery in each.deliveries))
        digest = hashlib.sha256(f"{deliveries}\n{each.reason}".encode()).hexdigest()[:16]
        kind = UNBUILT if each.stage == held_back.BUILD else REFUSED
        what = "cannot be built" if kind == UNBUILT else "was refused by the gate"
        found.append(
            Event(
                kind=kind,
                key=f"{kind}/{each.provider}/{each.billing_period}/{digest}",
                severity=Severity.WARNING,
                title=f"{each.provider} {each.billing_period} {what}; readers keep the version before",
                text=each.reason,
                facts=(("Provider", str(each.provider)), *_month(each.billing_period), ("Build", each.build_id)),
                links=(("Builds and data quality", "quality/index.html"),),
                next_steps=(marts.remedy(each),),
                group="held_back",
            )
        )
    return found


def _stale(connection: Connection, settings: Settings, now: datetime) -> list[Event]:
    """Return an event for each source whose newest delivery is older than ``freshness_hours`` of ``kpis.yml``."""
    from finops.policy import kpis
    from finops.stores.state import ledger

    hours = kpis.load(settings).freshness_hours
    newest: dict[tuple[str, str], datetime] = {}
    for each in ledger.current(connection):
        key = (str(each.provider), each.source)
        newest[key] = max(each.landed_at, newest.get(key, each.landed_at))
    return [
        Event(
            kind=STALE,
            key=f"{STALE}/{provider}/{source}/{landed_at:%Y-%m-%dT%H:%M:%S}",
            severity=Severity.WARNING,
            title=f"{provider} {source} has brought nothing for more than {hours} hours",
            text=f"Its newest delivery landed at {landed_at:%Y-%m-%d %H:%M} UTC; figures of the open month are older.",
            facts=(("Provider", provider), ("Source", source)),
            next_steps=("Look at the export in the cloud's console, and at the last runs of its ingest DAG.",),
            group=STALE,
        )
        for (provider, source), landed_at in sorted(newest.items())
        if now - landed_at > timedelta(hours=hours)
    ]


def statements_published(settings: Settings, periods: Sequence[BillingPeriod]) -> list[Event]:
    """Return an event for each month whose statements readers have since: one for each set of them."""
    from finops.stores.statements import open_statements

    found = []
    for period in periods:
        shown = open_statements(settings, period)
        page = f"statements/billing_period={period}/index.html"
        found.append(
            Event(
                kind="statements_published",
                key=f"statements_published/{period}/{shown.status}/{shown.build_id}",
                severity=Severity.INFO,
                title=f"Statements of {period} are published ({shown.status})",
                text=f"They are {shown.status}, of build {shown.build_id}.",
                facts=(*_month(period), ("Status", shown.status)),
                links=(("Open them", page),),
                group="statements_published",
            )
        )
    return found


def task_failed(dag_id: str, task_id: str, run_id: str, period: str | None, reason: str, link: str | None) -> Event:
    """Return the event that a task has failed for good."""
    return Event(
        kind="task_failed",
        key=f"task_failed/{dag_id}/{run_id}/{task_id}",
        severity=Severity.WARNING,
        title=f"{dag_id}.{task_id} failed" + (f" for {period}" if period else ""),
        text=reason,
        facts=(("DAG", dag_id), ("Task", task_id), ("Run", run_id), *((("Period", period),) if period else ())),
        links=(("Open the task", link),) if link else (),
        next_steps=("Remove the cause, then clear the task in Airflow.",),
        group=f"task_failed/{dag_id}/{run_id}",
    )


def deadline_missed(dag_id: str, run_id: str, period: str | None, deadline: str, link: str | None) -> Event:
    """Return the event that a run is not finished when it ought to be."""
    return Event(
        kind="deadline_missed",
        key=f"deadline_missed/{dag_id}/{run_id}/{deadline}",
        severity=Severity.WARNING,
        title=f"{dag_id} is late" + (f" for {period}" if period else ""),
        text=f"It was to be finished by {deadline}.",
        facts=(("DAG", dag_id), ("Run", run_id), *((("Period", period),) if period else ())),
        links=(("Open the run", link),) if link else (),
        next_steps=("Look at what the run waits for: a slot of a pool, a source, or a lock.",),
    )


def _anew(connection: Connection, event: Event) -> Event:
    """Return an event that has come back after its end under a key of its own, so that it is told again."""
    from finops.stores.state import outbox

    while (known := outbox.entry(connection, event.key)) and known.ended_at:
        event = replace(event, key=f"{event.key}/{known.ended_at:%Y%m%dT%H%M%S}")
    return event


def _end_of(event: Event) -> Event:
    return Event(
        kind=f"{event.kind}_ended",
        key=f"{event.key}/ended",
        severity=Severity.INFO,
        title=event.title,
        text="It no longer stands.",
        owner=event.owner,
        group=event.group,
        resolves=event.key,
    )


def _month(period: BillingPeriod | None) -> tuple[tuple[str, str], ...]:
    return () if period is None else (("Billing period", str(period)),)
