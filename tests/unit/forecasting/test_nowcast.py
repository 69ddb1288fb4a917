"""Days that are not whole are estimated at what they will cost, with bounds that hold it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from finops.forecasting import arrivals, nowcast
from finops.forecasting.models import KEY, USAGE

TODAY = date(2026, 5, 15)
DAYS = pd.date_range(end="2026-05-14", periods=60)


def usage(seed: int, noise: float, services: int = 3) -> pd.DataFrame:
    """Return sixty days of usage with a weekly rhythm, of one provider with some services in two cost centres."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(services):
        level = rng.uniform(50, 500) * np.where(DAYS.day_of_week < 5, 1.0, rng.uniform(0.3, 1.0))
        for center in ("a", "b"):
            amounts = level * np.exp(rng.normal(0, noise, len(DAYS)))
            key = ("USD", "aws", center, "p", "m", f"service {number}")
            rows.append(
                pd.DataFrame({"charge_date": DAYS, "stream": USAGE, "amount": amounts}).assign(
                    **dict(zip(KEY, key, strict=True))
                )
            )
    return pd.concat(rows, ignore_index=True)


def cut(daily: pd.DataFrame, shares: dict[str, float]) -> pd.DataFrame:
    """Return the usage with a share of each service's newest day."""
    last = daily["charge_date"] == DAYS[-1]
    share = daily["service_name"].map(shares).where(last, 1.0)
    return daily.assign(amount=daily["amount"] * share)


def estimate(daily: pd.DataFrame, curves: arrivals.Curves | None = None) -> pd.DataFrame:
    reached = {"aws": DAYS[-1].date()}
    return nowcast.estimate(daily, TODAY, reached, reached, curves or arrivals.Curves())


def newest(found: pd.DataFrame, service: str = "") -> pd.Series:
    return found[(found["charge_date"] == DAYS[-1]) & (found["service_name"] == service)].iloc[0]


@pytest.mark.parametrize("noise", [0.05, 0.15, 0.3])
def test_the_interval_of_a_day_that_was_cut_holds_its_final_cost_in_nine_of_ten_trials(noise: float) -> None:
    """A file that was cut has any part of its day, of all services alike or not; nothing was learned."""
    held, drops, trials = 0, 0, 60
    for seed in range(trials):
        whole = usage(seed, noise)
        rng = np.random.default_rng(10_000 + seed)
        common = rng.uniform(0, 1)
        is_common = seed % 2 == 0
        shares = {name: common if is_common else rng.uniform(0, 1) for name in whole["service_name"].unique()}
        final = whole[whole["charge_date"] == DAYS[-1]]["amount"].sum()
        found = newest(estimate(cut(whole, shares)))
        held += found["lo_95"] <= final <= found["hi_95"]
        drops += found["mean"] < 0.5 * final
    assert held >= 0.9 * trials
    assert drops == 0


def test_a_curve_that_was_learned_makes_a_sure_estimate() -> None:
    """Each load has 80 to 84 % of a day after one day: what is missing is known."""
    rng = np.random.default_rng(1)
    loads = []
    for day in DAYS[:-8]:
        for age, share in ((1, rng.uniform(0.80, 0.84)), (8, 1.0)):
            loads.append(("aws", "USD", "service 0", day, day + pd.Timedelta(days=age), 100 * share))
    columns = ["provider", "billing_currency", "service_name", "charge_date", "as_of", "amount"]
    curves = arrivals.learn(pd.DataFrame(loads, columns=columns))
    whole = usage(3, 0.3)
    final = whole[whole["charge_date"] == DAYS[-1]]["amount"].sum()
    daily = cut(whole, dict.fromkeys(whole["service_name"].unique(), 0.82))
    reached = {"aws": DAYS[-1].date()}
    found = newest(nowcast.estimate(daily, TODAY, reached, {"aws": TODAY}, curves))
    guessed = newest(nowcast.estimate(daily, TODAY, reached, {"aws": TODAY}, arrivals.Curves()))
    assert found["load_count"] == len(DAYS) - 8
    assert abs(found["mean"] / final - 1) < 0.05
    assert found["hi_95"] - found["lo_95"] < guessed["hi_95"] - guessed["lo_95"]


def test_a_whole_day_stays_nearly_what_it_is() -> None:
    whole = usage(5, 0.05)
    found = newest(estimate(whole))
    assert found["seen"] <= found["mean"] < 1.1 * found["seen"]


def test_services_add_up_to_their_provider() -> None:
    found = estimate(cut(usage(7, 0.2), {"service 0": 0.1, "service 1": 0.9, "service 2": 0.5}))
    of_day = found[found["charge_date"] == DAYS[-1]]
    services = of_day[of_day["service_name"] != ""]
    assert services["mean"].sum() == pytest.approx(newest(found)["mean"])


def test_what_has_not_arrived_at_all_is_expected_as_usual() -> None:
    daily = usage(9, 0.1)
    daily = daily[daily["charge_date"] < DAYS[-1]]
    found = nowcast.estimate(daily, TODAY, {"aws": DAYS[-2].date()}, {}, arrivals.Curves())
    before = daily[daily["charge_date"] == DAYS[-8]]["amount"].sum()
    assert newest(found)["seen"] == 0
    assert 0.6 * before < newest(found)["mean"] < 1.5 * before


def test_settled_days_and_providers_that_stopped_are_left_alone() -> None:
    daily = usage(11, 0.1)
    assert estimate(daily)["charge_date"].min() > DAYS[-1] - pd.Timedelta(days=arrivals.SETTLED)
    later = date(2026, 6, 15)
    assert nowcast.estimate(daily, later, {"aws": DAYS[-1].date()}, {}, arrivals.Curves()).empty


def test_the_missing_cost_goes_to_the_keys_that_lack_it() -> None:
    """One cost centre's charges are all still to come; the other's are whole."""
    whole = usage(13, 0.02, services=1)
    is_late = (whole["charge_date"] == DAYS[-1]) & (whole["cost_center"] == "b")
    daily = whole.assign(amount=whole["amount"].where(~is_late, 0.0))
    late = nowcast.completed(daily, estimate(daily))
    of_day = late[late["charge_date"] == DAYS[-1]].set_index("cost_center")["amount"]
    missing = whole[is_late]["amount"].sum()
    assert of_day["b"] == pytest.approx(missing, rel=0.35)
    assert of_day["b"] > 5 * of_day["a"]
    assert of_day.sum() == pytest.approx(newest(estimate(daily))["mean"] - newest(estimate(daily))["seen"])


def test_a_series_of_credits_is_estimated_too() -> None:
    daily = usage(15, 0.1).assign(amount=lambda frame: -frame["amount"])
    found = newest(estimate(daily))
    assert found["lo_95"] <= found["mean"] <= found["hi_95"]


@pytest.mark.parametrize(("end", "are_open"), [("2026-05-31", False), ("2026-05-30", True)])
def test_the_last_days_of_a_month_are_as_old_as_its_bill_which_can_reach_no_further(end: str, are_open: bool) -> None:
    """In the middle of a month a bill that was written later would reach further: its newest days are young."""
    last = pd.Timestamp(end)
    daily = usage(15, 0.1)
    daily = daily.assign(charge_date=daily["charge_date"] + (last - DAYS[-1]))
    run_date, written = (last + pd.Timedelta(days=1)).date(), date(2026, 7, 20)
    found = nowcast.estimate(daily, run_date, {"aws": last.date()}, {"aws": written}, arrivals.Curves())
    assert found["charge_date"].nunique() == (arrivals.SETTLED - 1 if are_open else 0)
