"""BigQuery as an origin: the real client against a stand-in that DuckDB backs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from google.api_core import exceptions as google
from google.auth import exceptions as google_auth
from servers.bigquery import BigQueryServer, refusal
from servers.bigquery_storage import StorageServer, storage_server
from servers.proxy import Answer

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.formats import Provider, SourceFormat, columns_of
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.ingest import bigquery as door
from finops.ingest import parquet_parts
from finops.ingest.bigquery import BigQuerySource
from finops.ingest.models import Outcome
from finops.ingest.service import ingest
from finops.ingest.stores import ChangedWhileRead

pytestmark = pytest.mark.integration

JANUARY, FEBRUARY = BillingPeriod(2025, 1), BillingPeriod(2025, 2)


def bill(
    month: str | None, exported: str, rows: int = 3, source_format: SourceFormat = SourceFormat.GCP_DETAILED
) -> str:
    """SQL of ``rows`` rows of an export, with every column of the format and every nested kind of value filled."""
    known = {
        "billing_account_id": "'01AAAA-BBBBBB-CCCCCC'",
        "service": "{'id': '6F81-5844-456A', 'description': 'Compute Engine'}",
        "usage_start_time": "timestamptz '2025-01-31 23:00:00.123456+00'",
        "export_time": f"timestamptz '{exported}'",
        "x_ExportTime": f"timestamptz '{exported}'",
        "cost": "(case when i = 0 then -0.000001 when i = 1 then 12345.67 else 0.1 end)",
        "currency": "'USD'",
        "labels": "[{'key': 'ai-model', 'value': 'm' || i}, {'key': 'Umlaut', 'value': 'Zürich \"quoted\"'}]",
        "project": "{'id': 'p1', 'number': '1', 'name': 'P', 'labels': [], 'ancestry_numbers': null,"
        " 'ancestors': [{'resource_name': 'organizations/1', 'display_name': 'm'}]}",
        "credits": "[{'name': 'CUD', 'amount': -0.01, 'full_name': null, 'id': 'c', 'type': 'COMMITTED_USAGE'}]",
        "tags": "[{'key': 'k', 'value': 'v', 'inherited': true, 'namespace': 'n'}]",
        "price": "{'effective_price': 0.123456789, 'tier_start_amount': 0, 'unit': 'h', 'pricing_unit_quantity': 1}",
        "invoice": f"{{'month': {'null' if month is None else repr(month)}, 'publisher_type': 'GOOGLE'}}",
        "BillingPeriodStart": f"strptime('{month}', '%Y%m')",
        "BilledCost": "1.5",
    }
    columns = [
        f'({known.get(each.name, "null")})::{each.duckdb_type} as "{each.name}"' for each in columns_of(source_format)
    ]
    if source_format is SourceFormat.FOCUS:
        columns.append(f'{known["x_ExportTime"]} as "x_ExportTime"')
    return f"select {', '.join(columns)} from range({rows}) t(i)"


def answer(status: int, reason: str) -> Answer:
    return Answer(status, json.dumps(refusal(status, reason)[1]).encode(), "application/json")


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "RETRY_SECONDS", 60.0)
    monkeypatch.setattr("google.api_core.retry.retry_unary.time.sleep", lambda seconds: None)


@pytest.fixture
def put(bigquery_server: BigQueryServer, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Make the test's own table; called again, replace it."""
    return lambda relation, **options: bigquery_server.put(f"t_{abs(hash(request.node.name))}", relation, **options)


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


@pytest.mark.parametrize("page_rows", [10_000, 2], ids=["one page", "pages of two rows"])
def test_a_month_arrives_value_for_value_with_the_types_of_the_format(
    bigquery_server: BigQueryServer,
    put: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    page_rows: int,
) -> None:
    monkeypatch.setattr(door, "PAGE_ROWS", page_rows)
    relation = bill("202501", "2025-02-03 06:00:00.654321+00", 7)
    source = BigQuerySource(put(relation), bigquery_server.client())
    [ref] = source.discover().deliveries
    [part] = source.fetch(ref, tmp_path)
    assert part.row_count == 7
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        types = {row[0]: row[1] for row in connection.execute(f"describe from read_parquet('{part.path}')").fetchall()}
        assert types == {
            row[0]: row[1] for row in connection.execute(f"describe {bill('202501', '2025-01-01', 1)}").fetchall()
        }
        # BigQuery has no NULL arrays: they come back empty.
        wanted = f"select * replace (coalesce(system_labels, []) as system_labels) from ({relation})"
        difference = f"(({wanted}) except all from read_parquet('{part.path}'))"
        assert connection.execute(f"select count(*) from {difference}").fetchone() == (0,)
    assert "_PARTITIONTIME" not in types


