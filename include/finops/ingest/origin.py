"""Where deliveries come from: the address, the options that go with it, and the source that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.errors import BadInput
from finops.core.formats import SourceFormat
from finops.core.providers import CLOUDS, Provider
from finops.core.settings import Settings
from finops.ingest.manifests import ManifestSource
from finops.ingest.models import Source
from finops.ingest.reading import open_engine
from finops.ingest.stores import open_store, scheme_of
from finops.ingest.unmanifested import UnmanifestedSource

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Origin:
    """Where to look and how. ``source`` names one export; ``source_format`` is for files without a manifest, which
    those of vendors other than the clouds always are.

    ``client`` is the cloud SDK's client if the caller has one with credentials.
    """

    provider: Provider
    uri: str
    no_manifest: bool = False
    source: str | None = None
    source_format: SourceFormat | None = None
    client: object | None = None

    @contextmanager
    def opened(self, settings: Settings, folder: Path) -> Iterator[tuple[DuckDBPyConnection, Source]]:
        """Yield the engine that verifies files and the source; temporary files go to ``folder``."""
        with open_engine(settings, folder) as connection:
            yield connection, self._source(folder, connection)

    def _source(self, folder: Path, connection: DuckDBPyConnection) -> Source:
        if scheme_of(self.uri) == "bq":
            if self.provider != Provider.GCP:
                raise BadInput(f"{self.uri}: BigQuery holds Google's bills; say --provider gcp, not {self.provider}")
            from finops.ingest.bigquery import BigQuerySource

            return BigQuerySource(self.uri, self.client, source=self.source)
        has_manifest = not self.no_manifest and self.provider in CLOUDS
        is_only_actual = self.source_format is SourceFormat.AZURE_ONLY_ACTUAL
        if self.source_format is not None and has_manifest and not is_only_actual:
            raise BadInput("--format is for files without a manifest; add --no-manifest")
        store = open_store(self.uri, self.client)
        if has_manifest:
            return ManifestSource(self.provider, store, self.source, is_only_actual=is_only_actual)
        return UnmanifestedSource(
            self.provider, store, folder / "read", connection, name=self.source, source_format=self.source_format
        )
