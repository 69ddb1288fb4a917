"""How a month is read from BigQuery: value for value, all of it, and nothing that came since."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from bigquery_steps import JANUARY, bill
from servers.bigquery import BigQueryServer
from servers.bigquery_storage import StorageServer, storage_server

from finops.core.formats import SourceFormat
from finops.ingest import bigquery as door
from finops.ingest import parquet_parts
from finops.ingest.bigquery import BigQuerySource
from finops.ingest.stores.objects import ChangedWhileRead

pytestmark = pytest.mark.integration


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
    assert "the Storage API is not available (PermissionDenied), reading plain pages" in caplog.text
    assert len(bigquery_server.queries) == 2
