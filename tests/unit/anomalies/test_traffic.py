"""A spike of inference with a surge of requests, or with a few loud callers, is a suspected attack."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from tests.unit.anomalies.bills import ENDPOINT, FIRST, publish, steady, times
from tests.unit.anomalies.test_service import APRIL_20, APRIL_24, DAYS, others
from tests.unit.anomalies.watch import configure, run

from finops.anomalies.traffic import Surge, is_attack
from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.policy.anomalies import Traffic
from finops.stores.state import telemetry
from finops.stores.state.store import open_state


@pytest.fixture
def spike(settings: Settings) -> Settings:
    """Settings of a company with an endpoint that cost five times as much on five days."""
    quiet = configure(settings, "alert: {}\n")
    publish(quiet, [*times(steady(DAYS), 5, APRIL_20, APRIL_24), *others()])
    return quiet


def land(settings: Settings, day: date, requests: dict[str, int]) -> None:
    """Land a day's requests of the endpoint by source."""
    path = settings.landing_dir / f"telemetry/{day}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = ", ".join(
        f"('aws', '{ENDPOINT}', '{source}', timestamp '{day} 10:00', {count})" for source, count in requests.items()
    )
    names = "provider, endpoint_id, traffic_source, bucket_start, requests"
    duckdb.execute(f"copy (select * from (values {rows}) as t ({names})) to '{path}' (format parquet)")
    delivery = telemetry.TelemetryDelivery(
        f"{day}",
        "traffic",
        TelemetryKind.ENDPOINT_TRAFFIC,
        day,
        f"telemetry/{day}.parquet",
        "",
        0,
        len(requests),
        (),
        datetime.now(UTC),
    )
    with open_state(settings).begin() as state:
        telemetry.record(state, delivery)


def usual_days(settings: Settings) -> None:
    for number in range((APRIL_20 - FIRST).days):
        land(settings, FIRST + timedelta(days=number), {"web": 500, "partner": 300, "batch": 150, "mobile": 50})


def test_a_surge_of_ten_times_is_a_suspected_attack_with_mitigation_and_what_it_avoids(spike: Settings) -> None:
    usual_days(spike)
    for number in range(5):
        land(spike, APRIL_20 + timedelta(days=number), {"web": 4000, "partner": 3000, "batch": 2500, "mobile": 2500})

    (found,) = run(spike)

    assert (found["is_suspected_attack"], found["traffic_times"]) == (True, 12)
    assert "AWS WAF" in found["mitigation"]
    assert found["avoided_cost"] > 0
    assert found["advice"].startswith("Suspected attack")


def test_a_smaller_surge_from_one_caller_is_one_too_and_names_it(spike: Settings) -> None:
    usual_days(spike)
    for number in range(5):
        day = APRIL_20 + timedelta(days=number)
        land(spike, day, {"web": 500, "partner": 300, "batch": 150, "mobile": 50, "unknown-caller": 3500})
    (found,) = run(spike)
    assert (found["is_suspected_attack"], found["top_sources_percent"]) == (True, 100)
    assert "unknown-caller" in found["mitigation"]


def test_the_same_callers_with_five_times_the_requests_are_none(spike: Settings) -> None:
    usual_days(spike)
    for number in range(5):
        land(spike, APRIL_20 + timedelta(days=number), {"web": 1000, "partner": 1300, "batch": 1150, "mobile": 1550})
    (found,) = run(spike)
    assert (found["is_suspected_attack"], found["mitigation"], found["avoided_cost"]) == (False, None, None)
    assert "5.0 times the usual requests" in found["advice"]


def test_an_endpoint_of_which_nothing_is_known_is_none(spike: Settings) -> None:
    (found,) = run(spike)
    assert (found["is_suspected_attack"], found["traffic_times"]) == (False, None)


def test_few_sources_alone_are_no_attack() -> None:
    """An endpoint that has two callers has all its growth from them."""
    assert not is_attack(Surge(150, 100, 1.0, 0.0), Traffic())
    assert is_attack(Surge(200, 100, 0.8, 0.4), Traffic())
    assert not is_attack(Surge(200, 100, 0.8, 0.6), Traffic())
    assert not is_attack(Surge(900, 100, None), Traffic())