def test_a_large_month_becomes_several_parts_that_add_up(
    bigquery_server: BigQueryServer, put: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "PAGE_ROWS", 10)
    monkeypatch.setattr(parquet_parts, "ROW_GROUP_ROWS", 20)
    monkeypatch.setattr(parquet_parts, "PART_ROWS", 40)
    source = BigQuerySource(put(bill("202501", "2025-02-03 06:00:00+00", 107)), bigquery_server.client())
    [ref] = source.discover().deliveries
    parts = source.fetch(ref, tmp_path)
    assert [each.row_count for each in parts] == [40, 40, 27]
    with duckdb.connect() as connection:
        for each in parts:
            found = connection.execute(f"select count(*) from read_parquet('{each.path}')").fetchone()
            assert found == (each.row_count,)
        total = connection.execute(
            f"select count(*), sum(cost::decimal(38, 12)) from read_parquet('{tmp_path}/*.parquet')"
        )
        assert total.fetchone() == (107, Decimal("12356.169999000000"))


def test_only_the_partitions_of_the_month_are_read_and_none_of_its_rows_is_lost(
    bigquery_server: BigQueryServer, put: Callable[..., str], tmp_path: Path
) -> None:
    late, streaming = bill("202501", "2025-06-30 23:59:59+00", 2), bill("202501", "2025-02-03 06:00:00+00", 1)
    uri = put(
        f"{bill('202501', '2025-01-20 06:00:00+00')} union all {late} union all {streaming}",
        partitions="case when export_time <> '2025-02-03 06:00:00+00' then date_trunc('day', export_time) end",
    )
    source = BigQuerySource(uri, bigquery_server.client())
    [ref] = source.discover().deliveries
    assert sum(each.row_count or 0 for each in source.fetch(ref, tmp_path)) == 6
    assert "_PARTITIONTIME between @first_partition and @last_partition" in bigquery_server.queries[-1]


def test_a_table_without_partitions_and_the_standard_export_are_read_too(
    bigquery_server: BigQueryServer, put: Callable[..., str], tmp_path: Path
) -> None:
    relation = bill("202501", "2025-02-03 06:00:00+00", 3, SourceFormat.GCP_STANDARD)
    source = BigQuerySource(put(relation, partitions=None), bigquery_server.client())
    [ref] = source.discover().deliveries
    assert ref.format is SourceFormat.GCP_STANDARD
    assert sum(each.row_count or 0 for each in source.fetch(ref, tmp_path)) == 3


def test_a_focus_export_is_taken_by_its_billing_periods(
    bigquery_server: BigQueryServer, put: Callable[..., str], tmp_path: Path
) -> None:
    focus = SourceFormat.FOCUS
    relation = (
        f"{bill('202501', '2025-02-03 06:00:00+00', 3, focus)}"
        f" union all {bill('202502', '2025-02-04 06:00:00+00', 1, focus)}"
    )
    source = BigQuerySource(put(relation, partitions=None), bigquery_server.client())
    january, february = source.discover().deliveries
    assert (january.format, january.billing_period, january.row_count) == (focus, JANUARY, 3)
    assert february.produced_at.isoformat() == "2025-02-04T06:00:00+00:00"
    assert sum(each.row_count or 0 for each in source.fetch(january, tmp_path)) == 3


def test_rows_exported_between_discovery_and_extraction_wait_for_the_next_run(
    bigquery_server: BigQueryServer, put: Callable[..., str], tmp_path: Path
) -> None:
    relation = bill("202501", "2025-02-03 06:00:00+00")
    source = BigQuerySource(put(relation), bigquery_server.client())
    [ref] = source.discover().deliveries
    put(f"{relation} union all {bill('202501', '2025-02-03 09:00:00+00', 5)}")
    assert sum(each.row_count or 0 for each in source.fetch(ref, tmp_path)) == 3


