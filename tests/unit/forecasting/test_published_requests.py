"""Counted requests become a published forecast, once by run date and what is counted."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import duckdb
import pytest
from tests.unit.transform.releases import JANUARY, make

from finops.core.errors import Finding
from finops.core.settings import Settings
from finops.forecasting import requests
from finops.forecasting.tables import REQUEST_TABLES, REQUESTS
from finops.pipelines import forecasts, results
from finops.stores import published

HOURS = """
    select 'aws' as provider, 'USD' as billing_currency, endpoint_id, moment as hour_start,
        (if(hour(moment) between 8 and 19, 500, 100) * (1 + hash(moment, endpoint_id) % 5 / 50))::bigint as requests,
        0::bigint as successes, if(moment = timestamp '2025-01-20 10:00', 30, 60) as minutes_covered
    from range(timestamp '2025-01-01', timestamp '2025-01-31 20:00', interval 1 hour) as hours(moment),
        (values ('chat'), ('search')) as endpoints(endpoint_id)
"""


@pytest.fixture
def company(settings: Settings) -> Settings:
    """A published January, with the hours of two endpoints; on its last day they are counted until 20:00."""
    version = make(settings, JANUARY, "build-1")
    folder = version.path / requests.HOURS_MART / "billing_period=2025-01"
    folder.mkdir(parents=True)
    duckdb.sql(f"copy ({HOURS}) to '{folder / 'part.parquet'}'")
    manifest = json.loads((version.path / "manifest.json").read_text(encoding="utf-8"))
    manifest["marts"][requests.HOURS_MART] = {**manifest["marts"]["fct_daily_costs"], "billing_periods": ["2025-01"]}
    manifest["columns"][requests.HOURS_MART] = ["billing_period", *duckdb.sql(HOURS).columns]
    (version.path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return settings


def rows(where: Settings, what: str) -> list[tuple[Any, ...]]:
    """Return what a SELECT says of the published forecasts."""
    with published.latest(where).connect() as connection:
        return connection.sql(f"select {what} from {REQUESTS.name} group by all order by all").fetchall()


def test_each_run_date_has_its_own_rows_and_is_not_forecast_again_while_nothing_has_changed(company: Settings) -> None:
    assert requests.run_date_of(company) == date(2025, 1, 31), "the day that is not over is not known"
    assert forecasts.run_requests(company) is not None
    assert forecasts.run_requests(company, date(2025, 1, 31)) is None
    assert forecasts.run_requests(company, date(2025, 1, 30)) is not None
    assert rows(company, "run_date, endpoint_id, count(*), min(hour_start)::date, any_value(history_days)") == [
        (day, endpoint, 168, day, (day - date(2025, 1, 1)).days)
        for day in (date(2025, 1, 30), date(2025, 1, 31))
        for endpoint in ("chat", "search")
    ]


def test_before_anything_is_counted_nothing_is_forecast_nor_published(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    assert forecasts.run_requests(settings) is None
    assert REQUESTS.name not in published.latest(settings).marts


def test_an_hour_that_was_counted_in_part_is_a_gap(company: Settings) -> None:
    known = requests._counted(company, published.latest(company), date(2025, 1, 31))
    assert len(known[known["endpoint_id"] == "chat"]) == 30 * 24 - 1


def test_earlier_run_dates_of_the_month_go_where_rows_would_be_too_many(
    company: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MOST_KEPT", 2 * 168 * 2)
    for day in (29, 30, 31):
        forecasts.run_requests(company, date(2025, 1, day))
    assert rows(company, "run_date") == [(date(2025, 1, 30),), (date(2025, 1, 31),)]


def test_the_gate_refuses_bounds_that_do_not_enclose_the_mean(company: Settings) -> None:
    found = requests.run(company, date(2025, 1, 31))
    (frame,) = found[REQUESTS.name].values()
    spoiled = {REQUESTS.name: {"2025-01": frame.assign(lo_80=frame["mean"] + 1)}}  # type: ignore[union-attr]
    with pytest.raises(Finding):
        results.publish(company, forecasts.REQUESTS, REQUEST_TABLES, spoiled, "x")
