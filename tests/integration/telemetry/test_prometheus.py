"""Prometheus as a source: a real server, asked by the DAG's own code, well behaved and not."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from servers.prometheus import PrometheusServer
from servers.proxy import Answer, CutOff
from telemetry_steps import DAY, TODAY, YESTERDAY, answer_of, configure, hour, landed, seconds

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.telemetry.monitors import http
from finops.telemetry.monitors import prometheus as reader

pytestmark = pytest.mark.integration

LABELS = {"from": "Hostname", "pattern": r"(.+)\.internal", "names": {"gpu-2": "i-0b2"}}


def metrics(server: PrometheusServer, **more: Any) -> dict[str, Any]:
    columns = {"provider": {"value": "aws"}, "resource_id": LABELS}
    head = {"name": "gpu", "kind": "resource_metrics", "type": "prometheus", "url": server.proxy.url}
    return head | {"columns": columns, "days_back": 1, "settle_minutes": 0} | more


def counts(server: PrometheusServer, **more: Any) -> dict[str, Any]:
    columns = {
        "provider": {"value": "aws"},
        "endpoint_id": "service",
        "model": "model_name",
        "model_version": "version",
        "stage": {"value": "production"},
    }
    head = {"name": "vllm", "kind": "inference_counts", "type": "prometheus", "url": server.proxy.url}
    return head | {"columns": columns, "days_back": 1, "settle_minutes": 0} | more


ONLY_GPU = {
    name: False
    for name in (
        "gpu_memory_utilization",
        "cpu_utilization",
        "memory_utilization",
        "network_bytes_per_second",
        "disk_bytes_per_second",
    )
}


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long the reader has waited; it does not."""
    seconds: list[float] = []
    monkeypatch.setattr(http, "pause", seconds.append)
    return seconds


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


