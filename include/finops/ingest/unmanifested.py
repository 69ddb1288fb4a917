"""Files that a person downloaded. There is no manifest, so their content tells format and billing periods."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.errors import BadInput
from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import ANY_VENDOR, Provider, vendor_name
from finops.ingest.models import DeliveryRef, Discovery, ExpectedFile, FetchedFile, Outcome, Rejection, digest
from finops.ingest.preparation import prepare
from finops.ingest.reading import ending, local_name
from finops.ingest.stores.objects import ObjectStore, StoredObject
from finops.ingest.verification.inspection import FileFacts, inspect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class UnmanifestedSource:
    """Every bill below one origin, as one complete delivery for each (source, billing period).

    A file with rows of several periods belongs, with the same bytes, to a delivery of each. A reader of a delivery
    takes only the rows of its period. Bills of ANY_VENDOR are deliveries of the vendors that they name.
    """

    def __init__(
        self,
        provider: Provider,
        store: ObjectStore,
        folder: Path,
        connection: DuckDBPyConnection,
        *,
        name: str | None = None,
        source_format: SourceFormat | None = None,
    ) -> None:
        self._provider = provider
        self._store = store
        self._folder = folder
        self._connection = connection
        self._name = name
        self._format = source_format
        self._facts: dict[str, FileFacts] = {}

    def discover(self, periods: Sequence[BillingPeriod] | None = None) -> Discovery:
        """Copy and read each file once; return a delivery for each format and billing period they hold.

        One file that cannot be trusted rejects the whole set: a month that lacks a file looks like a cheap month.
        Raise BadInput when there is no file to read.
        """
        objects = [each for each in self._store.list() if _is_bill(each.key)]
        if not objects:
            raise BadInput(f"{self._store.uri}: holds no .parquet, .csv, .csv.gz, .zip or .jsonl file")
        self._folder.mkdir(parents=True, exist_ok=True)
        complaints = [reason for each in objects if (reason := self._inspect(each)) is not None]
        if complaints:
            name = self._name or _stem(self._store.uri)
            return Discovery((), tuple(self._quarantined(name, reason) for reason in complaints))
        wanted = None if periods is None else set(periods)
        by_kind: dict[tuple[Provider, SourceFormat], list[StoredObject]] = defaultdict(list)
        for each in objects:
            facts = self._facts[each.key]
            by_kind[self._provider_of(facts), facts.format].append(each)
        refs = []
        formats = {source_format for _, source_format in by_kind}
        for (provider, source_format), members in by_kind.items():
            found = {group.period for each in members for group in self._facts[each.key].groups}
            # Files without rows name no period: they are deliveries of the periods asked for.
            names = sorted(found) or [str(each) for each in wanted or ()]
            name = self._source_name(source_format, is_only=len(formats) == 1)
            for period in map(BillingPeriod.parse, names):
                if wanted is None or period in wanted:
                    refs.append(self._ref(provider, name, source_format, period, members))
        if not refs and wanted is None:
            raise BadInput(
                f"{self._store.uri}: has no rows; add --billing-period and --accept-empty for an empty month"
            )
        return Discovery(tuple(refs))

    def fetch(self, ref: DeliveryRef, folder: Path) -> list[FetchedFile]:
        """Link the copies that were read into ``folder``; a file of two periods is one file with two names."""
        fetched = []
        for expected in ref.files:
            facts = self._facts[expected.key]
            path = folder / local_name(expected.key)
            os.link(facts.file.path, path)
            fetched.append(FetchedFile(path, expected.key, etag=facts.file.etag, facts=facts))
        return fetched

    def _inspect(self, each: StoredObject) -> str | None:
        path = self._folder / local_name(each.key)
        file = FetchedFile(path, each.key, etag=each.etag)
        try:
            self._store.download(each, path)
            self._facts[each.key] = inspect(self._connection, prepare(file), self._provider, self._format)
        except BadInput as error:
            return str(error)
        return None

    def _provider_of(self, facts: FileFacts) -> Provider:
        """Return the vendor that a file of ANY_VENDOR names; ANY_VENDOR where it names several, or has no rows."""
        if self._provider != ANY_VENDOR:
            return self._provider
        vendors = {Provider(vendor_name(each.vendor)) for each in facts.groups}
        return vendors.pop() if len(vendors) == 1 else ANY_VENDOR

    def _ref(
        self,
        provider: Provider,
        name: str,
        source_format: SourceFormat,
        period: BillingPeriod,
        members: list[StoredObject],
    ) -> DeliveryRef:
        holding = [each for each in members if self._facts[each.key].row_count(str(period))] or members
        seen = (f"{each.key}|{each.size}|{self._facts[each.key].sha256}" for each in holding)
        return DeliveryRef(
            provider=provider,
            source=name,
            format=source_format,
            billing_period=period,
            fingerprint=digest([source_format, *seen]),
            produced_at=max(each.modified_at for each in holding),
            origin=self._store.uri,
            files=tuple(ExpectedFile(each.key, self._facts[each.key].byte_count) for each in holding),
            is_mixed=True,
        )

    def _source_name(self, source_format: SourceFormat, *, is_only: bool) -> str:
        name = self._name or _stem(self._store.uri)
        return name if is_only else f"{name}-{source_format}"

    def _quarantined(self, name: str, reason: str) -> Rejection:
        return Rejection(self._provider, name, None, Outcome.QUARANTINED, reason)


def _is_bill(key: str) -> bool:
    try:
        ending(key)
    except BadInput:
        return False
    return True


def _stem(uri: str) -> str:
    """Return the last part of the origin without its ending, as a source's name."""
    last = uri.rstrip("/").rpartition("/")[2]
    return re.sub(r"(\.(csv|gz|parquet|snappy|zip|jsonl|ndjson))+$", "", last) or "by-hand"
