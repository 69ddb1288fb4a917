"""AWS: data exports (CUR 2.0, FOCUS), overwritten or one folder per execution, and legacy CUR.

``<export>/metadata/BILLING_PERIOD=YYYY-MM/[<execution>/]<export>-Manifest.json`` names files under
``<export>/data/BILLING_PERIOD=YYYY-MM/[<execution>/]``. A legacy report's manifest lies in
``<report>/YYYYMMDD-YYYYMMDD/``; its copies beside each assembly are ignored, since the upper one is the newest.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from finops.core.errors import BadInput
from finops.core.providers import Provider
from finops.ingest.models import DeliveryRef
from finops.ingest.providers.layout import (
    Listing,
    Site,
    Unannounced,
    expect,
    field,
    fingerprint_of,
    month,
    month_of,
    source_name,
)
from finops.ingest.stores.objects import StoredObject

_EXPORT = re.compile(
    r"(?P<root>(?:.*/)?)metadata/BILLING_PERIOD=(?P<period>\d{4}-\d\d)/(?:(?P<run>[^/]+)/)?(?P<name>[^/]+)-Manifest\.json",
    re.ASCII,
)
_REPORT = re.compile(r"(?P<root>(?:.*/)?)(?P<start>\d{8})-\d{8}/(?P<name>[^/]+)-Manifest\.json", re.ASCII)
_DATA = re.compile(r"(?P<root>(?:.*/)?)data/BILLING_PERIOD=(?P<period>\d{4}-\d\d)/(?:(?P<run>[^/]+)/)?[^/]+", re.ASCII)
_RUN_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:?\d\d:?\d\d(?:\.\d+)?Z", re.ASCII)


def sites(listing: Listing) -> list[Site]:
    """Return the manifests of data exports and legacy reports."""
    return [site for each in listing.values() if (site := _export(each) or _report(each)) is not None]


def read(site: Site, manifest: dict[str, Any], listing: Listing, origin: str) -> DeliveryRef:
    """Return the delivery of a manifest. AWS gives neither sizes nor checksums; the listing's sizes count."""
    name = "reportKeys" if "reportKeys" in manifest else "dataFiles"
    named = field(manifest, site.manifest.key, name)
    if not isinstance(named, list) or not all(isinstance(each, str) and len(each) < 4096 for each in named):
        raise BadInput(f"manifest {site.manifest.key}: {name} is not a list of files; have the export written again")
    files = tuple(expect(each, site.root, listing) for each in named)
    return DeliveryRef(
        provider=Provider.AWS,
        source=site.source,
        format=None,
        billing_period=site.billing_period,
        fingerprint=fingerprint_of(site, files, listing),
        produced_at=site.written_at,
        origin=origin,
        files=files,
    )


def unannounced(listing: Listing) -> list[Unannounced]:
    """Return the folders of data exports without a manifest of the same period and execution."""
    announced = {(m["root"], m["period"], m["run"]) for key in listing if (m := _EXPORT.fullmatch(key))}
    found: dict[tuple[str, str, str | None], datetime] = {}
    for each in listing.values():
        match = _DATA.fullmatch(each.key)
        if match and (place := (match["root"], match["period"], match["run"])) not in announced:
            found[place] = max(each.modified_at, found.get(place, each.modified_at))
    return [
        Unannounced(
            source=source_name(root),
            billing_period=found_period,
            folder="/".join(filter(None, [f"{root}data/BILLING_PERIOD={period}", run])),
            group=f"{root}|{period}",
            written_at=written_at,
        )
        for (root, period, run), written_at in found.items()
        if (found_period := month_of(period)) is not None
    ]


def _export(manifest: StoredObject) -> Site | None:
    match = _EXPORT.fullmatch(manifest.key)
    period = month_of(match["period"]) if match else None
    if match is None or period is None:
        return None
    return Site(
        manifest=manifest,
        source=match["name"],
        billing_period=period,
        root=match["root"],
        group=f"{match['root']}|{match['period']}",
        written_at=_run_time(match["run"]) or manifest.modified_at,
    )


def _run_time(run: str | None) -> datetime | None:
    match = _RUN_TIME.match(run or "")
    try:
        return datetime.fromisoformat(match[0]) if match else None
    except ValueError:
        return None


def _report(manifest: StoredObject) -> Site | None:
    match = _REPORT.fullmatch(manifest.key)
    period = month(match["start"]) if match else None
    if match is None or period is None:
        return None
    return Site(manifest, match["name"], period, match["root"], f"{match['root']}|{period}", manifest.modified_at)
