"""Bills of BigQuery all the way to the landing folder."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from bigquery_steps import FEBRUARY, JANUARY, answer, every_bill
from servers.bigquery import BigQueryServer

from finops.core.errors import Unavailable
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest import bigquery as door
from finops.ingest.service import ingest

pytestmark = pytest.mark.integration


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
    assert (again.landed, again.unchanged, again.rejections) == ((), 2, ())
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
