"""What is billed by the calendar is forecast by rule; what is planned moves the forecast of what it names."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from tests.unit.forecasting.spend import RUN_DATE, charges, given

from finops.forecasting import events, outlook, series, streams
from finops.forecasting.models import KEY, Hierarchy, Outlook
from finops.policy.forecasting import Calendar, Event, Forecasting

POLICY = Forecasting(smallest_share=0)  # type: ignore[arg-type]
DAYS = pd.date_range(RUN_DATE, periods=60)


def calendar(rows: list[tuple[str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["charge_date", "amount"]).assign(**dict.fromkeys(KEY, "x"))
    return frame.assign(charge_date=pd.to_datetime(frame["charge_date"]))


def expected(rows: list[tuple[str, float]], run_date: str, days: int = 62) -> dict[str, float]:
    found = streams.forecast(calendar(rows), pd.date_range(run_date, periods=days))
    return {f"{day:%Y-%m-%d}": mean for day, mean in zip(found["ds"], found["mean"], strict=True)}


def test_a_monthly_charge_comes_again_on_its_day_at_the_median() -> None:
    rows = [("2026-02-03", 90.0), ("2026-03-03", 100.0), ("2026-04-03", 140.0)]
    assert expected(rows, "2026-05-01", 40) == {"2026-05-03": 100.0, "2026-06-03": 100.0}


def test_a_one_off_is_not_forecast() -> None:
    assert expected([("2026-04-10", 5000.0)], "2026-05-01") == {}


def test_the_last_day_of_a_short_month_has_the_charges_of_the_days_it_lacks() -> None:
    rows = [("2026-01-31", 10.0), ("2026-03-31", 10.0)]
    assert expected(rows, "2026-04-01", 31) == {"2026-04-30": 10.0}


def test_what_comes_daily_costs_its_recent_mean_each_day() -> None:
    rows = [(f"{day:%Y-%m-%d}", -4.0) for day in pd.date_range("2026-03-01", "2026-04-30")]
    found = expected(rows, "2026-05-01", 5)
    assert list(found.values()) == [-4.0] * 5


def test_usage_that_is_billed_once_a_month_is_of_the_calendar() -> None:
    frame = charges()
    seats = (
        frame[frame["charge_date"].dt.day == 2]
        .head(3)
        .assign(service_name="Seats", charge_date=pd.to_datetime(["2026-02-02", "2026-03-02", "2026-04-02"]))
    )
    found = streams.divided(pd.concat([frame, seats]), Calendar())
    assert set(found[found["service_name"] == "Seats"]["stream"]) == {"calendar"}
    assert set(found[found["service_name"] == "AWS Support"]["stream"]) == {"calendar"}
    assert set(found[found["service_name"] == "Models"]["stream"]) == {"usage"}


def test_a_correction_of_usage_is_of_the_calendar() -> None:
    frame = charges().head(3).assign(charge_class="Correction")
    assert set(streams.divided(frame, Calendar())["stream"]) == {"calendar"}


def tree() -> tuple[Hierarchy, pd.DataFrame]:
    daily = given().daily
    combined = series.combined(daily, series.names_of(daily, RUN_DATE, POLICY))
    return series.hierarchy(combined, RUN_DATE, POLICY.levels), events.leaves_of(combined)


def planned(*given_events: Event) -> Outlook:
    found, leaves = tree()
    return outlook.of_days(found, 60, events.planned(given_events, found, leaves, DAYS, POLICY.levels))


def means(found: Outlook, level: str, **names: str) -> np.ndarray:
    nodes = found.nodes[(found.nodes["level"] == level) & (found.nodes["billing_currency"] == "USD")]
    for name, value in names.items():
        nodes = nodes[nodes[name] == value]
    return np.asarray(found.mean[nodes.index].sum(axis=0)) / 100


@pytest.fixture(scope="module")
def without() -> Outlook:
    return planned()


def test_a_factor_moves_what_it_names_and_what_that_is_part_of(without: Outlook) -> None:
    event = Event(name="Training", from_day=date(2026, 5, 20), to_day=date(2026, 5, 22), ai_project="vision", factor=2)  # type: ignore[arg-type]
    found = planned(event)
    vision, chat = (means(found, "ai_project", ai_project=name) for name in ("vision", "chat"))
    before, chat_before = (means(without, "ai_project", ai_project=name) for name in ("vision", "chat"))
    assert vision[4:7] == pytest.approx(2 * before[4:7], rel=0.05)
    assert vision[8:20] == pytest.approx(before[8:20], rel=0.02)
    assert chat[4:7] == pytest.approx(chat_before[4:7], rel=0.05)
    assert means(found, "total")[4:7] == pytest.approx(vision[4:7] + chat[4:7])


def test_an_amount_stands_once_at_every_level_on_each_of_its_days(without: Outlook) -> None:
    event = Event(
        name="Launch",
        from_day=date(2026, 5, 18),
        to_day=date(2026, 5, 31),
        cost_center="sales",
        amount=400,  # type: ignore[arg-type]
        currency="USD",
    )
    found = planned(event)
    for level in ("total", "provider", "cost_center", "service_name", "team"):
        added = means(found, level) - means(without, level)
        assert added[2:16] == pytest.approx(np.full(14, 400.0), abs=0.1), level
        assert np.abs(added[[0, 1, *range(16, 60)]]).max() < 0.05, level


def test_an_event_that_selects_nothing_changes_nothing_and_is_said(
    without: Outlook, caplog: pytest.LogCaptureFixture
) -> None:
    event = Event(name="Elsewhere", from_day=date(2026, 5, 18), to_day=date(2026, 5, 31), provider="oci", factor=3)  # type: ignore[arg-type]
    assert (planned(event).mean == without.mean).all()
    assert "the event 'Elsewhere' selects no series" in caplog.text
