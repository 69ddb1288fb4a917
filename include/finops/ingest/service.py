"""Ingest one origin of one provider: discover, verify the whole set, land, record in the ledger, in that order."""

from __future__ import annotations

import logging
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Engine

from finops.core.errors import BadInput, FinopsError, NotOffered, NotReady
from finops.core.formats import SourceFormat
from finops.core.locks import exclusive
from finops.core.machine import one_line_errors
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest import landing
from finops.ingest.intake import Intake, known_as
from finops.ingest.models import DeliveryRef, Discovery, IngestReport, Outcome, Rejection, Source
from finops.ingest.origin import Origin
from finops.stores.state import rejections as recorded
from finops.stores.state.ledger import Delivery
from finops.stores.state.store import open_state

_LOG = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do: the deliveries that are new, how many are known, and what would be rejected."""

    new: tuple[DeliveryRef, ...]
    unchanged: int
    rejections: tuple[Rejection, ...]


def ingest(
    settings: Settings,
    provider: Provider,
    origin: str,
    *,
    periods: Sequence[BillingPeriod] | None = None,
    no_manifest: bool = False,
    source: str | None = None,
    source_format: SourceFormat | None = None,
    accept_empty: bool = False,
    force: bool = False,
    accept_smaller: bool = False,
    client: object | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Land what is new at ``origin`` and make it current; leave everything else as it was.

    Every delivery is tried, whatever becomes of the others. Rejections are in the report and, open, in the state
    store, but for those that somebody has dismissed. A delivery that has landed before costs one look-up; one that was
    withdrawn is taken again only by ``force``. Raise BadInput for an unusable origin, option or period, Unavailable
    when the origin, the disk or another run stands in the way.
    """
    where = Origin(provider, origin, no_manifest, source, source_format, client)
    with one_line_errors(settings), exclusive(settings, f"ingest-{provider}"):
        engine = open_state(settings)
        with landing.incoming(settings, provider) as folder, where.opened(settings, folder) as (connection, opened):
            found = _discover(opened, periods, origin)
            offered = frozenset((each.provider, each.source, each.billing_period) for each in found.deliveries)
            intake = Intake(settings, engine, connection, folder, opened, offered, accept_empty, force, accept_smaller)
            report = _take_all(intake, found, progress)
            return _note(engine, found, report, is_whole=periods is None)


def plan(
    settings: Settings,
    provider: Provider,
    origin: str,
    *,
    periods: Sequence[BillingPeriod] | None = None,
    no_manifest: bool = False,
    source: str | None = None,
    source_format: SourceFormat | None = None,
    client: object | None = None,
) -> Plan:
    """Say what ``ingest`` would land, and land nothing. Files without a manifest are read for it."""
    where = Origin(provider, origin, no_manifest, source, source_format, client)
    with tempfile.TemporaryDirectory() as scratch, one_line_errors(settings):
        engine = open_state(settings)
        with where.opened(settings, Path(scratch)) as (_, opened):
            found = _discover(opened, periods, origin)
        new = tuple(ref for ref in found.deliveries if known_as(settings, engine, ref) is None)
        return Plan(new, len(found.deliveries) - len(new), found.rejections)


def problem(report: IngestReport) -> FinopsError | None:
    """Return the error a caller raises for the rejections of a run, None when there are none.

    What only waits can mend itself: NotReady, which a scheduler may retry. Anything else is bad input.
    """
    if not report.rejections:
        return None
    lines = "; ".join(each.reason for each in report.rejections)
    is_waiting = all(each.outcome is Outcome.WAITING for each in report.rejections)
    return NotReady(lines) if is_waiting else BadInput(lines)


def _discover(source: Source, periods: Sequence[BillingPeriod] | None, origin: str) -> Discovery:
    found = source.discover(periods)
    seen = {each.billing_period for each in found.deliveries} | {each.billing_period for each in found.rejections}
    if periods is not None and None not in seen and (absent := sorted(set(periods) - seen)):
        months = ", ".join(map(str, absent))
        raise NotOffered(f"{origin}: has no delivery of billing period {months}; nothing landed")
    return found


def _take_all(intake: Intake, found: Discovery, progress: Progress | None) -> IngestReport:
    landed: list[Delivery] = []
    rejections = list(found.rejections)
    for number, ref in enumerate(sorted(found.deliveries, key=lambda each: (each.billing_period, each.source))):
        if progress is not None:
            progress(f"{ref.provider} {ref.source} {ref.billing_period}", number, len(found.deliveries))
        result = intake.take(ref)
        if isinstance(result, Rejection):
            rejections.append(result)
        elif result is not None:
            _LOG.info("landed %s %s %s: %d rows", ref.provider, ref.source, ref.billing_period, result.row_count)
            landed.append(result)
    rejected_here = len(rejections) - len(found.rejections)
    return IngestReport(tuple(landed), len(found.deliveries) - len(landed) - rejected_here, tuple(rejections))


def _note(engine: Engine, found: Discovery, report: IngestReport, *, is_whole: bool) -> IngestReport:
    """Record the rejections, and close earlier ones that no longer stand for the periods this run looked at.

    A run that looked at everything a source offers also closes its rejections of no known period. Return the report
    without the rejections that somebody has dismissed: they count as unchanged.
    """
    standing: dict[tuple[Provider, str, BillingPeriod | None], list[str]] = defaultdict(list)
    for ref in found.deliveries:
        standing[ref.provider, ref.source, ref.billing_period] = []
        if is_whole:
            standing[ref.provider, ref.source, None] = []
    with engine.begin() as connection:
        rejections = tuple(each for each in report.rejections if _stands(connection, each))
        for each in rejections:
            standing[each.provider, each.source, each.billing_period].append(each.reason)
        for key, reasons in standing.items():
            recorded.resolve(connection, *key, keep=reasons)
    return replace(report, unchanged=report.unchanged + len(report.rejections) - len(rejections), rejections=rejections)


def _stands(connection: Connection, rejection: Rejection) -> bool:
    is_standing = recorded.record(
        connection,
        provider=rejection.provider,
        source=rejection.source,
        period=rejection.billing_period,
        fingerprint=rejection.fingerprint,
        outcome=rejection.outcome.value,
        reason=rejection.reason,
    )
    if not is_standing:
        _LOG.info("%s %s: was dismissed: %s", rejection.provider, rejection.source, rejection.reason)
    return is_standing