@pytest.mark.parametrize("rows", [1, 4], ids=["rows went", "rows came under the same export time"])
def test_a_month_that_changed_since_it_was_counted_is_not_taken(
    bigquery_server: BigQueryServer, put: Callable[..., str], tmp_path: Path, rows: int
) -> None:
    source = BigQuerySource(put(bill("202501", "2025-02-03 06:00:00+00")), bigquery_server.client())
    [ref] = source.discover().deliveries
    put(bill("202501", "2025-02-03 06:00:00+00", rows))
    with pytest.raises(ChangedWhileRead, match=f"2025-01 has {rows} rows, 3 were counted before; run again"):
        source.fetch(ref, tmp_path)


def test_rows_without_an_invoice_month_are_reported_and_the_others_taken(
    bigquery_server: BigQueryServer, put: Callable[..., str]
) -> None:
    uri = put(f"{bill(None, '2025-02-03 06:00:00+00', 2)} union all {bill('202501', '2025-02-03 06:00:00+00')}")
    found = BigQuerySource(uri, bigquery_server.client()).discover()
    assert [each.billing_period for each in found.deliveries] == [JANUARY]
    [problem] = found.not_taken
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
    assert found.not_taken == ()


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


def test_a_table_that_is_no_bill_is_told_by_its_columns(
    bigquery_server: BigQueryServer, put: Callable[..., str]
) -> None:
    with pytest.raises(BadInput, match="its columns are those of no gcp bill"):
        BigQuerySource(put("select 1 as a", partitions=None), bigquery_server.client()).discover()


@pytest.mark.parametrize(
    "uri",
    ["bq://", "bq://dataset.table", "bq://project.dataset.ta`ble", "bq://project.data;set.t", "bq://PROJECT.d.t"],
)
def test_an_address_that_is_no_table_is_refused(uri: str) -> None:
    with pytest.raises(BadInput, match=r"is not of the form bq://project\.dataset\.table"):
        BigQuerySource(uri, object())


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


@pytest.fixture
def storage(bigquery_server: BigQueryServer) -> Iterator[StorageServer]:
    with storage_server(bigquery_server) as server:
        yield server


