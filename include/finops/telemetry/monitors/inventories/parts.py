"""An inventory part by part: a type of resource in a place. A part that fails holds back no other, and none is half."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import Any, Self

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.policy.telemetry import InventorySource
from finops.telemetry.asking import Rows
from finops.telemetry.models import Gap

UNKNOWN = "unknown"
"""What is said of lifecycle rules that the login may not read: they are not none."""

_AT_ONCE = 1_000
"""Rows that are handed on together."""

_IN_MEMORY = 16 << 20
"""Bytes of a part that are kept in memory; what is more waits in a temporary file until its part is whole."""

_MOMENTS = ("created_at", "last_used_at")

Row = dict[str, Any]
"""Some columns of a resource: moments have a zone, ``tags`` and ``details`` are mappings."""


class Denied(BadInput):
    """A permission that the login lacks."""

    def __init__(self, permission: str, file: str) -> None:
        super().__init__(f"the login lacks {permission}, which deploy/permissions/{file} gives")


class Silent(Unavailable):
    """A service that cannot be reached: whoever asks it for more waits in vain."""


@dataclass(frozen=True, slots=True)
class Part:
    """Resources of a type in a place, as a service of it lists them. A listing may have gaps of its own."""

    type: str
    place: str
    service: str
    rows: Callable[[], Iterator[Row | Gap]]

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.type} in {self.place}"


class Inventory:
    """A cloud as a monitor. A subclass says which parts there are, and what a failure of its SDK means."""

    def __init__(self, source: InventorySource, provider: str, types: Mapping[Any, Any]) -> None:
        self._source, self._provider, self._left_out = source, provider, types

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close what was opened."""

    def parts(self) -> Iterator[Part]:
        """Yield the parts, in an order in which one may use what an earlier one found."""
        raise NotImplementedError

    def explain(self, error: Exception, part: Part) -> FinopsError | None:
        """Return what an error of the SDK means, in one line; None where it is none."""
        raise NotImplementedError

    def ask(self, day: date, until: datetime) -> Iterator[Rows | Gap]:
        """Yield what there is now, at ``until``. Raise the first failure where no part is answered."""
        failures: list[FinopsError] = []
        silent: dict[tuple[str, str], Silent] = {}
        answered = False
        for part in self._wanted():
            with _Spool() as spool:
                where = part.place, part.service
                failure: FinopsError | None = silent.get(where)
                gaps: list[Gap] = []
                if failure is None:
                    failure = self._fill(spool, part, gaps)
                if failure is not None:
                    failures.append(failure)
                    if isinstance(failure, Silent):
                        silent[where] = failure
                    yield Gap(part.name, str(failure), failure.is_retryable)
                    continue
                answered = True
                yield from gaps
                yield from spool.batches({"provider": self._provider, "observed_at": until})
        if failures and not answered:
            raise failures[0]

    def reach(self) -> None:
        """Ask for a first resource of each type, in the first place. Raise BadInput that names what may not be read.

        Permissions are nearly always the same in all places, and many places take longer than anybody waits.
        """
        missing: dict[str, None] = {}
        tried: set[str] = set()
        for part in self._wanted():
            if part.type in tried:
                continue
            tried.add(part.type)
            try:
                found = next(iter(part.rows()), None)
            except Exception as error:
                failure = self._meaning(error, part)
                if not isinstance(failure, Denied):
                    raise failure from None
                missing[str(failure)] = None
            else:
                if isinstance(found, Gap):
                    missing[f"no {found.part}: {found.reason}"] = None
        if missing:
            raise BadInput("; ".join(missing))

    def _wanted(self) -> Iterator[Part]:
        return (part for part in self.parts() if part.type not in self._left_out)

    def _fill(self, spool: _Spool, part: Part, gaps: list[Gap]) -> FinopsError | None:
        try:
            for each in part.rows():
                if isinstance(each, Gap):
                    gaps.append(each)
                else:
                    spool.add(each | {"resource_type": part.type})
        except Exception as error:
            return self._meaning(error, part)
        return None

    def _meaning(self, error: Exception, part: Part) -> FinopsError:
        """Return what an error means; raise what is none of the cloud's, such as a full disk."""
        found = error if isinstance(error, FinopsError) else self.explain(error, part)
        if found is None:
            raise error
        return found


class _Spool:
    """Rows of a part that is not whole yet, in memory while they are few."""

    def __enter__(self) -> Self:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY, mode="w+", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, row: Row) -> None:
        """Keep a row, its mappings as texts."""
        texts = {name: _text(row.get(name)) for name in ("tags", "details")}
        json.dump(row | texts, self._file, default=datetime.isoformat)
        self._file.write("\n")

    def batches(self, same: Row) -> Iterator[Rows]:
        """Yield the rows, some at a time, each with the columns that are the same in all."""
        self._file.seek(0)
        while rows := [_read(line) for line in islice(self._file, _AT_ONCE)]:
            names = dict.fromkeys(name for row in rows for name in row)
            columns: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in names}
            yield columns | {name: [value] * len(rows) for name, value in same.items()}


def _text(found: Mapping[str, Any] | None) -> str:
    """Return a JSON object of what is known."""
    known = {name: value for name, value in (found or {}).items() if value is not None}
    return json.dumps(known, default=str)


def _read(line: str) -> Row:
    row: Row = json.loads(line)
    for name in _MOMENTS:
        if row.get(name):
            row[name] = datetime.fromisoformat(row[name])
    return row


def yes_no(value: object) -> str:
    """Return how a column says whether something is so."""
    return "true" if value else "false"


def word(state: object) -> str | None:
    """Return a state as one lower-case word: ``InService`` and ``in-service`` are in_service."""
    text = str(state or "")
    parts = "".join(f" {each}" if each.isupper() and not text.isupper() else each for each in text)
    return "_".join(parts.replace("-", " ").replace("_", " ").lower().split()) or None


def lifecycle(rules: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return lifecycle rules without what they do not say."""
    return [{name: value for name, value in each.items() if value is not None} for each in rules]
