"""Prometheus as a source: a real server, asked by the DAG's own code, and what lands of its answers."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from prometheus_steps import ONLY_GPU, counts, metrics
from servers.prometheus import PrometheusServer
from servers.proxy import Answer
from telemetry_steps import DAY, TODAY, YESTERDAY, answer_of, configure, hour, landed, seconds

from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline

pytestmark = pytest.mark.integration


def test_the_usual_metrics_of_a_whole_day_land_by_the_hour(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    source = configure(settings, metrics(prometheus_server))
    assert pipeline.land(settings, "gpu")[0] == str(DAY)

    rows = landed(settings, source)
    first = [each for each in rows if each["resource_id"] == "gpu-1"]
    assert {each["provider"] for each in rows} == {"aws"}
    assert {each["resource_id"] for each in rows} == {"gpu-1", "i-0b2"}
    assert [hour(each) for each in first] == [*range(6), *range(7, 24)]
    quiet, busy = first[0], first[1]
    assert (quiet["average"], quiet["maximum"], quiet["p95"], quiet["minutes_covered"]) == (20, 20, 20, 60)
    assert (busy["average"], busy["maximum"], busy["minutes_covered"]) == (Decimal("49.5"), 79, 60)
    assert busy["p95"] == Decimal("76.05")

    second = {each["metric"]: each for each in rows if each["resource_id"] == "i-0b2" and hour(each) == 10}
    assert {name: each["average"] for name, each in second.items()} == {
        "gpu_utilization": 50,
        "gpu_memory_utilization": Decimal("37.5"),
        "cpu_utilization": 25,
    }


def test_a_gap_is_minutes_that_nobody_measured_and_no_zero(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    source = configure(settings, metrics(prometheus_server, metrics=ONLY_GPU))
    pipeline.land(settings, "gpu")
    by_hour = {hour(each): each for each in landed(settings, source) if each["resource_id"] == "gpu-1"}

    # Prometheus itself takes a value for good for five minutes after it was scraped.
    assert by_hour[3]["minutes_covered"] == 55
    assert by_hour[5]["minutes_covered"] == 35
    assert 6 not in by_hour
    assert by_hour[4]["average"] == 20


def test_requests_survive_a_reset_and_are_counted_to_the_last(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    source = configure(settings, counts(prometheus_server))
    pipeline.land(settings, "vllm")
    rows = landed(settings, source)

    assert [hour(each) for each in rows] == list(range(24))
    first = rows[0]
    assert (first["endpoint_id"], first["model"], first["model_version"], first["stage"]) == (
        *("chat", "atlas", "2.1"),
        "production",
    )
    # Ten requests a minute and one abort an hour; between the last look before the restart and the restart at noon
    # ten more may have come, which nobody has seen.
    assert [each["requests"] for each in rows] == [601] * 11 + [591] + [601] * 12
    assert [each["requests"] - each["successes"] for each in rows] == [1] * 24
    assert {each["tokens_in"] for each in rows} == {6000}
    assert {each["tokens_out"] for each in rows} == {None}
    assert {each["minutes_covered"] for each in rows} == {60}
    assert {round(each["latency_p95_ms"]) for each in rows} == {190}


def test_the_days_of_a_source_add_up_to_what_the_counter_says(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    source = configure(settings, counts(prometheus_server))
    pipeline.land(settings, "vllm")
    query = "vllm:prompt_tokens_total"
    begin, end = (prometheus_server.samples(query, seconds(each))[0] for each in (YESTERDAY, TODAY))
    assert sum(each["tokens_in"] for each in landed(settings, source)) == end - begin


def test_a_whole_day_is_asked_for_once_and_the_open_one_again(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    configure(settings, metrics(prometheus_server, metrics=ONLY_GPU))
    pipeline.land(settings, "gpu")
    prometheus_server.proxy.reset()
    assert pipeline.land(settings, "gpu") == []
    # Four statistics of one metric and one day; right after midnight no hour of today is complete.
    assert len(prometheus_server.proxy.requests) in (0, 4)


def test_a_past_day_is_asked_for_by_name(settings: Settings, prometheus_server: PrometheusServer) -> None:
    source = configure(settings, metrics(prometheus_server, metrics=ONLY_GPU, days_back=0))
    report = pipeline.take(settings, source, days=[DAY])
    assert [each.day for each in report.landed] == [DAY]
    again = pipeline.take(settings, source, days=[DAY])
    assert (again.landed, again.unchanged, again.rejections) == ((), 1, ())


def test_a_day_to_come_cannot_be_asked_for(settings: Settings, prometheus_server: PrometheusServer) -> None:
    source = configure(settings, metrics(prometheus_server))
    day = (TODAY + timedelta(days=2)).date()
    [only] = pipeline.take(settings, source, days=[day]).rejections
    assert only.reason.startswith(f"gpu: {day} is still to come; name a day up to")


def test_a_day_that_the_server_has_forgotten_stays_as_it_landed(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    source = configure(settings, metrics(prometheus_server, metrics=ONLY_GPU, days_back=0))
    pipeline.take(settings, source, days=[DAY])
    before = landed(settings, source)
    empty = {"status": "success", "data": {"resultType": "matrix", "result": []}}
    prometheus_server.proxy.hook = lambda *_: Answer(200, json.dumps(empty).encode(), "application/json")

    [only] = pipeline.take(settings, source, days=[DAY]).rejections
    assert f"{DAY}: the answer has 0 rows, and the one before had 47, which stays" in only.reason
    assert landed(settings, source) == before


def test_a_landed_day_that_was_lost_is_landed_again_without_the_server(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    source = configure(settings, metrics(prometheus_server, metrics=ONLY_GPU, days_back=0))
    pipeline.take(settings, source, days=[DAY])
    before = landed(settings, source)
    [path] = (settings.landing_dir / "telemetry").rglob(f"day={DAY}/*.parquet")
    path.unlink()
    assert str(DAY) in pipeline.land(settings, "gpu")
    assert landed(settings, source) == before


def test_after_a_restore_without_answers_lost_days_are_asked_for_again(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    source = configure(settings, metrics(prometheus_server, metrics=ONLY_GPU, days_back=0))
    pipeline.take(settings, source, days=[DAY])
    before = landed(settings, source)
    [path] = (settings.landing_dir / "telemetry").rglob(f"day={DAY}/*.parquet")
    path.unlink()
    answer_of(settings, source).unlink()
    assert str(DAY) in pipeline.land(settings, "gpu")
    assert landed(settings, source) == before


def test_values_that_are_no_numbers_are_a_gap(settings: Settings, prometheus_server: PrometheusServer) -> None:
    queries = ONLY_GPU | {"gpu_utilization": "share_of_nothing"}
    source = configure(settings, metrics(prometheus_server, metrics=queries))
    assert pipeline.land(settings, "gpu") == []
    assert landed(settings, source) == []


def test_two_series_of_one_resource_are_one_row(settings: Settings, prometheus_server: PrometheusServer) -> None:
    names = {"from": "Hostname", "pattern": "gpu-.*", "becomes": "all"}
    columns = {"provider": {"value": "aws"}, "resource_id": names}
    source = configure(settings, metrics(prometheus_server, metrics=ONLY_GPU, columns=columns))
    pipeline.land(settings, "gpu")
    by_hour = {hour(each): each for each in landed(settings, source)}
    assert (by_hour[0]["average"], by_hour[0]["maximum"]) == (35, 50)
    assert (by_hour[1]["average"], by_hour[1]["maximum"]) == (Decimal("49.75"), 79)


def test_a_series_and_a_value_that_are_there_twice_count_once(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    start = seconds(YESTERDAY)
    values = [[start, "5"], [start + 60, "8"], [start + 60, "8"]]
    one = {"metric": {"service": "chat", "model_name": "atlas"}, "values": values}
    body = {"status": "success", "data": {"resultType": "matrix", "result": [one, one]}}
    prometheus_server.proxy.hook = lambda *_: Answer(200, json.dumps(body).encode(), "application/json")
    counters = {"requests": "requests_total", "successes": "requests_total"}
    source = configure(settings, counts(prometheus_server, counters=counters))
    pipeline.take(settings, source, days=[DAY])
    assert [each["requests"] for each in landed(settings, source)] == [3]
