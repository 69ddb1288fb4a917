"""The types of ingestion: what discovery sees, what was fetched, what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from finops.core.formats import Provider, SourceFormat
from finops.core.periods import BillingPeriod
from finops.stores.state.ledger import Delivery

if TYPE_CHECKING:
    from finops.ingest.verify import FileFacts


class Outcome(StrEnum):
    """Why a delivery was not taken. ``waiting``: not complete yet; ``quarantined``: its files cannot be
    trusted; ``refused``: sound files that would make the books wrong, unless a person says otherwise.
    """

    WAITING = "waiting"
    QUARANTINED = "quarantined"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """One file that a delivery must have. What the manifest does not tell is None and is not checked.

    ``sha256`` is lower-case hexadecimal. ``is_present`` is False when the origin's listing lacks the file.
    """

    key: str
    byte_count: int | None = None
    row_count: int | None = None
    sha256: str | None = None
    is_present: bool = True


@dataclass(frozen=True, slots=True)
class DeliveryRef:
    """A delivery that discovery saw; no bill was read for it.

    ``fingerprint`` (at most 64 characters) changes whenever the delivery's content may have changed.
    ``format`` None: to be told from the columns. ``files`` is empty where the origin has no files (BigQuery).
    ``row_count`` is of the whole delivery, where known. ``origin`` is a URI without secrets.
    ``is_mixed``: the files may hold rows of other billing periods too, which are other deliveries'.
    """

    provider: Provider
    source: str
    format: SourceFormat | None
    billing_period: BillingPeriod
    fingerprint: str
    produced_at: datetime
    origin: str
    files: tuple[ExpectedFile, ...] = ()
    row_count: int | None = None
    is_mixed: bool = False

    @property
    def absent(self) -> list[str]:
        """Keys of the files that are still to come."""
        return [each.key for each in self.files if not each.is_present]


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A whole local copy of one file of a delivery, in a temporary folder.

    ``source_key`` names it at its origin; its ending (.parquet, .csv, .csv.gz) tells how to read it.
    ``row_count`` is what the manifest (or the extraction) says it holds, None when neither tells. ``facts`` are those
    of an inspection that the copy has had already.
    """

    path: Path
    source_key: str
    row_count: int | None = None
    sha256: str | None = None
    etag: str | None = None
    facts: FileFacts | None = None


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A delivery that was not taken and the one line that says why and what to do."""

    provider: Provider
    source: str
    billing_period: BillingPeriod | None
    outcome: Outcome
    reason: str
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a source offers now: at most one delivery per (source, billing period), and what is amiss."""

    deliveries: tuple[DeliveryRef, ...]
    not_taken: tuple[NotTaken, ...] = ()


class Source(Protocol):
    """Where deliveries come from: manifests in an object store, files of a person, a BigQuery table."""

    def discover(self, periods: Sequence[BillingPeriod] | None = None) -> Discovery:
        """Return the newest complete delivery of each (source, billing period), of ``periods`` only if given."""
        ...

    def fetch(self, ref: DeliveryRef, folder: Path) -> list[FetchedFile]:
        """Copy the delivery's files whole into ``folder``, which exists and is empty.

        Raise finops.ingest.stores.ChangedWhileRead when it was replaced meanwhile: the engine starts again.
        """
        ...


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one run did: deliveries that landed, how many were known already, and those not taken."""

    landed: tuple[Delivery, ...]
    unchanged: int
    not_taken: tuple[NotTaken, ...]


def digest(parts: Iterable[str]) -> str:
    """Return the sha256, in hexadecimal, of texts in their order."""
    total = hashlib.sha256()
    for part in parts:
        total.update(f"{len(part)}:{part}".encode())
    return total.hexdigest()
