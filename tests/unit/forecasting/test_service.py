"""A run gives rows that add up, pass the gate, and replace those of their own run date alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import pandas as pd
import pytest
from tests.unit.forecasting.spend import RUN_DATE, given
from tests.unit.transform.releases import FEW, JANUARY, make

from finops.core.errors import Finding, NotReady
from finops.core.settings import Settings
from finops.forecasting import rows, scorecard, service
from finops.forecasting.models import OTHER
from finops.forecasting.tables import FORECASTS, NOWCASTS, SCORES, TABLES, TOTALS
from finops.pipelines import results as pipeline
from finops.policy.forecasting import Forecasting
from finops.stores import published

Rows = dict[str, pd.DataFrame]


@cache
def forecast(run_date: date = RUN_DATE, known_to: date | None = None, **policy: Any) -> Rows:
    return dict(service.forecast(given(run_date, known_to), Forecasting(**policy)))


def of_level(found: pd.DataFrame, level: str, **more: str) -> pd.DataFrame:
    kept = found[found["level"] == level]
    for name, value in more.items():
        kept = kept[kept[name] == value]
    return kept


@pytest.mark.parametrize("stream", ["usage", "calendar"])
def test_every_level_sums_to_the_total_of_each_day_to_the_cent(stream: str) -> None:
    found = forecast()[FORECASTS.name]
    found = found[(found["stream"] == stream) & (found["freq"] == "D")]
    total = of_level(found, "total").groupby(["billing_currency", "ds"])["mean"].sum()
    assert len(total) > 0
    for level in ("team", "provider", "cost_center", "ai_project", "ai_model", "service_name"):
        summed = of_level(found, level).groupby(["billing_currency", "ds"])["mean"].sum()
        assert (summed == total).all(), level
        assert all(each == each.quantize(Decimal("0.01")) for each in found["mean"])


def test_hours_sum_to_their_total_too() -> None:
    found = forecast()[FORECASTS.name]
    hours = found[found["freq"] == "h"]
    assert hours["ds"].nunique() == 24
    total = of_level(hours, "total").groupby(["billing_currency", "ds"])["mean"].sum()
    assert (of_level(hours, "ai_project").groupby(["billing_currency", "ds"])["mean"].sum() == total).all()


def test_currencies_are_forecast_apart() -> None:
    total = of_level(forecast()[TOTALS.name], "total", period="30 days").set_index("billing_currency")["usage_cost"]
    assert 2_500 < total["EUR"] < 4_500
    assert 40_000 < total["USD"] < 65_000


def test_the_month_is_what_was_spent_and_what_is_expected_of_the_rest() -> None:
    data = given()
    daily = data.daily[(data.daily["billing_currency"] == "USD") & (data.daily["charge_date"] >= "2026-05-01")]
    month = of_level(forecast()[TOTALS.name], "total", period="month", billing_currency="USD").iloc[0]
    assert abs(float(month["actual_cost"]) - daily["amount"].sum()) < 0.05
    assert month["mean"] == month["actual_cost"] + month["usage_cost"] + month["calendar_cost"]
    assert (month["first_day"], month["last_day"]) == (date(2026, 5, 1), date(2026, 5, 31))
    assert month["lo_95"] <= month["lo_80"] <= month["mean"] <= month["hi_80"] <= month["hi_95"]


def test_support_and_tax_come_on_the_first_and_credits_each_day() -> None:
    found = forecast()[FORECASTS.name]
    calendar = of_level(found, "total", stream="calendar", billing_currency="USD").set_index("ds")["mean"]
    assert calendar[pd.Timestamp("2026-06-01")] == Decimal("570.00")
    assert calendar[pd.Timestamp("2026-06-02")] == Decimal("-10.00")
    assert not (found["stream"].eq("usage") & found["service_name"].eq("AWS Support")).any()


def test_small_series_are_combined_and_their_number_is_bounded() -> None:
    assert OTHER in set(forecast()[TOTALS.name]["provider"]) | set(forecast()[TOTALS.name]["cost_center"])
    few = forecast(most_series=12)[TOTALS.name]
    assert few[few["level"] != "team"]["series"].nunique() <= 12 + 1
    assert (
        of_level(few, "total", period="month")["actual_cost"].sum()
        == of_level(forecast()[TOTALS.name], "total", period="month")["actual_cost"].sum()
    )


def test_levels_may_be_fewer() -> None:
    found = forecast(levels=("provider",))[TOTALS.name]
    assert set(found["level"]) == {"total", "provider"}


def test_a_day_that_is_not_whole_is_estimated_and_its_services_add_up() -> None:
    found = forecast(known_to=date(2026, 5, 15))[NOWCASTS.name]
    assert set(found["charge_date"]) == {date(2026, 5, day) for day in (12, 13, 14, 15)}
    keys = ["billing_currency", "provider", "charge_date"]
    whole = found[found["service_name"] == "(all)"].set_index(keys)["estimated_cost"]
    parts = found[found["service_name"] != "(all)"].groupby(keys)["estimated_cost"].sum()
    assert (parts == whole).all()
    assert forecast()[NOWCASTS.name].empty


def test_the_scorecard_has_ours_beside_every_baseline() -> None:
    scores = forecast()[SCORES.name]
    total = scores[(scores["level"] == "total") & (scores["billing_currency"] == "USD")].set_index("model")
    assert {"ours", "last_value", "seasonal_naive", "linear_regression"} <= set(total.index)
    assert total.loc["ours", "mase"] < total.loc["last_value", "mase"]
    assert total.loc["ours", "coverage_95"] >= 0.85
    assert pd.isna(total.loc["last_value", "coverage_95"])
    assert 0 <= total.loc["ours", "month_error"] < 0.1
    assert set(scores["cost_center"]) >= {"(all)", "research", "sales"}


@pytest.fixture
def home(settings: Settings) -> Settings:
    """Return the settings of a home in which something is published."""
    make(settings, JANUARY, "build-1", marts=FEW)
    return settings


def publish(settings: Settings, run_date: date) -> published.Publication:
    month = f"{run_date:%Y-%m}"
    version = published.latest(settings)
    return pipeline.publish(
        settings,
        "forecasting",
        TABLES,
        service.beside_others(version, forecast(run_date), run_date),
        f"{month}-{run_date}",
    )


def counts(version: published.Publication, table: str) -> dict[date, int]:
    with version.connect() as connection:
        return dict(connection.execute(f"select run_date, count(*) from {table} group by 1").fetchall())


def test_rows_pass_the_gate_and_the_same_run_date_replaces_its_own_alone(home: Settings) -> None:
    first, second = date(2026, 5, 10), RUN_DATE
    publish(home, first)
    before = counts(publish(home, second), TOTALS.name)
    assert set(before) == {first, second}
    assert counts(publish(home, second), TOTALS.name) == before
    again = publish(home, first)
    assert counts(again, TOTALS.name) == before
    with again.connect() as connection:
        query = f"select distinct run_date from {FORECASTS.name} where level = 'service_name'"
        assert connection.execute(query).fetchall() == [(second,)]


def test_scores_are_made_once_for_a_run_date_and_anew_when_the_configuration_changes(home: Settings) -> None:
    """As made by a run of the same day before, with a coverage that is off: its warning must not get lost."""
    found = {name: frame.copy() for name, frame in forecast().items()}
    found[SCORES.name]["smape"] = 123.0
    content = service.beside_others(published.latest(home), found, RUN_DATE)
    version = pipeline.publish(home, "forecasting", TABLES, content, "before")

    def again(*levels: str) -> pd.DataFrame:
        policy = Forecasting(levels=levels) if levels else Forecasting()
        return service.forecast(given(), policy, version, keep_scores=True)[SCORES.name]

    kept = again()
    assert set(kept["smape"]) == {123.0}
    assert len(kept) == len(found[SCORES.name])
    assert 123.0 not in set(again("provider")["smape"])
    (configuration,) = set(kept["configuration"])
    assert scorecard.published(version, date(2026, 5, 17), configuration) is None


def test_the_page_is_written_from_published_tables_alone(home: Settings) -> None:
    with pytest.raises(NotReady, match="no forecasts are published yet; run `finops forecast` first"):
        service.write_page(home)
    publish(home, RUN_DATE)
    text = service.write_page(home).read_text(encoding="utf-8")
    for words in ("What is to come from 16 May 2026", "Expected for May 2026", "research", "A straight line", "EUR"):
        assert words in text
    assert "<script" not in text


def test_of_earlier_run_dates_the_lower_levels_are_not_kept() -> None:
    def some(day: int) -> pd.DataFrame:
        return pd.DataFrame({"run_date": date(2026, 5, day), "level": ["total", "service_name"]})

    found = rows.kept(some(4), some(9))
    assert list(found.itertuples(index=False, name=None)) == [
        (date(2026, 5, 4), "total"),
        (date(2026, 5, 9), "total"),
        (date(2026, 5, 9), "service_name"),
    ]


def doctored(table: str, column: str, where: str, change: Callable[[Any], Any]) -> Rows:
    found = {name: frame.copy() for name, frame in forecast().items()}
    rows_meant = found[table].eval(where)
    found[table].loc[rows_meant, column] = found[table].loc[rows_meant, column].map(change)
    return found


def publish_as(settings: Settings, found: Rows) -> None:
    content = service.beside_others(published.latest(settings), found, RUN_DATE)
    pipeline.publish(settings, "forecasting", TABLES, content, "doctored")


@pytest.mark.parametrize(
    ("table", "column", "where", "says"),
    [
        (
            FORECASTS.name,
            "mean",
            "level == 'provider' and step == 3",
            "the series of each level sum to the total",
        ),
        (TOTALS.name, "actual_cost", "level == 'team'", "the mean is what was spent and what is expected, added up"),
        (FORECASTS.name, "hi_80", "level == 'total'", "bounds of 95 % enclose those of 80 %, and these the mean"),
    ],
)
def test_figures_that_do_not_add_up_are_refused(home: Settings, table: str, column: str, where: str, says: str) -> None:
    with pytest.raises(Finding, match=says):
        publish_as(home, doctored(table, column, where, lambda amount: amount - Decimal(10_000)))


def test_bounds_that_hold_too_little_are_published_with_a_warning(
    home: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Readers may want forecasts whose bounds are too narrow, but must hear of it."""
    found = {name: frame.copy() for name, frame in forecast().items()}
    ours = found[SCORES.name]["model"] == "ours"
    points = found[SCORES.name].loc[ours, "point_count"]
    for level, part in ((80, 0.3), (95, 0.4)):
        covered = (points.astype(float) * part).astype(int)
        found[SCORES.name].loc[ours, f"covered_{level}"] = covered
        found[SCORES.name].loc[ours, f"coverage_{level}"] = covered / points.astype(float)
    publish_as(home, found)
    assert "bounds of 95 % hold about 95 % of days at every level and of every team" in caplog.text
    assert "bounds of 80 % hold about 80 %" in caplog.text


def test_bounds_that_hold_what_they_say_give_no_warning(home: Settings, caplog: pytest.LogCaptureFixture) -> None:
    publish_as(home, dict(forecast()))
    assert "hold about" not in caplog.text
