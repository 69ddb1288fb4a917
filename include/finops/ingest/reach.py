"""Try whether an origin can be read, without landing anything."""

from __future__ import annotations

from finops.ingest.stores import open_store, scheme_of


def reach(uri: str, client: object | None = None) -> None:
    """List one object of an origin, or describe its table. Raise BadInput or Unavailable when that fails."""
    if scheme_of(uri) == "bq":
        from finops.ingest.bigquery import BigQuerySource

        BigQuerySource(uri, client).reach()
        return
    next(iter(open_store(uri, client).list()), None)
