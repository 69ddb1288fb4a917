"""Ingest one source of telemetry: find its files, verify each, land each day that is new or changed, record it."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from finops.core.errors import BadInput, NotReady
from finops.core.locks import exclusive
from finops.core.machine import one_line_errors
from finops.core.progress import Progress
from finops.core.settings import Settings
from finops.core.text import shown
from finops.policy.telemetry import TelemetrySource, load
from finops.stores.state import telemetry as ledger
from finops.stores.state.store import open_state
from finops.stores.state.telemetry import Holding, ReadFile, TelemetryDelivery
from finops.telemetry import landing
from finops.telemetry.asking import Asking
from finops.telemetry.models import Fault, IngestReport, OfferedFile, Rejection, Schema, StagedFile
from finops.telemetry.readers import offered
from finops.telemetry.schemas import SCHEMAS
from finops.telemetry.staging import stage

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LOG = logging.getLogger(__name__)

CLOCK_SKEW = timedelta(minutes=15)
"""How far a clock may be ahead; what is later has not happened."""

LONGEST_NOTE = 2000
"""Characters."""


def ingest(
    settings: Settings,
    source: TelemetrySource,
    *,
    days: Collection[date] | None = None,
    accept_smaller: bool = False,
    dry_run: bool = False,
    client: Any = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Land every day (UTC) of a source that is new or changed, only of ``days`` if given; leave all else as it was.

    A day is made of all files that have rows of it and replaces the one before whole. A bad file is refused by itself,
    and a day that was made from it, or from one that is gone, stays as it is; ``accept_smaller`` does without those
    that are gone. A file that was read before costs one look-up. With ``dry_run`` nothing lands. A monitoring system
    is asked first, with ``client`` where a login is configured; what it does not answer is a rejection. Raise BadInput
    when there is no such place, Unavailable when the disk or another run stands in the way.
    """
    with one_line_errors(settings), exclusive(settings, f"telemetry-{source.name}"):
        store = open_state(settings)
        lost = _lost_days(settings, source, store)
        found = offered(Asking(settings, source, days, lost, accept_smaller, client, progress))
        with landing.incoming(settings, source) as folder, landing.engine(settings, folder) as connection:
            run = _Run(settings, source, store, connection, folder, found.files, accept_smaller, dry_run, progress)
            run.note(found.faults)
            return run.take(days)


def _lost_days(settings: Settings, source: TelemetrySource, store: Engine) -> set[date]:
    with store.connect() as connection:
        current = ledger.current(connection, source.name, source.kind)
    return {day for day, each in current.items() if not landing.is_whole(settings, each)}


def status(settings: Settings) -> list[Holding]:
    """Return what has landed, by source and kind, also of configured sources of which nothing has."""
    configured = load(settings)
    with open_state(settings).connect() as connection:
        found = ledger.holdings(connection)
    landed = {(each.source, each.kind) for each in found}
    waiting = (each for each in configured if (each.name, each.kind) not in landed)
    return [*found, *(Holding(each.name, each.kind, 0, None, None, 0, 0, None) for each in waiting)]


