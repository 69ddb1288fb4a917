"""A run sees what was known on its run date, and learns from loads how fast days fill up."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from tests.unit.forecasting.loads import ARRIVED, FIRST, LEVEL, load

from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings
from finops.forecasting import arrivals, nowcast, read, service
from finops.forecasting.models import Input
from finops.policy.forecasting import Forecasting
from finops.stores import published

LAST = date(2026, 6, 20)


@pytest.fixture
def loaded(settings: Settings) -> Settings:
    """Return the settings of a home with a load on each day of June up to the twentieth."""
    for number in range(20):
        load(settings, date(2026, 6, 1) + timedelta(days=number))
    return settings


def given(settings: Settings, run_date: date | None = None) -> Input:
    return read.given(settings, published.latest(settings), Forecasting(), run_date)


def amount(found: Input, day: date) -> float:
    return float(found.daily[found.daily["charge_date"] == pd.Timestamp(day)]["amount"].sum())


def test_without_a_run_date_it_is_the_day_after_the_newest_usage(loaded: Settings) -> None:
    found = given(loaded)
    assert (found.run_date, found.frontier, found.as_of) == (LAST, {"aws": LAST - timedelta(days=1)}, {"aws": LAST})
    assert amount(found, LAST - timedelta(days=1)) == LEVEL * ARRIVED


def test_the_last_day_is_no_drop_once_its_arrival_curve_is_learned(loaded: Settings) -> None:
    found = given(loaded)
    curves = arrivals.learn(found.loads)
    assert curves.count("aws", "Compute", 1) >= 13
    estimates = nowcast.estimate(found.daily, found.run_date, found.frontier, found.as_of, curves)
    newest = estimates[(estimates["charge_date"] == pd.Timestamp("2026-06-19")) & (estimates["service_name"] == "")]
    assert newest["mean"].iloc[0] == pytest.approx(LEVEL, rel=0.02)
    assert newest["lo_95"].iloc[0] <= LEVEL <= newest["hi_95"].iloc[0]


def test_a_past_run_date_sees_its_figures_as_they_were_known_then(loaded: Settings) -> None:
    found = given(loaded, date(2026, 6, 10))
    assert found.daily["charge_date"].max() == pd.Timestamp("2026-06-09")
    assert amount(found, date(2026, 6, 9)) == LEVEL * ARRIVED
    assert amount(found, date(2026, 6, 8)) == LEVEL
    assert found.frontier == {"aws": date(2026, 6, 9)}
    assert found.loads["as_of"].max() <= pd.Timestamp("2026-06-10")


def test_a_run_date_before_the_history_sees_what_is_published_today(loaded: Settings) -> None:
    found = given(loaded, date(2026, 5, 20))
    assert amount(found, date(2026, 5, 19)) == LEVEL
    assert found.daily["charge_date"].max() == pd.Timestamp("2026-05-19")


def test_the_future_and_days_before_all_usage_are_refused_in_one_line(loaded: Settings) -> None:
    with pytest.raises(BadInput, match="the run date 2999-01-01 is in the future"):
        given(loaded, date(2999, 1, 1))
    with pytest.raises(NotReady, match="no usage before 2026-05-01 is published"):
        given(loaded, FIRST)


def test_a_short_history_without_hours_still_gives_every_table(loaded: Settings) -> None:
    found = service.run(loaded, run_date=date(2026, 5, 4))
    assert {table: sorted(months) for table, months in found.items()} == {key: ["2026-05"] for key in found}
    assert len(found["mart_forecasts"]["2026-05"]) > 0
    assert len(found["mart_forecast_scores"]["2026-05"]) == 0


def test_what_results_were_made_of_changes_with_the_configuration(
    loaded: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    version = published.latest(loaded)
    folder = tmp_path_factory.mktemp("config")
    other = Settings(home=loaded.root, config_dir=folder)
    before = service.made_of(version, other)
    (folder / "forecasting.yml").write_text("smallest_share: 0.01\n")
    assert service.made_of(version, other) != before
