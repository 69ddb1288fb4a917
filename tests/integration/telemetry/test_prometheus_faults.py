"""Prometheus as a source: what is too much, slow, busy, cut, wrong or refused is one line; what landed stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from prometheus_steps import ONLY_GPU, counts, metrics
from servers.prometheus import PrometheusServer
from servers.proxy import Answer, CutOff
from telemetry_steps import DAY, answer_of, configure, landed

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.telemetry.monitors import http
from finops.telemetry.monitors import prometheus as reader

pytestmark = pytest.mark.integration


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
