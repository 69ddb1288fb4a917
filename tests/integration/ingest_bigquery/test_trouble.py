"""What BigQuery refuses, waits with or breaks off, and what the reader is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bigquery_steps import answer, bill
from google.api_core import exceptions as google
from google.auth import exceptions as google_auth
from servers.bigquery import BigQueryServer

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.ingest import bigquery as door
from finops.ingest.bigquery import BigQuerySource

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(("status", "reason"), [(429, "rateLimitExceeded"), (403, "rateLimitExceeded"), (503, "x")])
def test_throttling_that_passes_is_waited_for(
    bigquery_server: BigQueryServer, put: Callable[..., str], status: int, reason: str
) -> None:
    source = BigQuerySource(put(bill("202501", "2025-02-03 06:00:00+00")), bigquery_server.client())
    reason = "backendError" if status == 503 else reason
    refusals = [answer(status, reason)] * 3
    bigquery_server.proxy.hook = lambda method, target: refusals.pop() if refusals else None
    assert len(source.discover().deliveries) == 1


def test_throttling_that_stays_ends_after_a_bounded_time(
    bigquery_server: BigQueryServer, put: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "RETRY_SECONDS", 0.3)
    source = BigQuerySource(put(bill("202501", "2025-02-03 06:00:00+00")), bigquery_server.client())
    bigquery_server.proxy.hook = lambda method, target: answer(429, "rateLimitExceeded")
    with pytest.raises(Unavailable, match=r"BigQuery is busy \(rateLimitExceeded\); try again later"):
        source.discover()


@pytest.mark.parametrize(
    ("status", "reason", "kind", "remedy"),
    [
        (403, "accessDenied", BadInput, "grant BigQuery Data Viewer"),
        (403, "quotaExceeded", Unavailable, "try again later"),
        (401, "authError", Unavailable, "renew them and run again"),
        (404, "notFound", BadInput, "there is no such table"),
        (400, "invalid", BadInput, r"refused the request \(invalid\)"),
    ],
)
def test_a_refusal_says_what_to_do_and_repeats_nothing_that_the_service_said(
    bigquery_server: BigQueryServer,
    put: Callable[..., str],
    status: int,
    reason: str,
    kind: type[FinopsError],
    remedy: str,
) -> None:
    uri = put(bill("202501", "2025-02-03 06:00:00+00"))
    bigquery_server.proxy.hook = lambda method, target: answer(status, reason)
    with pytest.raises(kind, match=remedy) as caught:
        BigQuerySource(uri, bigquery_server.client()).discover()
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_credentials_that_expire_between_two_pages_fail_cleanly(
    bigquery_server: BigQueryServer, put: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "PAGE_ROWS", 2)
    source = BigQuerySource(put(bill("202501", "2025-02-03 06:00:00+00", 6)), bigquery_server.client())
    [ref] = source.discover().deliveries
    bigquery_server.proxy.hook = lambda method, target: answer(401, "authError") if "pageToken=" in target else None
    with pytest.raises(Unavailable, match="the credentials are wrong or have expired"):
        source.fetch(ref, tmp_path)


def test_a_query_that_the_service_cannot_run_is_bad_input(bigquery_server: BigQueryServer) -> None:
    relation = bill("202501", "2025-02-03 06:00:00+00")
    uri = bigquery_server.put("renamed_meanwhile", relation)
    source = BigQuerySource(uri, bigquery_server.client())
    bigquery_server.execute('alter table "meridian-billing.billing.renamed_meanwhile" rename export_time to exported')
    with pytest.raises(BadInput, match=r"refused the request \(invalidQuery\)"):
        source.discover()


@pytest.mark.parametrize(
    ("error", "kind", "remedy"),
    [
        (google_auth.DefaultCredentialsError("canary"), BadInput, "gcloud auth application-default login"),
        (google_auth.RefreshError("canary"), Unavailable, "have expired"),
        (google_auth.TransportError("canary"), Unavailable, "gave no answer"),
        (google.InternalServerError("canary"), Unavailable, "is busy"),
    ],
)
def test_what_the_libraries_raise_by_themselves_is_explained_too(
    bigquery_server: BigQueryServer,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type[FinopsError],
    remedy: str,
) -> None:
    client = bigquery_server.client()

    def fails(*args: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(client, "get_table", fails)
    with pytest.raises(kind, match=remedy) as caught:
        BigQuerySource("bq://project-1.billing.t", client).discover()
    assert "canary" not in str(caught.value)
