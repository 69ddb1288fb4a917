"""GCP billing exports copied out of BigQuery: ``<export>/invoice_month=YYYYMM/manifest.json`` beside Parquet files.

The export's folder names the source; where the origin is that folder itself, the table does.
"""

from __future__ import annotations

import re
from typing import Any

from finops.core.errors import BadInput
from finops.core.providers import Provider
from finops.ingest.models import DeliveryRef
from finops.ingest.providers.layout import (
    Listing,
    Site,
    Unannounced,
    count_field,
    expect,
    fingerprint_of,
    list_field,
    moment,
    month,
    source_name,
    text_field,
)

_MONTH = re.compile(r"(?P<root>(?:.*/)?)invoice_month=(?P<month>\d{6})/(?P<file>.+)", re.ASCII)


def sites(listing: Listing) -> list[Site]:
    """Return the manifests, one per invoice month."""
    found = []
    for each in listing.values():
        match = _MONTH.fullmatch(each.key)
        period = month(match["month"]) if match else None
        if match is not None and period is not None and match["file"] == "manifest.json":
            root = each.key.removesuffix("manifest.json")
            found.append(Site(each, source_name(match["root"]), period, root, root, each.modified_at))
    return found


def read(site: Site, manifest: dict[str, Any], listing: Listing, origin: str) -> DeliveryRef:
    """Return the delivery of an invoice month, with the sizes, rows and checksums its manifest gives."""
    key = site.manifest.key
    table = text_field(manifest, key, "table")
    stated = text_field(manifest, key, "invoice_month")
    if month(stated) != site.billing_period:
        raise BadInput(f"manifest {key}: invoice_month is {stated}, its folder says {site.billing_period}")
    files = tuple(
        expect(
            site.root + text_field(each, key, "name"),
            site.root,
            listing,
            byte_count=count_field(each, key, "byte_count"),
            row_count=count_field(each, key, "row_count"),
            sha256=None if each.get("sha256") is None else text_field(each, key, "sha256"),
        )
        for each in list_field(manifest, key, "files")
    )
    newest = manifest.get("max_export_time")
    return DeliveryRef(
        provider=Provider.GCP,
        source=site.source if "/" in site.root.rstrip("/") else table.rpartition(".")[2],
        format=None,
        billing_period=site.billing_period,
        fingerprint=fingerprint_of(site, files, listing),
        produced_at=moment(newest, key) if newest else site.written_at,
        origin=origin,
        files=files,
        row_count=count_field(manifest, key, "row_count"),
    )


def unannounced(listing: Listing) -> list[Unannounced]:
    """Return the invoice months that hold files and no manifest."""
    found: dict[str, Unannounced] = {}
    for each in listing.values():
        match = _MONTH.fullmatch(each.key)
        period = month(match["month"]) if match else None
        if match is None or period is None:
            continue
        folder = f"{match['root']}invoice_month={match['month']}"
        if f"{folder}/manifest.json" not in listing:
            found[folder] = Unannounced(source_name(match["root"]), period, folder, f"{folder}/", each.modified_at)
    return list(found.values())
