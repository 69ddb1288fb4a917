"""A monitoring system's telemetry as files: which days it is asked for, and its answer for a whole day as one file.

The answers are kept in ``FINOPS_HOME/telemetry/SOURCE/KIND/DAY.parquet``. A day that was asked for once it was over is
whole, and is not asked for again. What knows only how things stand now is asked for today alone.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from finops.core.atomic import replacing
from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.progress import Progress
from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.policy.telemetry import AskedSource
from finops.telemetry.models import ColumnType, Fault, Gap, Schema
from finops.telemetry.schemas import SCHEMAS

if TYPE_CHECKING:
    import pyarrow as pa

_LOG = logging.getLogger(__name__)

LONGEST_OPEN = timedelta(days=90)
"""How long a day is asked for again that is not whole: a training run that has begun on it still runs."""

MOST_ROWS = 20_000_000
"""Rows of one day of one source; more is a query that went wrong."""

_IS_WHOLE, _QUESTION, _LACKS = b"finops.is_whole", b"finops.question", b"finops.lacks"

_NO_QUESTION = {"connection", "token_file", "ca_file", "days_back", "settle_minutes", "timeout_seconds"}
"""What a source has that does not change what is asked."""

Rows = Mapping[str, Sequence[Any]]
"""Some rows of a kind: the values of each column, None where there is none. Numbers are floats, times have a zone."""


class Monitor(Protocol):
    """A monitoring system that can be asked."""

    def ask(self, day: date, until: datetime) -> Iterator[Rows | Gap]:
        """Yield what it knows of a day (UTC), up to ``until``: its end, or of a day that is not over
        now, and of a kind with buckets the last full hour that has settled.

        A gap is a part that it does not answer, beside the rest. Raise Unavailable where it does not answer at all,
        BadInput where it refuses.
        """
        ...


def now() -> datetime:
    """Return the time by which days are judged."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Asking:
    """One look at a source, of the type that its reader is for.

    ``days``: only these; ``lost``: days whose landed file is gone. ``client`` is what is logged in with; None leaves
    that to the source and to the SDK's own chain.
    """

    settings: Settings
    source: Any
    days: Collection[date] | None = None
    lost: Collection[date] = ()
    accept_smaller: bool = False
    client: Any = None
    progress: Progress | None = None
    now: datetime = field(default_factory=lambda: now())

    @property
    def folder(self) -> Path:
        """Where the answers are kept."""
        return self.settings.answers_dir / self.source.name / self.source.kind


def take(asking: Asking, source: AskedSource, monitor: AbstractContextManager[Monitor]) -> tuple[Fault, ...]:
    """Ask for the days that are due and keep the answers; return what went wrong, and what else is to be told.

    A day that fails leaves its answer as it was. A system that does not answer is not asked for the days after.
    """
    days = days_to_ask(asking, source)
    faults = _past_days(asking, source)
    with monitor as system:
        for number, day in enumerate(days):
            if asking.progress is not None:
                asking.progress(f"{source.name} {day}", number, len(days))
            try:
                faults += _ask(asking, source, system, day)
            except FinopsError as error:
                _LOG.debug("%s of %s failed", day, source.name, exc_info=error)
                if not any(str(error) == each.reason for each in faults):
                    faults.append(Fault(day, str(error), is_waiting=error.is_retryable))
                if isinstance(error, Unavailable):
                    break
    return tuple(faults)


def days_to_ask(asking: Asking, source: AskedSource) -> list[date]:
    """Return the days, the oldest first: those given, or those not whole yet within ``days_back``, and the lost ones.

    A day that was asked for and is not whole is asked for again for 90 days. When the source's question has changed,
    the days within ``days_back`` are asked for anew. What is of now is asked for today alone. Raise BadInput for a day
    to come.
    """
    today = asking.now.date()
    due = _given(asking, today) if asking.days is not None else _due(asking, source, today)
    return [day for day in due if day == today] if source.is_of_now else due


def _given(asking: Asking, today: date) -> list[date]:
    days = sorted(asking.days or ())
    if late := [day for day in days if day > today]:
        raise BadInput(f"{late[0]} is still to come; name a day up to {today} (UTC)")
    return days


def _due(asking: Asking, source: AskedSource, today: date) -> list[date]:
    kept = _kept(asking, today)
    recent = {today - timedelta(days=number) for number in range(source.days_back + 1)}
    done = {day for day, each in kept.items() if each.is_whole and each.question == _question(source)}
    still_open = {day for day, each in kept.items() if not each.is_whole}
    lost = {day for day in asking.lost if not _path(asking, day).exists()}
    return sorted((recent - done) | still_open | lost)


