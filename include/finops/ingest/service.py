"""Ingest: discover → verify the whole set → land → ledger row, in that order, for one provider and origin."""

from __future__ import annotations

import errno
import logging
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import Engine

from finops.core.errors import BadInput, FinopsError, NotOffered, NotReady, Unavailable
from finops.core.formats import Provider, SourceFormat
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.ingest import landing, policy
from finops.ingest.manifests import ManifestSource
from finops.ingest.models import DeliveryRef, Discovery, IngestReport, NotTaken, Outcome, Source
from finops.ingest.reading import open_engine
from finops.ingest.stores import ChangedWhileRead, open_store
from finops.ingest.unmanifested import HandSource
from finops.ingest.verify import FileFacts, inspect
from finops.stores.state import ledger, rejections
from finops.stores.state.ledger import Delivery
from finops.stores.state.store import open_state

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LOG = logging.getLogger(__name__)
_ATTEMPTS = 3

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would take: deliveries that are new to the ledger, how many are known, and what is amiss."""

    new: tuple[DeliveryRef, ...]
    unchanged: int
    not_taken: tuple[NotTaken, ...]


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where to look and how."""

    provider: Provider
    uri: str
    no_manifest: bool
    name: str | None
    source_format: SourceFormat | None
    client: object | None


@dataclass(frozen=True, slots=True)
class _Run:
    """What every step of one run shares."""

    settings: Settings
    engine: Engine
    connection: DuckDBPyConnection
    folder: Path
    source: Source
    accept_empty: bool


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
    client: object | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Land what is new at ``origin`` and make it current; leave everything else as it was.

    Every delivery is tried whatever becomes of the others; what was not taken is in the report and, open, in the
    state store. A delivery already landed costs one look-up. Raise BadInput for an origin, option or period that
    cannot be used, Unavailable when the origin, the disk or another run stands in the way.
    """
    where = _Origin(provider, origin, no_manifest, source, source_format, client)
    with _one_line_errors(settings), exclusive(settings, f"ingest-{provider}"):
        engine = open_state(settings)
        with (
            landing.incoming(settings, provider) as folder,
            _open_source(settings, folder, where) as (connection, opened),
        ):
            run = _Run(settings, engine, connection, folder, opened, accept_empty)
            found = _discover(opened, periods, origin)
            report = _take_all(run, found, progress)
            _note(engine, provider, found, report)
    return report


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
    """Say what ``ingest`` would take, and land nothing. Files without a manifest are read for it."""
    where = _Origin(provider, origin, no_manifest, source, source_format, client)
    with tempfile.TemporaryDirectory() as scratch, _one_line_errors(settings):
        engine = open_state(settings)
        with _open_source(settings, Path(scratch), where) as (_, opened):
            found = _discover(opened, periods, origin)
        new = tuple(ref for ref in found.deliveries if not _is_known(engine, ref))
        return Plan(new, len(found.deliveries) - len(new), found.not_taken)


@contextmanager
def _open_source(settings: Settings, folder: Path, origin: _Origin) -> Iterator[tuple[DuckDBPyConnection, Source]]:
    with open_engine(settings, folder) as connection:
        yield connection, _source_of(origin, folder, connection)


def _source_of(origin: _Origin, folder: Path, connection: DuckDBPyConnection) -> Source:
    if urlsplit(origin.uri).scheme == "bq":
        if origin.provider is not Provider.GCP:
            raise BadInput(f"{origin.uri}: BigQuery holds Google's bills; say --provider gcp, not {origin.provider}")
        from finops.ingest.bigquery import BigQuerySource

        return BigQuerySource(origin.uri, origin.client, source=origin.name)
    if origin.source_format is not None and not origin.no_manifest:
        raise BadInput("--format is for files without a manifest; add --no-manifest")
    store = open_store(origin.uri, origin.client)
    if origin.no_manifest:
        read = folder / "read"
        return HandSource(
            origin.provider, store, read, connection, name=origin.name, source_format=origin.source_format
        )
    return ManifestSource(origin.provider, store, origin.name)


def _discover(source: Source, periods: Sequence[BillingPeriod] | None, origin: str) -> Discovery:
    found = source.discover(periods)
    seen = {each.billing_period for each in found.deliveries} | {each.billing_period for each in found.not_taken}
    if periods is not None and None not in seen and (absent := sorted(set(periods) - seen)):
        months = ", ".join(map(str, absent))
        raise NotOffered(f"{origin}: has no delivery of billing period {months}; nothing was taken")
    return found


def _take_all(run: _Run, found: Discovery, progress: Progress | None) -> IngestReport:
    landed: list[Delivery] = []
    not_taken = list(found.not_taken)
    unchanged = 0
    for number, ref in enumerate(sorted(found.deliveries, key=lambda each: (each.billing_period, each.source))):
        if progress is not None:
            progress(f"{ref.provider} {ref.source} {ref.billing_period}", number, len(found.deliveries))
        if _is_known(run.engine, ref):
            unchanged += 1
            continue
        result = _take(run, ref)
        if isinstance(result, NotTaken):
            not_taken.append(result)
        elif result is None:
            unchanged += 1
        else:
            _LOG.info("landed %s %s %s: %d rows", ref.provider, ref.source, ref.billing_period, result.row_count)
            landed.append(result)
    return IngestReport(tuple(landed), unchanged, tuple(not_taken))


def _take(run: _Run, ref: DeliveryRef) -> Delivery | NotTaken | None:
    """Verify and land one delivery. None: its bytes are those of the current one."""
    for attempt in range(_ATTEMPTS):
        with tempfile.TemporaryDirectory(dir=run.folder) as scratch:
            try:
                return _take_once(run, ref, Path(scratch) / "delivery")
            except ChangedWhileRead as error:
                complaint = str(error)
            except BadInput as error:
                return _refuse(ref, Outcome.QUARANTINED, str(error))
        _LOG.warning("%s (attempt %d of %d)", complaint, attempt + 1, _ATTEMPTS)
        again = [each for each in run.source.discover([ref.billing_period]).deliveries if each.source == ref.source]
        if not again:
            break
        ref = again[0]
    return _refuse(ref, Outcome.WAITING, f"{complaint}; waits until the export is written to its end")


def _take_once(run: _Run, ref: DeliveryRef, folder: Path) -> Delivery | NotTaken | None:
    current, produced_at, others = _neighbours(run.engine, ref)
    if reason := policy.is_older(ref, current, produced_at):
        return _refuse(ref, Outcome.REFUSED, reason)
    folder.mkdir()
    facts = _verify(run, ref, folder)
    delivery = landing.describe(ref, facts)
    is_current = current is not None and delivery.delivery_id == current.delivery_id
    reason = None if is_current else policy.refusal(delivery, current, others, accept_empty=run.accept_empty)
    if reason:
        return _refuse(ref, Outcome.REFUSED, reason)
    with run.engine.begin() as connection:
        is_known = ledger.find(connection, delivery.delivery_id) is not None
    if not is_known:
        landing.land(run.settings, folder, delivery)
    with run.engine.begin() as connection:
        recorded = landing.record(connection, delivery, ref)
    return None if is_current else recorded


def _verify(run: _Run, ref: DeliveryRef, folder: Path) -> list[FileFacts]:
    fetched = run.source.fetch(ref, folder)
    if not fetched:
        what = f"{ref.provider} {ref.source} {ref.billing_period}"
        raise BadInput(f"{what}: the manifest names no file; have the export written again")
    sizes = {each.key: each.byte_count for each in ref.files}
    for each in fetched:
        expected, actual = sizes.get(each.source_key), each.path.stat().st_size
        if expected is not None and actual != expected:
            raise BadInput(f"{each.source_key}: {actual} bytes, its manifest says {expected}; fetch it again")
    facts = [each.facts or inspect(run.connection, each, ref.provider, ref.format) for each in fetched]
    _must_agree(ref, facts)
    return facts


def _must_agree(ref: DeliveryRef, facts: list[FileFacts]) -> None:
    """Hold the files of a delivery to each other and to the delivery's period and row count."""
    if len({each.format for each in facts}) > 1:
        kinds = ", ".join(sorted({f"{each.file.source_key} is {each.format}" for each in facts})[:2])
        raise BadInput(f"{ref.source} {ref.billing_period}: its files are of several formats ({kinds})")
    for each in facts:
        strangers = {group.period for group in each.groups} - {str(ref.billing_period)}
        if strangers and not ref.is_mixed:
            raise BadInput(
                f"{each.file.source_key}: holds rows of billing period {min(strangers)}, "
                f"its manifest says {ref.billing_period}; have the export written again"
            )
    total = sum(each.row_count() for each in facts)
    if ref.row_count is not None and total != ref.row_count:
        raise BadInput(f"{ref.source} {ref.billing_period}: {total:,} rows, its manifest says {ref.row_count:,}")


