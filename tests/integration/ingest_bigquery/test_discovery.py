"""What BigQuery is found to hold: months, their age and fingerprints, and what is no bill."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bigquery_steps import FEBRUARY, JANUARY, bill
from servers.bigquery import BigQueryServer

from finops.core.errors import BadInput
from finops.core.formats import SourceFormat
from finops.ingest.bigquery import BigQuerySource
from finops.ingest.models import Outcome

pytestmark = pytest.mark.integration


def test_each_invoice_month_is_one_delivery_as_old_as_its_newest_export(
    bigquery_server: BigQueryServer, put: Callable[..., str]
) -> None:
    uri = put(
        f"{bill('202501', '2025-01-20 06:00:00+00')} union all {bill('202501', '2025-02-03 06:00:00+00', 2)}"
        f" union all {bill('202502', '2025-02-02 06:00:00+00', 4)}"
    )
    january, february = BigQuerySource(uri, bigquery_server.client()).discover().deliveries
    assert (january.billing_period, january.row_count, january.format) == (JANUARY, 5, SourceFormat.GCP_DETAILED)
    assert january.produced_at.isoformat() == "2025-02-03T06:00:00+00:00"
    assert (february.billing_period, february.row_count) == (FEBRUARY, 4)
    assert january.origin == uri
    assert f"bq://{january.source}" == uri


def test_discovery_is_one_query_over_narrow_columns(bigquery_server: BigQueryServer, put: Callable[..., str]) -> None:
    BigQuerySource(put(bill("202501", "2025-02-03 06:00:00+00")), bigquery_server.client()).discover([JANUARY])
    [query] = bigquery_server.queries
    assert "*" not in query.replace("count(*)", "")
    assert "202501" not in query


def test_only_the_months_asked_for_are_offered(bigquery_server: BigQueryServer, put: Callable[..., str]) -> None:
    uri = put(f"{bill('202501', '2025-02-03 06:00:00+00')} union all {bill('202502', '2025-02-03 06:00:00+00')}")
    found = BigQuerySource(uri, bigquery_server.client()).discover([FEBRUARY]).deliveries
    assert [each.billing_period for each in found] == [FEBRUARY]


def test_a_month_keeps_its_fingerprint_until_rows_are_exported_for_it_however_old_it_is(
    bigquery_server: BigQueryServer, put: Callable[..., str]
) -> None:
    old = f"{bill('202501', '2025-02-03 06:00:00+00')} union all {bill('202502', '2025-03-03 06:00:00+00')}"
    uri = put(old)
    before = BigQuerySource(uri, bigquery_server.client()).discover().deliveries
    again = BigQuerySource(uri, bigquery_server.client()).discover().deliveries
    put(f"{old} union all {bill('202501', '2025-09-09 06:00:00+00', 1)}")
    after = BigQuerySource(uri, bigquery_server.client()).discover().deliveries
    assert [each.fingerprint for each in before] == [each.fingerprint for each in again]
    assert before[0].fingerprint != after[0].fingerprint
    assert before[1].fingerprint == after[1].fingerprint


def test_rows_that_follow_under_the_same_export_time_change_the_fingerprint(
    bigquery_server: BigQueryServer, put: Callable[..., str]
) -> None:
    half = BigQuerySource(put(bill("202501", "2025-02-03 06:00:00+00", 3)), bigquery_server.client()).discover()
    whole = BigQuerySource(put(bill("202501", "2025-02-03 06:00:00+00", 4)), bigquery_server.client()).discover()
    assert half.deliveries[0].fingerprint != whole.deliveries[0].fingerprint


def test_rows_without_an_invoice_month_are_reported_and_the_others_taken(
    bigquery_server: BigQueryServer, put: Callable[..., str]
) -> None:
    uri = put(f"{bill(None, '2025-02-03 06:00:00+00', 2)} union all {bill('202501', '2025-02-03 06:00:00+00')}")
    found = BigQuerySource(uri, bigquery_server.client()).discover()
    assert [each.billing_period for each in found.deliveries] == [JANUARY]
    [problem] = found.rejections
    assert problem.outcome is Outcome.QUARANTINED
    assert "2 rows have None as invoice.month" in problem.reason


def test_a_month_whose_rows_the_table_lets_expire_is_not_offered_as_a_smaller_bill(
    bigquery_server: BigQueryServer, put: Callable[..., str]
) -> None:
    uri = put(f"{bill('202001', '2020-02-03 06:00:00+00')} union all {bill('209901', '2099-02-03 06:00:00+00')}")
    table = bigquery_server.state.tables[uri.removeprefix("bq://")]
    table["timePartitioning"]["expirationMs"] = str(730 * 24 * 3600 * 1000)
    found = BigQuerySource(uri, bigquery_server.client()).discover()
    assert [str(each.billing_period) for each in found.deliveries] == ["2099-01"]
    assert found.rejections == ()


def test_a_table_that_is_no_bill_is_told_by_its_columns(
    bigquery_server: BigQueryServer, put: Callable[..., str]
) -> None:
    with pytest.raises(BadInput, match="its columns match no gcp bill"):
        BigQuerySource(put("select 1 as a", partitions=None), bigquery_server.client()).discover()


@pytest.mark.parametrize(
    "uri",
    ["bq://", "bq://dataset.table", "bq://project.dataset.ta`ble", "bq://project.data;set.t", "bq://PROJECT.d.t"],
)
def test_an_address_that_is_no_table_is_refused(uri: str) -> None:
    with pytest.raises(BadInput, match=r"is not of the form bq://project\.dataset\.table"):
        BigQuerySource(uri, object())