@pytest.mark.filterwarnings("ignore:Retrieving Arrow record batches")
def test_the_storage_api_brings_the_same_rows_as_plain_pages(
    bigquery_server: BigQueryServer,
    storage: StorageServer,
    put: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(door, "PAGE_ROWS", 2)
    uri = put(bill("202501", "2025-02-03 06:00:00.654321+00", 7))
    for name, reader in (("pages", None), ("streams", storage.client())):
        (tmp_path / name).mkdir()
        source = BigQuerySource(uri, bigquery_server.client(), storage=reader)
        source.fetch(source.discover().deliveries[0], tmp_path / name)
    assert storage.reads == 1
    pages, streams = (f"from read_parquet('{tmp_path}/{name}/*.parquet')" for name in ("pages", "streams"))
    with duckdb.connect() as connection:
        assert connection.sql(f"describe {pages}").fetchall() == connection.sql(f"describe {streams}").fetchall()
        assert connection.sql(f"select count(*) {streams}").fetchall() == [(7,)]
        nulls = "* replace (coalesce(system_labels, []) as system_labels)"
        assert connection.sql(f"({pages}) except all select {nulls} {streams}").fetchall() == []


def test_where_the_storage_api_is_closed_plain_pages_are_read(
    bigquery_server: BigQueryServer,
    storage: StorageServer,
    put: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(door, "PAGE_ROWS", 2)
    storage.is_closed = True
    uri = put(bill("202501", "2025-02-03 06:00:00+00", 7))
    source = BigQuerySource(uri, bigquery_server.client(), storage=storage.client())
    with caplog.at_level("INFO", logger="finops"):
        [part] = source.fetch(source.discover().deliveries[0], tmp_path)
    assert part.row_count == 7
    assert "the Storage API is closed (PermissionDenied), reading plain pages" in caplog.text
    assert len(bigquery_server.queries) == 2


def every_bill(bills: Path) -> str:
    """SQL of the sample's rows of all months."""
    return f"from read_parquet('{bills}/gcp/**/*.parquet', hive_partitioning = false)"


@pytest.fixture
def billing(bigquery_server: BigQueryServer, bills: Path, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Make the test's own table of two months of bills and, called with SQL, of what was exported since."""

    def export(since: str = "") -> str:
        return bigquery_server.put(f"b_{abs(hash(request.node.name))}", f"({every_bill(bills)}) {since}")

    return export


def test_both_months_land_and_the_next_run_is_one_query(
    bigquery_server: BigQueryServer, billing: Callable[..., str], settings: Settings
) -> None:
    report = ingest(settings, Provider.GCP, billing(), client=bigquery_server.client())
    assert [each.billing_period for each in report.landed] == [JANUARY, FEBRUARY]
    bigquery_server.queries.clear()
    again = ingest(settings, Provider.GCP, billing(), client=bigquery_server.client())
    assert (again.landed, again.unchanged, again.not_taken) == ((), 2, ())
    assert len(bigquery_server.queries) == 1


def test_a_row_exported_late_for_a_closed_month_brings_that_month_anew_and_no_other(
    bigquery_server: BigQueryServer, bills: Path, billing: Callable[..., str], settings: Settings
) -> None:
    before = ingest(settings, Provider.GCP, billing(), client=bigquery_server.client())
    late = (
        "union all (select * replace"
        " (timestamptz '2025-08-01 00:00:00+00' as export_time, -5.25 as cost, [] as credits)"
        f" {every_bill(bills)} where invoice.month = '202501' limit 1)"
    )
    bigquery_server.queries.clear()
    after = ingest(settings, Provider.GCP, billing(late), client=bigquery_server.client())
    [january] = after.landed
    assert january.billing_period == JANUARY
    assert after.unchanged == 1
    assert len(bigquery_server.queries) == 2
    assert january.row_count == before.landed[0].row_count + 1
    cost = {each.billing_currency: each.source_cost for each in before.landed[0].totals}
    restated = {each.billing_currency: each.source_cost for each in january.totals}
    [difference] = {restated[each] - cost[each] for each in cost} - {Decimal(0)}
    assert difference == Decimal("-5.25")


def test_rows_that_come_between_counting_and_reading_are_counted_again_and_land(
    bigquery_server: BigQueryServer, bills: Path, billing: Callable[..., str], settings: Settings
) -> None:
    origin = billing()
    row = f"select * {every_bill(bills)} where invoice.month = '202501'"
    appended = []

    def append_under_the_same_export_time(method: str, target: str) -> None:
        if method == "POST" and len(bigquery_server.queries) == 1 and not appended:
            appended.append(billing(f"union all ({row} order by export_time desc limit 1)"))

    bigquery_server.proxy.hook = append_under_the_same_export_time
    report = ingest(settings, Provider.GCP, origin, client=bigquery_server.client())
    assert appended == [origin]
    january = next(each for each in report.landed if each.billing_period == JANUARY)
    [[rows]] = duckdb.connect().sql(f"select count(*) from ({row})").fetchall()
    assert january.row_count == rows + 1


def test_trouble_in_the_middle_lands_nothing_of_the_month_and_a_retry_lands_it(
    bigquery_server: BigQueryServer,
    billing: Callable[..., str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(door, "PAGE_ROWS", 100)
    monkeypatch.setattr(door, "RETRY_SECONDS", 0.3)
    busy = answer(503, "backendError")
    bigquery_server.proxy.hook = lambda method, target: busy if "pageToken=300" in target else None
    with pytest.raises(Unavailable, match="try again later"):
        ingest(settings, Provider.GCP, billing(), client=bigquery_server.client())
    assert not list(settings.landing_dir.rglob("*.parquet"))
    bigquery_server.proxy.reset()
    report = ingest(settings, Provider.GCP, billing(), client=bigquery_server.client())
    assert [each.billing_period for each in report.landed] == [JANUARY, FEBRUARY]