def test_a_question_is_cut_until_the_answer_fits(
    settings: Settings, prometheus_server: PrometheusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = configure(settings, counts(prometheus_server), metrics(prometheus_server))
    pipeline.land(settings, "vllm")
    whole, asked = landed(settings, source), len(prometheus_server.proxy.requests)
    answer_of(settings, source).unlink()
    prometheus_server.proxy.reset()
    monkeypatch.setattr(http, "MOST_BYTES", 20_000)
    report = pipeline.take(settings, source, days=[DAY])
    assert (report.rejections, report.unchanged) == ((), 1)
    assert landed(settings, source) == whole
    assert len(prometheus_server.proxy.requests) > asked


def test_the_servers_own_bound_of_points_is_kept(settings: Settings, prometheus_server: PrometheusServer) -> None:
    source = configure(settings, counts(prometheus_server, step_seconds=10))
    report = pipeline.take(settings, source, days=[DAY])
    assert report.rejections == ()
    assert [each["requests"] for each in landed(settings, source)] == [601] * 11 + [591] + [601] * 12


def test_too_many_samples_are_asked_for_in_pieces(settings: Settings, prometheus_server: PrometheusServer) -> None:
    heavy = {"status": "error", "errorType": "execution"}
    heavy["error"] = "query processing would load too many samples into memory in query execution"
    refusals = [Answer(422, json.dumps(heavy).encode(), "application/json")] * 2
    prometheus_server.proxy.hook = lambda *_: refusals.pop() if refusals else None
    source = configure(settings, metrics(prometheus_server, metrics=ONLY_GPU))
    assert pipeline.land(settings, "gpu")[0] == str(DAY)
    assert len(landed(settings, source)) == 47


def test_what_is_too_heavy_for_a_single_hour_is_refused_with_a_remedy(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    heavy = {"status": "error", "errorType": "execution", "error": "too many samples"}
    prometheus_server.proxy.hook = lambda *_: Answer(422, json.dumps(heavy).encode(), "application/json")
    configure(settings, metrics(prometheus_server, metrics=ONLY_GPU))
    with pytest.raises(BadInput, match=r"gpu: prometheus at .* is too much to answer \(too many samples\); narrow it"):
        pipeline.land(settings, "gpu")


def test_a_busy_server_is_waited_for_as_long_as_it_asks(
    settings: Settings, prometheus_server: PrometheusServer, waited: list[float]
) -> None:
    busy = [Answer(429, b"slow down", "text/plain", (("Retry-After", "7"),)), Answer(503, b"", "text/plain")]
    prometheus_server.proxy.hook = lambda *_: busy.pop() if busy else None
    configure(settings, metrics(prometheus_server, metrics=ONLY_GPU))
    assert pipeline.land(settings, "gpu")[0] == str(DAY)
    assert waited == [1.0, 7.0]


def test_a_server_that_stays_busy_is_left_to_the_next_run_and_what_landed_stays(
    settings: Settings, prometheus_server: PrometheusServer, waited: list[float]
) -> None:
    source = configure(settings, metrics(prometheus_server, metrics=ONLY_GPU))
    pipeline.land(settings, "gpu")
    before = landed(settings, source)
    prometheus_server.proxy.reset()
    prometheus_server.proxy.hook = lambda *_: Answer(429, b"", "text/plain")
    [only] = pipeline.take(settings, source, days=[DAY]).rejections

    assert only.is_waiting
    assert "is busy and answered 429, 4 times; the next run asks again" in only.reason
    assert len(prometheus_server.proxy.requests) == http.ATTEMPTS
    assert waited == [1, 2, 4]
    assert landed(settings, source) == before


def test_a_server_that_asks_to_wait_too_long_is_left_to_the_next_run(
    settings: Settings, prometheus_server: PrometheusServer, waited: list[float]
) -> None:
    prometheus_server.proxy.hook = lambda *_: Answer(429, b"", "text/plain", (("Retry-After", "900"),))
    configure(settings, metrics(prometheus_server))
    with pytest.raises(Unavailable, match=r"is busy \(429\) and asks to wait 900 seconds"):
        pipeline.land(settings, "gpu")
    assert (len(prometheus_server.proxy.requests), waited) == (1, [])


def test_an_answer_that_is_cut_off_is_asked_for_again(settings: Settings, prometheus_server: PrometheusServer) -> None:
    cuts = [CutOff(200), CutOff(1)]
    prometheus_server.proxy.hook = lambda *_: cuts.pop() if cuts else None
    source = configure(settings, metrics(prometheus_server, metrics=ONLY_GPU))
    assert pipeline.land(settings, "gpu")[0] == str(DAY)
    assert len(landed(settings, source)) == 47


def test_an_answer_that_is_always_cut_off_lands_nothing(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    prometheus_server.proxy.hook = lambda *_: CutOff(200)
    source = configure(settings, metrics(prometheus_server, metrics=ONLY_GPU))
    with pytest.raises(Unavailable, match=r"broke off, or does not answer .*, 4 times"):
        pipeline.land(settings, "gpu")
    assert landed(settings, source) == []
    assert list(settings.answers_dir.rglob("*.*")) == []


def test_a_server_that_is_down_is_one_clear_line(settings: Settings, prometheus_server: PrometheusServer) -> None:
    configure(settings, metrics(prometheus_server, url="http://127.0.0.1:9"))
    with pytest.raises(Unavailable, match=r"gpu: prometheus at http://127\.0\.0\.1:9 broke off, or does not answer"):
        pipeline.land(settings, "gpu")


def test_a_slow_server_is_not_waited_for_without_end(settings: Settings, prometheus_server: PrometheusServer) -> None:
    import time

    def slow(*_: str) -> None:
        time.sleep(1.2)

    prometheus_server.proxy.hook = slow
    configure(settings, metrics(prometheus_server, timeout_seconds=1))
    with pytest.raises(Unavailable, match="did not answer within 1 seconds, 4 times"):
        pipeline.land(settings, "gpu")


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (Answer(401, b"canary"), BadInput, r"refuses the login \(401\); correct the connection, or token_file"),
        (Answer(302, b"", headers=(("Location", "/login"),)), BadInput, r"sends elsewhere \(302\)"),
        (Answer(200, b"<html>", "text/html"), BadInput, "answers no JSON; correct url of source gpu"),
        (Answer(200, b'{"status": "success"}'), BadInput, "answers as no Prometheus does"),
        (
            Answer(200, b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":1}]}}'),
            BadInput,
            "answers as no Prometheus does",
        ),
        (Answer(404, b"not found", "text/plain"), BadInput, "refuses .*: status 404; correct url or query"),
        (Answer(500, b"", "text/plain"), Unavailable, r"failed \(status 500\)"),
        (
            Answer(200, b'{"status":"success","warnings":["store down"],"data":{"resultType":"matrix","result":[]}}'),
            Unavailable,
            r"answers in part only \(store down\)",
        ),
    ],
)
def test_what_is_no_answer_is_said_in_one_line(
    settings: Settings, prometheus_server: PrometheusServer, answer: Answer, error: type[Exception], says: str
) -> None:
    prometheus_server.proxy.hook = lambda *_: answer
    configure(settings, metrics(prometheus_server))
    with pytest.raises(error, match=says) as caught:
        pipeline.land(settings, "gpu")
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_query_that_is_wrong_is_refused_in_the_servers_words(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    configure(settings, metrics(prometheus_server, metrics={"gpu_utilization": "avg by ($by) (DCGM"}))
    with pytest.raises(BadInput, match=r"refuses .*parse error.*; correct url or query of the source"):
        pipeline.land(settings, "gpu")


def test_a_metric_that_is_refused_keeps_no_other_day_from_landing_and_no_half_day_lands(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    source = configure(settings, metrics(prometheus_server, metrics={"disk_bytes_per_second": "sum(("}))
    with pytest.raises(BadInput):
        pipeline.land(settings, "gpu")
    assert landed(settings, source) == []


def test_more_series_than_a_source_can_have_are_refused(
    settings: Settings, prometheus_server: PrometheusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MOST_SERIES", 1)
    configure(settings, metrics(prometheus_server))
    with pytest.raises(BadInput, match="has 3 series, more than 1; narrow it, or aggregate it"):
        pipeline.land(settings, "gpu")


def test_series_without_the_label_are_said_to_be_without_it(
    settings: Settings, prometheus_server: PrometheusServer
) -> None:
    columns = {"provider": {"value": "aws"}, "resource_id": "instance_id"}
    configure(settings, metrics(prometheus_server, columns=columns))
    with pytest.raises(BadInput, match=r"none of \d+ series of source gpu has the labels .*\(instance_id\)"):
        pipeline.land(settings, "gpu")


def test_a_token_is_sent_and_never_said(
    settings: Settings, prometheus_server: PrometheusServer, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("canary-token-7f3a\n")
    configure(settings, metrics(prometheus_server, token_file=str(tmp_path / "token")))
    body = json.dumps({"status": "error", "error": "who is canary-token-7f3a?"}).encode()
    prometheus_server.proxy.hook = lambda *_: Answer(400, body, "application/json")
    with pytest.raises(BadInput, match=r"who is \*\*\*\?") as caught:
        pipeline.land(settings, "gpu")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("content", [None, "", "two\nlines"])
def test_a_file_without_a_token_is_named(
    settings: Settings, prometheus_server: PrometheusServer, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content)
    configure(settings, metrics(prometheus_server, token_file=str(tmp_path / "token")))
    with pytest.raises(BadInput, match=f"{tmp_path / 'token'}: "):
        pipeline.land(settings, "gpu")


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