def _neighbours(engine: Engine, ref: DeliveryRef) -> tuple[Delivery | None, datetime | None, list[Delivery]]:
    with engine.begin() as connection:
        found = ledger.current(connection, ref.provider, ref.billing_period)
        current = next((each for each in found if each.source == ref.source), None)
        produced_at = ledger.produced_at(connection, current.delivery_id) if current else None
    return current, produced_at, [each for each in found if each.source != ref.source]


def _is_known(engine: Engine, ref: DeliveryRef) -> bool:
    with engine.begin() as connection:
        return ledger.seen(connection, ref.provider, ref.source, ref.billing_period, ref.fingerprint)


def _refuse(ref: DeliveryRef, outcome: Outcome, reason: str) -> NotTaken:
    return NotTaken(ref.provider, ref.source, ref.billing_period, outcome, reason, ref.fingerprint)


def _note(engine: Engine, provider: Provider, found: Discovery, report: IngestReport) -> None:
    """Write down what was not taken, and close what no longer stands for the periods this run looked at."""
    standing: dict[tuple[str, BillingPeriod | None], list[str]] = defaultdict(list)
    for ref in found.deliveries:
        standing[ref.source, ref.billing_period] = []
    for each in report.not_taken:
        standing[each.source, each.billing_period].append(each.reason)
    with engine.begin() as connection:
        for (source, period), reasons in standing.items():
            rejections.resolve(connection, provider, source, period, keep=reasons)
        for each in report.not_taken:
            rejections.record(
                connection,
                provider=provider,
                source=each.source,
                period=each.billing_period,
                fingerprint=each.fingerprint,
                outcome=each.outcome.value,
                reason=each.reason,
            )


@contextmanager
def _one_line_errors(settings: Settings) -> Iterator[None]:
    """Turn what the disk says into an error that names the place and the remedy."""
    try:
        yield
    except OSError as error:
        where = error.filename or settings.landing_dir
        if error.errno == errno.ENOSPC:
            raise Unavailable(f"{where}: the disk is full; nothing changed, free some space and run again") from None
        raise BadInput(f"{where}: {error.strerror or error}; nothing changed, make it readable and writable") from None


def problem(report: IngestReport) -> FinopsError | None:
    """Return the error a caller raises for what was not taken, None when all is well.

    Waiting alone can mend itself: NotReady, which a scheduler may retry. Anything else is bad input.
    """
    if not report.not_taken:
        return None
    lines = "; ".join(each.reason for each in report.not_taken)
    is_waiting = all(each.outcome is Outcome.WAITING for each in report.not_taken)
    return NotReady(lines) if is_waiting else BadInput(lines)