def _past_days(asking: Asking, source: AskedSource) -> list[Fault]:
    """Return what is told of past days that are wanted of a system that knows only what is now."""
    if not source.is_of_now:
        return []
    today = asking.now.date()
    told = [
        Fault(day, f"{day} is over, and {source.type} tells what is now; the day keeps what has landed", is_note=True)
        for day in sorted(asking.days or ())
        if day < today
    ]
    if gone := sorted(day for day in asking.lost if day < today and not _path(asking, day).exists()):
        says = f"{len(gone)} days that had landed are lost, the first is {gone[0]}; nobody can be asked for them again"
        told.append(Fault(gone[0], says, is_note=True))
    return told


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer that is kept: its rows, whether it is whole, the digest of what was asked, and which parts it lacks."""

    rows: int = 0
    is_whole: bool = False
    question: bytes = b""
    lacks: frozenset[str] = frozenset()


def _question(source: AskedSource) -> bytes:
    text = source.model_dump_json(exclude=_NO_QUESTION)
    return hashlib.sha256(text.encode()).hexdigest().encode()


def _kept(asking: Asking, today: date) -> dict[date, _Kept]:
    """Return the kept answers by day, the older ones left out."""
    found: dict[date, _Kept] = {}
    for path in asking.folder.glob("????-??-??.parquet"):
        try:
            day = date.fromisoformat(path.name.removesuffix(".parquet"))
        except ValueError:
            continue
        if day >= today - LONGEST_OPEN:
            found[day] = _footer(path)
    return found


def _path(asking: Asking, day: date) -> Path:
    return asking.folder / f"{day}.parquet"


def _footer(path: Path) -> _Kept:
    """Return what a kept answer says of itself; a file that is none says nothing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            said = file.metadata.metadata or {}
            lacks = frozenset(said.get(_LACKS, b"").decode().splitlines())
            return _Kept(file.metadata.num_rows, said.get(_IS_WHOLE) == b"yes", said.get(_QUESTION, b""), lacks)
    except (FileNotFoundError, pa.ArrowInvalid):
        return _Kept()


def _ask(asking: Asking, source: AskedSource, monitor: Monitor, day: date) -> list[Fault]:
    """Ask for a day and keep the answer; return which parts of it are missing."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    settled = asking.now - timedelta(minutes=source.settle_minutes)
    is_over = settled >= end
    schema = SCHEMAS[source.kind]
    # Of an hour that is not over, what was measured would be taken for the hour.
    open_until = settled.replace(minute=0, second=0, microsecond=0) if schema.has_buckets else asking.now
    until = end if is_over else min(end, open_until)
    if until <= start:
        return []
    before = _footer(_path(asking, day))
    with replacing(_path(asking, day)) as temporary:
        # What is now is whole at once.
        rows, gaps = _write(temporary, schema, monitor.ask(day, until), is_over or source.is_of_now, _question(source))
        if before.question == _question(source) or asking.days is not None:
            _require_enough(asking, day, rows, before.rows)
        if before.question == _question(source):
            _require_no_other_gap(day, gaps, before)
    _LOG.info("%s answered %d rows of %s%s", source.name, rows, day, "" if is_over else ", which is not over")
    return _told(day, gaps)


def _told(day: date, gaps: Sequence[Gap]) -> list[Fault]:
    """Return a fault for each reason why parts are missing; what no next run will have is a note."""
    parts: dict[tuple[str, bool], list[str]] = {}
    for each in gaps:
        parts.setdefault((each.reason, each.is_waiting), []).append(each.part)
    return [
        Fault(day, f"{day} has no {', '.join(names)}: {reason}", is_waiting, is_note=not is_waiting)
        for (reason, is_waiting), names in parts.items()
    ]


def _require_no_other_gap(day: date, gaps: Sequence[Gap], before: _Kept) -> None:
    """Raise Unavailable when an earlier answer of the day has what this one lacks."""
    if more := [each for each in gaps if each.part not in before.lacks]:
        raise Unavailable(
            f"{day}: the answer has no {more[0].part}, which an earlier one of the day has, so that stays: "
            f"{more[0].reason}"
        )


def _require_enough(asking: Asking, day: date, rows: int, before: int) -> None:
    """Raise BadInput when a system has forgotten much of a day; after another question it is no wonder."""
    if rows < before * asking.settings.smallest_share and not asking.accept_smaller:
        raise BadInput(
            f"{day}: the answer has {rows:,} rows, and the one before had {before:,}, which stays; if so much is gone "
            "rightly, use --accept-smaller"
        )


def _write(
    path: Path, schema: Schema, batches: Iterator[Rows | Gap], is_over: bool, question: bytes
) -> tuple[int, list[Gap]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    layout = pa.schema([(each.name, _arrow_type(each.type)) for each in schema.columns])
    rows, is_running, gaps = 0, False, []
    with pq.ParquetWriter(path, layout, compression="zstd") as writer:
        for batch in batches:
            if isinstance(batch, Gap):
                gaps.append(batch)
                continue
            length = len(next(iter(batch.values())))
            # A monitor that knows nothing of a column leaves it out.
            table = pa.table({each.name: batch.get(each.name, [None] * length) for each in schema.columns}, layout)
            rows += table.num_rows
            if rows > MOST_ROWS:
                raise BadInput(f"the answer has more than {MOST_ROWS:,} rows of a day; ask for less")
            # What still runs will end.
            is_running |= schema.kind is TelemetryKind.TRAINING_RUNS and "running" in batch["status"]
            writer.write_table(table)
        is_whole = is_over and not is_running and not any(each.is_waiting for each in gaps)
        lacks = "\n".join(each.part for each in gaps).encode()
        said = {_IS_WHOLE: b"yes" if is_whole else b"no", _QUESTION: question, _LACKS: lacks}
        writer.add_key_value_metadata(said)
    return rows, gaps


def _arrow_type(kind: ColumnType) -> pa.DataType:
    import pyarrow as pa

    types = {
        ColumnType.TEXT: pa.string(),
        ColumnType.OBJECT: pa.string(),
        ColumnType.NUMBER: pa.float64(),
        ColumnType.COUNT: pa.int64(),
        ColumnType.MOMENT: pa.timestamp("us", tz="UTC"),
    }
    return types[kind]