@dataclass
class _Run:
    """One pass over a source. ``staged`` are its files whose rows all hold, ``refused`` the names of the others."""

    settings: Settings
    source: TelemetrySource
    store: Engine
    connection: DuckDBPyConnection
    folder: Path
    offered: list[OfferedFile]
    accept_smaller: bool
    dry_run: bool
    progress: Progress | None
    staged: dict[str, StagedFile] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def schema(self) -> Schema:
        """The source's kind."""
        return SCHEMAS[self.source.kind]

    def note(self, faults: Collection[Fault]) -> None:
        """Count what a monitoring system did not answer among the rejections, and keep what is only told."""
        for each in faults:
            reason = f"{self.source.name}: {each.reason}"
            _LOG.warning("%s", reason)
            if each.is_note:
                self.notes.append(shown(reason, LONGEST_NOTE))
                continue
            kind = self.source.kind
            self.rejections.append(
                Rejection(self.source.name, kind, reason, None, each.day, each.is_waiting, is_unanswered=True)
            )

    def take(self, days: Collection[date] | None) -> IngestReport:
        """Read what is new, land the days that it touches, and remember the files that are done."""
        with self.store.begin() as connection:
            known = ledger.files(connection, self.source.name, self.source.kind)
            current = ledger.current(connection, self.source.name, self.source.kind)
        new = [each for each in self.offered if not _is_known(each, known.get(each.name))]
        self._stage(new)
        lost = {day for day, each in current.items() if not landing.is_whole(self.settings, each)}
        touched = lost | {day for each in new for day in _days(self.staged.get(each.name), known.get(each.name))}
        wanted = {day for day in touched if days is None or day in days}
        names = {each.name for each in new}
        self._stage([each for each in self.offered if each.name not in names and wanted & set(known[each.name].days)])
        done = _Done()
        for number, day in enumerate(sorted(wanted)):
            self._tell(f"{self.source.name} {day}", number, len(wanted))
            self._take_day(day, current.get(day), done)
        open_days = touched - wanted | done.refused
        read = [self.staged[each.name] for each in new if each.name in self.staged]
        self._remember([each for each in read if not open_days & _days(each, known.get(each.offered.name))])
        return self._report(done, read, len(self.offered) - len(new))

    def _stage(self, files: list[OfferedFile]) -> None:
        for number, each in enumerate(files):
            self._tell(f"{self.source.name} {each.name}", number, len(files))
            place = self.folder / f"file-{len(self.staged) + len(self.rejections)}"
            try:
                self.staged[each.name] = stage(self.connection, each, self.schema, place, self.begun + CLOCK_SKEW)
            except (BadInput, NotReady) as error:
                self._reject(f"{self.source.name}: {error}", file=each.name, is_waiting=error.is_retryable)
            except (FileNotFoundError, PermissionError) as error:
                if error.filename not in (each.path, str(each.path)):
                    raise
                is_gone = isinstance(error, FileNotFoundError)
                reason = "is gone; the next run looks again" if is_gone else "may not be read; permit it"
                self._reject(f"{self.source.name}: {each.name}: {reason}", file=each.name, is_waiting=is_gone)

    def _take_day(self, day: date, current: TelemetryDelivery | None, done: _Done) -> None:
        files = [each for each in self.staged.values() if day in each.parts]
        if objection := self._objection(current):
            reason, is_waiting = objection
            done.refused.add(day)
            self._reject(
                f"{self.source.name}: {day}: is left as it was, since {reason}", day=day, is_waiting=is_waiting
            )
            return
        if not files:
            return
        try:
            made, overlapping = landing.make(self.connection, self.source, self.schema, day, files)
        except BadInput as error:
            done.refused.add(day)
            self._reject(f"{self.source.name}: {error}", day=day)
            return
        done.overlapping += overlapping
        if current is not None and current.delivery_id == made.delivery_id and landing.is_whole(self.settings, current):
            done.unchanged += 1
            made = replace(current, files=made.files)
        else:
            made = self._written(made)
            done.landed.append(made)
        if not self.dry_run:
            with self.store.begin() as connection:
                ledger.record(connection, made)

    def _written(self, made: TelemetryDelivery) -> TelemetryDelivery:
        if self.dry_run:
            return made
        sha256, byte_count = landing.write(self.connection, self.settings.landing_dir / made.relative_path, self.folder)
        _LOG.info("landed %s %s %s: %d rows", made.kind, made.source, made.day, made.row_count)
        return replace(made, sha256=sha256, byte_count=byte_count)

    def _objection(self, current: TelemetryDelivery | None) -> tuple[str, bool] | None:
        """Return why a day must not be replaced, a file that it was made from is refused or gone, and if it waits."""
        if current is None:
            return None
        present = {each.sha256 for each in self.staged.values()}
        names = {each.name for each in self.offered}
        refused = {each.file: each.is_waiting for each in self.rejections}
        for name, sha256 in current.files:
            if sha256 in present:
                continue
            if refused.get(name):
                return f"{name}, which it was made from, is not written to its end", True
            if name in refused:
                return f"{name}, which it was made from, is refused; mend it, and the day is made anew", False
            if name not in names and not self.accept_smaller:
                return f"{name}, which it was made from, is gone; put it back, or use --accept-smaller", False
        return None

    def _remember(self, files: list[StagedFile]) -> None:
        """Note the files that are done: none of the days that they have, or had, is still to land."""
        if self.dry_run:
            return
        with self.store.begin() as connection:
            ledger.remember(connection, self.source.name, self.source.kind, map(_read_file, files))

    def _report(self, done: _Done, read: list[StagedFile], known_files: int) -> IngestReport:
        return IngestReport(
            source=self.source.name,
            kind=self.source.kind,
            landed=tuple(done.landed),
            unchanged=done.unchanged,
            rejections=tuple(self.rejections),
            read_files=len(read),
            known_files=known_files,
            rows=sum(each.row_count for each in read),
            repeated=sum(each.repeated for each in read),
            overlapping=done.overlapping,
            set_apart=sum(each.set_apart for each in read),
            notes=tuple(self.notes),
        )

    def _reject(
        self, reason: str, *, file: str | None = None, day: date | None = None, is_waiting: bool = False
    ) -> None:
        _LOG.warning("%s", reason)
        self.rejections.append(Rejection(self.source.name, self.source.kind, reason, file, day, is_waiting))

    def _tell(self, message: str, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(message, done, total)


@dataclass
class _Done:
    """What became of the days so far."""

    landed: list[TelemetryDelivery] = field(default_factory=list)
    refused: set[date] = field(default_factory=set)
    unchanged: int = 0
    overlapping: int = 0


def _is_known(file: OfferedFile, read: ReadFile | None) -> bool:
    return read is not None and (file.byte_count, file.modified_ns) == (read.byte_count, read.modified_ns)


def _days(staged: StagedFile | None, before: ReadFile | None) -> set[date]:
    """Return the days that a new or changed file touches: those that it has, and those that it had."""
    return set() if staged is None else set(staged.parts) | set(before.days if before else ())


def _read_file(staged: StagedFile) -> ReadFile:
    offered = staged.offered
    days = tuple(sorted(staged.parts))
    figures = (offered.byte_count, offered.modified_ns, staged.sha256, staged.row_count, staged.set_apart)
    return ReadFile(offered.name, *figures, days)
