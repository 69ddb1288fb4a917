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
from finops.core.text import shown
from finops.ingest.models import DeliveryRef, ExpectedFile, digest
from finops.ingest.stores.objects import StoredObject

_LONGEST = 1024
"""Characters of a name or path: as many as an object's key may have."""

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
    except (ValueError, RecursionError) as error:
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


def text_field(manifest: dict[str, Any], key: str, *names: str) -> str:
    """Return a nested field that is text, or a whole number as text. Raise BadInput when it is anything else."""
    value = field(manifest, key, *names)
    is_text = isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable()
    if not is_text and not (isinstance(value, int) and abs(value) < 10**18):
        raise BadInput(
            f"manifest {key}: {'.'.join(names)} is {_brief(value)}, no text of at most {_LONGEST:,} characters; "
            "have the export written again"
        )
    return str(value)


def list_field(manifest: dict[str, Any], key: str, *names: str) -> list[dict[str, Any]]:
    """Return a nested field that is a list of objects. Raise BadInput when it is anything else."""
    value = field(manifest, key, *names)
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise BadInput(f"manifest {key}: {'.'.join(names)} is not a list of files; have the export written again")
    return value


def count_field(manifest: dict[str, Any], key: str, name: str) -> int | None:
    """Return a count, None when the manifest has none. Raise BadInput when it is no whole number."""
    value = manifest.get(name)
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if value is not None and not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise BadInput(f"manifest {key}: {name} is {_brief(value)}, no count; have the export written again")
    return None if value is None else int(text)


def moment(text: object, key: str) -> datetime:
    """Read an ISO moment; without a zone it is UTC. Raise BadInput, which names the manifest."""
    try:
        found = datetime.fromisoformat(str(text))
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        if found.year < 2000:
            raise ValueError
    except (ValueError, OverflowError):
        raise BadInput(f"manifest {key}: {_brief(text)} is not a moment such as 2025-01-31T06:00:00Z") from None
    return found


def month_of(text: str) -> BillingPeriod | None:
    """Return the period that a folder names as YYYY-MM, None when that is no month of a bill."""
    try:
        found = BillingPeriod.parse(text)
    except BadInput:
        return None
    return found if 2000 <= found.year < 2100 else None


def month(digits: str) -> BillingPeriod | None:
    """Return the period of a text that begins with YYYYMM, None when that is not a month of a bill."""
    return month_of(f"{digits[:4]}-{digits[4:6]}")


def expect(
    named: str,
    root: str,
    listing: Listing,
    *,
    byte_count: int | None = None,
    row_count: int | None = None,
    sha256: str | None = None,
) -> ExpectedFile:
    """Return the expected file that a manifest names by its full key or URI.

    The listing counts keys from the origin, which may be any folder above the file, and the export may have been
    copied elsewhere. So the file is the longest ending of the name that is listed below the export's ``root``. Keys
    that are not in the listing are never opened.
    """
    path = _path(named)
    parts = [part for part in path.split("/") if part]
    endings = ("/".join(parts[start:]) for start in range(len(parts)))
    below = (key for each in endings for key in (each, root + each) if key.startswith(root))
    key = next((each for each in below if each in listing), None)
    return ExpectedFile(
        key=key or path.lstrip("/"),
        byte_count=byte_count,
        row_count=row_count,
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


def _path(named: str) -> str:
    try:
        return unquote(urlsplit(named).path) if "://" in named else named
    except ValueError:
        return named


def _brief(value: object) -> str:
    return shown(json.dumps(value, default=str))
