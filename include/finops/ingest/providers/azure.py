"""Azure Cost Management exports: ``<export>/YYYYMMDD-YYYYMMDD/[<run>/]…/manifest.json`` beside the run's parts.

A daily export writes the month to date again each day; the newest complete run replaces the others.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from finops.core.errors import BadInput
from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.ingest.models import DeliveryRef
from finops.ingest.providers.layout import (
    Listing,
    Site,
    Unannounced,
    count_field,
    expect,
    field,
    fingerprint_of,
    list_field,
    moment,
    month,
    source_name,
    text_field,
)

_RUN = re.compile(r"(?P<root>(?:.*/)?)(?P<start>\d{8})-\d{8}/(?P<run>.*/)?(?P<file>[^/]+)", re.ASCII)
_RUN_TIME = re.compile(r"(?:^|/)(\d{12})(?:/|$)", re.ASCII)
_MANIFESTS = ("manifest.json", "_manifest.json")
_FORMATS = {
    "ActualCost": SourceFormat.AZURE_ACTUAL,
    "AmortizedCost": SourceFormat.AZURE_AMORTIZED,
    "FocusCost": SourceFormat.FOCUS,
}


def sites(listing: Listing) -> list[Site]:
    """Return the manifests of the export runs."""
    found = []
    for each in listing.values():
        match = _RUN.fullmatch(each.key)
        period = month(match["start"]) if match else None
        if match is None or period is None or match["file"] not in _MANIFESTS:
            continue
        found.append(
            Site(
                manifest=each,
                source=source_name(match["root"]),
                billing_period=period,
                root=match["root"],
                group=f"{match['root']}|{period}",
                written_at=_written_at(match["run"], each.modified_at),
            )
        )
    return found


def read(site: Site, manifest: dict[str, Any], listing: Listing, origin: str) -> DeliveryRef:
    """Return the delivery of a run, with the byte and row counts its manifest gives."""
    key = site.manifest.key
    kind = text_field(manifest, key, "exportConfig", "type")
    if kind not in _FORMATS:
        raise BadInput(f"manifest {key}: export type {kind!r} is not a bill; use {', '.join(_FORMATS)}")
    period = _whole_month(manifest, key)
    files = tuple(
        expect(
            text_field(blob, key, "blobName"),
            site.root,
            listing,
            byte_count=count_field(blob, key, "byteCount"),
            row_count=count_field(blob, key, "dataRowCount"),
        )
        for blob in list_field(manifest, key, "blobs")
    )
    submitted = manifest["runInfo"].get("submittedTime")
    return DeliveryRef(
        provider=Provider.AZURE,
        source=text_field(manifest, key, "exportConfig", "exportName"),
        format=_FORMATS[kind],
        billing_period=period,
        fingerprint=fingerprint_of(site, files, listing),
        produced_at=moment(submitted, key) if submitted else site.written_at,
        origin=origin,
        files=files,
        row_count=count_field(manifest, key, "dataRowCount"),
    )


def unannounced(listing: Listing) -> list[Unannounced]:
    """Return the run folders that hold parts and no manifest."""
    announced = {key.rpartition("/")[0] for key in listing if key.rpartition("/")[2] in _MANIFESTS}
    found: dict[str, Unannounced] = {}
    for each in listing.values():
        match, folder = _RUN.fullmatch(each.key), each.key.rpartition("/")[0]
        period = month(match["start"]) if match else None
        if match is None or period is None or folder in announced:
            continue
        written_at = _written_at(match["run"], each.modified_at)
        found[folder] = Unannounced(source_name(match["root"]), period, folder, f"{match['root']}|{period}", written_at)
    return list(found.values())


def _whole_month(manifest: dict[str, Any], key: str) -> BillingPeriod:
    start = moment(field(manifest, key, "runInfo", "startDate"), key)
    end = moment(field(manifest, key, "runInfo", "endDate"), key)
    # The last day may be given as itself or as the next day's first instant.
    last = end - timedelta(microseconds=1) if end > start else end
    period = BillingPeriod.of(start)
    if start != period.start or BillingPeriod.of(last) != period:
        raise BadInput(
            f"manifest {key}: the run covers {start:%Y-%m-%d} to {end:%Y-%m-%d}, which is not one month from its "
            "first day; export one calendar month a run, since a billing period is replaced whole"
        )
    return period


def _written_at(run: str | None, otherwise: datetime) -> datetime:
    match = _RUN_TIME.search(run or "")
    try:
        return datetime.strptime(match[1], "%Y%m%d%H%M").replace(tzinfo=UTC) if match else otherwise
    except ValueError:
        return otherwise
