"""What the clouds' export layouts share: manifests, the files they name, and what a listing says of both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.ingest.models import DeliveryRef, ExpectedFile, digest
from finops.ingest.stores.objects import StoredObject

Listing = Mapping[str, StoredObject]
"""Every object below the origin, by key."""


@dataclass(frozen=True, slots=True)
class Site:
    """A manifest's place. Sites of one ``group`` are runs of one export for one period; the newest wins.

    ``root`` is the export's folder: every file of a manifest is below it. ``written_at`` is the run's time if the
    path has it, otherwise the manifest's own.
    """

    manifest: StoredObject
    source: str
    billing_period: BillingPeriod
    root: str
    group: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Unannounced:
    """Data files that no manifest names yet; ``group`` as in Site."""

    source: str
    billing_period: BillingPeriod
    folder: str
    group: str
    written_at: datetime


class Layout(Protocol):
    """What each cloud's module provides."""

    def sites(self, listing: Listing) -> list[Site]:
        """Return the manifests of a listing."""
        ...

    def read(self, site: Site, manifest: dict[str, Any], listing: Listing, origin: str) -> DeliveryRef:
        """Return the delivery that a manifest describes. Raise BadInput when a needed field is missing."""
        ...

    def unannounced(self, listing: Listing) -> list[Unannounced]:
        """Return the data whose manifest has not arrived yet."""
        ...


def parse_manifest(key: str, content: bytes) -> dict[str, Any]:
    """Read a manifest's JSON object. Raise BadInput, which names it, when it is truncated or not an object."""
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except ValueError as error:
        raise BadInput(f"manifest {key}: not readable JSON ({error}); have the export written again") from None
    if not isinstance(found, dict):
        raise BadInput(f"manifest {key}: is not a JSON object; have the export written again")
    return found


def field(manifest: dict[str, Any], key: str, *names: str) -> Any:
    """Return a nested field of the manifest ``key``. Raise BadInput, which names it, when it is missing."""
    value: Any = manifest
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        raise BadInput(f"manifest {key}: has no {'.'.join(names)}; have the export written again")
    return value


def moment(text: object, key: str) -> datetime:
    """Read an ISO moment; without a zone it is UTC. Raise BadInput, which names the manifest."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        raise BadInput(f"manifest {key}: {text!r} is not a moment such as 2025-01-31T06:00:00Z") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def month(digits: str) -> BillingPeriod | None:
    """Return the period of a text that begins with YYYYMM, None when that is not a month."""
    try:
        return BillingPeriod.parse(f"{digits[:4]}-{digits[4:6]}")
    except BadInput:
        return None


def expect(
    named: str,
    root: str,
    listing: Listing,
    *,
    byte_count: object = None,
    row_count: object = None,
    sha256: str | None = None,
) -> ExpectedFile:
    """Return the expected file that a manifest names by its full key or URI.

    The listing counts keys from the origin, which may be any folder above the file, and the export may have been
    copied elsewhere. So the file is the longest ending of the name that is listed below the export's ``root``. Keys
    that are not in the listing are never opened.
    """
    path = unquote(urlsplit(named).path) if "://" in named else named
    parts = [part for part in path.split("/") if part]
    endings = ("/".join(parts[start:]) for start in range(len(parts)))
    below = (key for each in endings for key in (each, root + each) if key.startswith(root))
    key = next((each for each in below if each in listing), None)
    return ExpectedFile(
        key=key or path.lstrip("/"),
        byte_count=_count(byte_count),
        row_count=_count(row_count),
        sha256=sha256.lower() if sha256 else None,
        is_present=key is not None,
    )


def fingerprint_of(site: Site, files: tuple[ExpectedFile, ...], listing: Listing) -> str:
    """Return a digest of what the listing says about the manifest and its files. Reads no bill."""
    objects = [site.manifest, *(listing[each.key] for each in files if each.is_present)]
    return digest(f"{each.key}|{each.size}|{each.etag or each.modified_at.isoformat()}" for each in objects)


def source_name(root: str) -> str:
    """Return the name of the export whose folder ``root`` is."""
    return root.rstrip("/").rpartition("/")[2] or "export"


def _count(value: object) -> int | None:
    return int(str(value)) if value is not None and str(value).isdigit() else None
