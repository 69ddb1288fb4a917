"""Try whether an origin can be read, without landing anything."""

from __future__ import annotations

from urllib.parse import urlsplit

from finops.ingest.stores import open_store


def reach(uri: str, client: object | None = None) -> None:
    """List one object of an origin, or describe its table. Raise BadInput or Unavailable when that fails."""
    if urlsplit(uri).scheme == "bq":
        from finops.ingest.bigquery import BigQuerySource

        BigQuerySource(uri, client).reach()
        return
    next(iter(open_store(uri, client).list()), None)
