"""The types of ingestion: what discovery sees, what was fetched and verified, what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.text import shown
from finops.stores.state.ledger import Delivery


class Outcome(StrEnum):
    """Why a delivery was rejected. ``waiting``: not complete yet; ``quarantined``: its files cannot be trusted;
    ``refused``: its files are valid but would make the books wrong, unless a person says otherwise.
    """

    WAITING = "waiting"
    QUARANTINED = "quarantined"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """One file that a delivery must have. What the manifest does not say is None and is not checked.

    ``sha256`` is lower-case hexadecimal. ``is_present`` is False when the origin's listing lacks the file.
    """

    key: str
    byte_count: int | None = None
    row_count: int | None = None
    sha256: str | None = None
    is_present: bool = True


@dataclass(frozen=True, slots=True)
class DeliveryRef:
    """A delivery that discovery found, without reading a bill.

    ``fingerprint`` (at most 64 characters) changes whenever the delivery's content may have changed.
    ``format`` None: the columns will tell. ``files`` is empty where the origin has no files (BigQuery).
    ``row_count`` is that of the whole delivery, if known. ``origin`` is a URI without secrets.
    ``is_mixed``: the files may also hold rows of other billing periods, which belong to other deliveries.
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
        """Keys of the files that have not arrived yet."""
        return [each.key for each in self.files if not each.is_present]


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one file for one billing period (YYYY-MM), currency and billing account, and their exact sums.

    ``vendor`` is who provides what they charge, in a FOCUS bill.
    """

    period: str
    currency: str
    account: str
    row_count: int
    source_cost: Decimal
    billed_cost: Decimal
    vendor: str = ""


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A complete local copy of one file of a delivery, in a temporary folder.

    ``source_key`` names it at its origin; its ending (.parquet, .csv, .csv.gz) tells how to read it.
    ``row_count`` is what the manifest or the extraction says it holds, None when neither says. ``facts`` are set
    when the copy has been inspected already.
    """

    path: Path
    source_key: str
    row_count: int | None = None
    sha256: str | None = None
    etag: str | None = None
    facts: FileFacts | None = None


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a verified file holds."""

    file: FetchedFile
    format: SourceFormat
    byte_count: int
    sha256: str
    new_columns: tuple[str, ...]
    groups: tuple[Group, ...]

    def row_count(self, period: str | None = None) -> int:
        """Rows of one billing period, or all."""
        return sum(each.row_count for each in self.groups if period in (None, each.period))


@dataclass(frozen=True, slots=True)
class Rejection:
    """A delivery that did not land, and the one line that says why and what to do. Period None: not known.

    What the line shows of file names and cells is cut and free of control characters.
    """

    provider: Provider
    source: str
    billing_period: BillingPeriod | None
    outcome: Outcome
    reason: str
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", shown(self.source, 200))
        object.__setattr__(self, "reason", shown(self.reason, 2000))


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a source offers now: at most one delivery per (source, billing period), and what it must reject."""

    deliveries: tuple[DeliveryRef, ...]
    rejections: tuple[Rejection, ...] = ()


class Source(Protocol):
    """Where deliveries come from: manifests in an object store, files a person downloaded, a BigQuery table."""

    def discover(self, periods: Sequence[BillingPeriod] | None = None) -> Discovery:
        """Return the newest complete delivery of each (source, billing period), only of ``periods`` if given."""
        ...

    def fetch(self, ref: DeliveryRef, folder: Path) -> list[FetchedFile]:
        """Copy the delivery's files completely into ``folder``, which exists and is empty.

        Raise ChangedWhileRead (ingest/stores/objects.py) when the delivery was replaced meanwhile; the caller
        then starts again.
        """
        ...


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one run did: the deliveries that landed, how many were known already, and the rejections."""

    landed: tuple[Delivery, ...]
    unchanged: int
    rejections: tuple[Rejection, ...]


def digest(parts: Iterable[str]) -> str:
    """Return the sha256, in hexadecimal, of texts in the given order."""
    total = hashlib.sha256()
    for part in parts:
        total.update(f"{len(part)}:{part}".encode())
    return total.hexdigest()
