"""What every test of BigQuery as an origin begins with: the real client against a stand-in that DuckDB backs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from servers.bigquery import BigQueryServer

from finops.ingest import bigquery as door


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "RETRY_SECONDS", 60.0)
    monkeypatch.setattr("google.api_core.retry.retry_unary.time.sleep", lambda seconds: None)


@pytest.fixture
def put(bigquery_server: BigQueryServer, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Make the test's own table; called again, replace it."""
    return lambda relation, **options: bigquery_server.put(f"t_{abs(hash(request.node.name))}", relation, **options)
