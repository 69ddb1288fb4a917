"""Deliveries that manifests announce in an object store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from finops.core.errors import BadInput
from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.ingest.models import DeliveryRef, Discovery, FetchedFile, Outcome, Rejection, digest
from finops.ingest.providers import aws, azure, gcp
from finops.ingest.providers.layout import Layout, Listing, Site, Unannounced, parse_manifest
from finops.ingest.reading import local_name
from finops.ingest.stores.objects import ChangedWhileRead, ObjectStore

_LAYOUTS: dict[Provider, Layout] = {Provider.AWS: aws, Provider.AZURE: azure, Provider.GCP: gcp}
_LARGEST = 64 << 20
"""Bytes of a manifest. One of a hundred thousand files has a fifth of that."""


class ManifestSource:
    """The exports of one provider below one origin; ``is_only_actual``: Azure's actual ones have no amortized half."""

    def __init__(
        self, provider: Provider, store: ObjectStore, name: str | None = None, *, is_only_actual: bool = False
    ) -> None:
        self._provider = provider
        self._store = store
        self._name = name
        self._is_only_actual = is_only_actual
        self._layout = _LAYOUTS[provider]
        self._listing: Listing = {}

    def discover(self, periods: Sequence[BillingPeriod] | None = None) -> Discovery:
        """Return the newest complete run of each export and period, and reject what is incomplete or unreadable.

        Read manifests newest first, and only until a complete run is found: a year of daily runs costs one listing
        and one small read per export and month. Raise BadInput when the origin holds no manifest at all.
        """
        self._listing = {each.key: each for each in self._store.list()}
        sites = self._layout.sites(self._listing)
        unannounced = self._layout.unannounced(self._listing)
        if not sites and not unannounced:
            raise BadInput(
                f"{self._store.uri}: holds no manifest of an {self._provider} export; "
                "add --no-manifest for files that you downloaded"
            )
        wanted = None if periods is None else set(periods)
        groups: dict[str, list[Site]] = defaultdict(list)
        for site in sites:
            if wanted is None or site.billing_period in wanted:
                groups[site.group].append(site)
        deliveries: list[DeliveryRef] = []
        rejections: list[Rejection] = []
        for group in groups.values():
            self._newest_complete(group, deliveries, rejections)
        for each in unannounced:
            is_superseded = any(site.written_at >= each.written_at for site in groups[each.group])
            if (wanted is None or each.billing_period in wanted) and not is_superseded:
                rejections.append(self._waiting_for_manifest(each))
        return self._of_this_name(*_without_clashes(deliveries, rejections))

    def fetch(self, ref: DeliveryRef, folder: Path) -> list[FetchedFile]:
        """Download the delivery's files; each must still be the listed object."""
        fetched = []
        for expected in ref.files:
            listed = self._listing.get(expected.key)
            if listed is None:
                raise ChangedWhileRead(f"{expected.key} was removed after it was listed; run again")
            path = folder / local_name(expected.key)
            self._store.download(listed, path)
            fetched.append(FetchedFile(path, expected.key, expected.row_count, expected.sha256, listed.etag))
        return fetched

    def _newest_complete(self, group: list[Site], deliveries: list[DeliveryRef], rejections: list[Rejection]) -> None:
        for site in sorted(group, key=lambda each: (each.written_at, each.manifest.key), reverse=True):
            try:
                manifest = self._manifest(site)
                ref = self._layout.read(site, manifest, self._listing, self._store.uri)
                if self._is_only_actual and ref.format is SourceFormat.AZURE_ACTUAL:
                    ref = _without_amortized(ref)
            except BadInput as error:
                rejections.append(self._rejection(site, Outcome.QUARANTINED, str(error)))
                continue
            reason = self._incomplete(ref, site)
            if reason is None:
                deliveries.append(ref)
                return
            rejections.append(
                Rejection(ref.provider, ref.source, ref.billing_period, Outcome.WAITING, reason, ref.fingerprint)
            )

    def _manifest(self, site: Site) -> dict[str, Any]:
        if site.manifest.size > _LARGEST:
            raise BadInput(f"manifest {site.manifest.key}: {site.manifest.size:,} bytes, more than any manifest has")
        return parse_manifest(site.manifest.key, self._store.read(site.manifest))

    def _incomplete(self, ref: DeliveryRef, site: Site) -> str | None:
        if ref.absent:
            more = f" and {len(ref.absent) - 1} more" if len(ref.absent) > 1 else ""
            return f"{ref.absent[0]}{more}: named by {site.manifest.key} and not there yet; waits for the complete set"
        for each in ref.files:
            found = self._listing[each.key].size
            if each.byte_count is not None and found != each.byte_count:
                return (
                    f"{each.key}: {found} bytes, its manifest says {each.byte_count}; "
                    "waits for the complete file, copy it again if this persists"
                )
        return None

    def _waiting_for_manifest(self, each: Unannounced) -> Rejection:
        reason = (
            f"{each.folder}: files since {each.written_at:%Y-%m-%d %H:%M} UTC and no manifest; waits for it "
            "(or ingest it with --no-manifest)"
        )
        return Rejection(self._provider, each.source, each.billing_period, Outcome.WAITING, reason)

    def _rejection(self, site: Site, outcome: Outcome, reason: str) -> Rejection:
        return Rejection(self._provider, site.source, site.billing_period, outcome, reason)

    def _of_this_name(self, deliveries: Iterable[DeliveryRef], rejections: Iterable[Rejection]) -> Discovery:
        def is_wanted(each: DeliveryRef | Rejection) -> bool:
            return self._name is None or each.source == self._name

        return Discovery(tuple(filter(is_wanted, deliveries)), tuple(filter(is_wanted, rejections)))


def _without_amortized(ref: DeliveryRef) -> DeliveryRef:
    """Return an actual export as the whole bill; that it has landed as a half does not count."""
    whole = SourceFormat.AZURE_ONLY_ACTUAL
    return replace(ref, format=whole, fingerprint=digest([whole, ref.fingerprint]))


def _without_clashes(
    deliveries: list[DeliveryRef], rejections: list[Rejection]
) -> tuple[list[DeliveryRef], list[Rejection]]:
    """Reject both of two exports with one name: they would overwrite each other's month by turns."""
    by_key: dict[tuple[str, BillingPeriod], list[DeliveryRef]] = defaultdict(list)
    for each in deliveries:
        by_key[each.source, each.billing_period].append(each)
    for (source, period), refs in by_key.items():
        if len(refs) > 1:
            reason = (
                f"{len(refs)} exports named {source!r} below {refs[0].origin} deliver {period}; "
                "give --from the folder of one of them"
            )
            rejections.append(Rejection(refs[0].provider, source, period, Outcome.REFUSED, reason))
    return [refs[0] for refs in by_key.values() if len(refs) == 1], rejections
