"""MLflow as a source: a real tracking server, asked by the DAG's own code, well behaved and not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from servers.mlflow import MlflowServer, millis
from servers.proxy import Answer, CutOff
from telemetry_steps import DAY, TODAY, YESTERDAY, configure, landed

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.telemetry.monitors import mlflow

pytestmark = pytest.mark.integration

MORNING = YESTERDAY + timedelta(hours=9)
EVENING = YESTERDAY + timedelta(hours=19, milliseconds=123)


def naive(moment: datetime) -> datetime:
    """Return a moment as landed files have it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def runs(server: MlflowServer, experiments: str, **more: Any) -> dict[str, Any]:
    head = {
        "name": "runs",
        "kind": "training_runs",
        "type": "mlflow",
        "url": server.proxy.url,
        "days_back": 1,
        "settle_minutes": 0,
    }
    columns = {"provider": {"value": "aws"}, "resource_id": "tags.instances", "gpu_count": "params.gpus"}
    return head | {"experiments": [experiments], "columns": columns} | more


def checkpoints(server: MlflowServer, experiments: str, **more: Any) -> dict[str, Any]:
    head = {
        "name": "saved",
        "kind": "checkpoints",
        "type": "mlflow",
        "url": server.proxy.url,
        "days_back": 1,
        "settle_minutes": 0,
    }
    return head | {"experiments": [experiments]} | more


@pytest.fixture
def wide(mlflow_server: MlflowServer, request: pytest.FixtureRequest) -> tuple[str, str]:
    """An experiment of the test's own: its name and its id."""
    name = request.node.name
    return name, mlflow_server.experiment(name)


TAGS = {"ai-model": "atlas", "ai-model-version": "2.1", "instances": "i-1, i-2"}


def test_a_run_lands_with_a_row_for_each_of_its_resources(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str]
) -> None:
    name, experiment = wide
    metrics = (("epoch", 7.0, EVENING, 900),)
    tags = TAGS | {"pipeline": "nightly"}
    run = mlflow_server.run(experiment, MORNING, ended=EVENING, tags=tags, params={"gpus": "8"}, metrics=metrics)
    columns = {"provider": {"value": "aws"}, "resource_id": "tags.instances", "gpu_count": "params.gpus"}
    source = configure(settings, runs(mlflow_server, name, columns=columns | {"epochs": "metrics.epoch"}))
    assert pipeline.land(settings, "runs") == [str(DAY)]

    first, second = landed(settings, source)
    assert first == {
        "run_id": run,
        "experiment": name,
        "model": "atlas",
        "model_version": "2.1",
        "stage": "training",
        "provider": "aws",
        "resource_id": "i-1",
        "gpu_count": 8,
        "started_at": naive(MORNING),
        "ended_at": naive(EVENING),
        "epochs": 7,
        "pipeline": "nightly",
        "status": "finished",
    }
    assert second == first | {"resource_id": "i-2"}


def test_a_run_that_goes_on_is_asked_for_until_it_has_ended(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str]
) -> None:
    name, experiment = wide
    long_ago = MORNING - timedelta(days=10)
    run = mlflow_server.run(experiment, long_ago, tags=TAGS, params={"gpus": "8"})
    source = configure(settings, runs(mlflow_server, name))
    pipeline.take(settings, source, days=[long_ago.date()])
    assert {(each["status"], each["ended_at"]) for each in landed(settings, source, long_ago.date())} == {
        ("running", None)
    }
    mlflow_server.end(run, EVENING, "FAILED")
    assert pipeline.land(settings, "runs") == [str(long_ago.date())]
    assert {(each["status"], each["ended_at"]) for each in landed(settings, source, long_ago.date())} == {
        ("failed", naive(EVENING))
    }
    mlflow_server.proxy.reset()
    pipeline.land(settings, "runs")
    # Today alone is asked for: experiments, and their runs.
    assert len(mlflow_server.proxy.requests) == 2


def test_a_run_that_began_at_midnight_is_of_the_new_day(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str]
) -> None:
    name, experiment = wide
    for started in (YESTERDAY, TODAY - timedelta(milliseconds=1), TODAY):
        mlflow_server.run(experiment, started, ended=TODAY, tags=TAGS | {"instances": "i-1"}, params={"gpus": "8"})
    source = configure(settings, runs(mlflow_server, name))
    pipeline.take(settings, source, days=[DAY])
    assert sorted(each["started_at"] for each in landed(settings, source)) == [
        naive(YESTERDAY),
        naive(TODAY - timedelta(milliseconds=1)),
    ]


def test_gpus_that_no_parameter_names_are_counted_in_the_system_metrics(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str]
) -> None:
    name, experiment = wide
    metrics = tuple((f"system/gpu_{n}_utilization_percentage", 50.0, EVENING, 1) for n in range(4))
    mlflow_server.run(experiment, MORNING, ended=EVENING, tags=TAGS, metrics=metrics)
    source = configure(settings, runs(mlflow_server, name))
    pipeline.land(settings, "runs")
    assert {each["gpu_count"] for each in landed(settings, source)} == {4}


def test_a_run_that_names_no_resource_is_left_out_and_counted(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    name, experiment = wide
    mlflow_server.run(experiment, MORNING, ended=EVENING, tags={"ai-model": "atlas"}, params={"gpus": "8"})
    mlflow_server.run(experiment, MORNING, ended=EVENING, tags=TAGS, params={"gpus": "many"})
    good = mlflow_server.run(experiment, MORNING, ended=EVENING, tags=TAGS, params={"gpus": "8"})
    source = configure(settings, runs(mlflow_server, name))
    pipeline.land(settings, "runs")
    assert {each["run_id"] for each in landed(settings, source)} == {good}
    assert "runs: 2 runs do not say their model, provider, resource or GPUs, and are left out" in caplog.text


def test_many_runs_come_in_pages_and_each_once(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, experiment = wide
    monkeypatch.setattr(mlflow, "_PAGE", 2)
    made = {mlflow_server.run(experiment, MORNING, ended=EVENING, tags=TAGS, params={"gpus": "8"}) for _ in range(5)}
    source = configure(settings, runs(mlflow_server, name))
    pipeline.land(settings, "runs")
    rows = landed(settings, source)
    assert ({each["run_id"] for each in rows}, len(rows)) == (made, 10)


def test_only_the_experiments_that_are_named_are_asked_for(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str]
) -> None:
    name, _ = wide
    other = mlflow_server.experiment(f"{name}-2")
    mlflow_server.run(other, MORNING, ended=EVENING, tags=TAGS, params={"gpus": "8"})
    source = configure(settings, runs(mlflow_server, name))
    assert pipeline.land(settings, "runs") == []
    source = configure(settings, runs(mlflow_server, f"{name}*"))
    pipeline.take(settings, source, days=[DAY])
    assert {each["experiment"] for each in landed(settings, source)} == {f"{name}-2"}


def test_logged_models_are_checkpoints_with_their_size_and_time(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str]
) -> None:
    name, experiment = wide
    run = mlflow_server.run(experiment, MORNING)
    before = datetime.now(UTC)
    model = mlflow_server.model(experiment, run, "atlas", 5000)
    source = configure(settings, checkpoints(mlflow_server, name))
    pipeline.land(settings, "saved")
    day = before.date()
    [row] = landed(settings, source, day)
    assert (row["run_id"], row["size_bytes"], row["last_read_at"]) == (run, 5000, None)
    assert row["uri"] == f"mlflow-artifacts:/{experiment}/models/{model}/artifacts"
    assert abs(row["created_at"] - naive(before)) < timedelta(minutes=1)


def test_artifacts_of_a_run_are_checkpoints_of_its_end(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str]
) -> None:
    name, experiment = wide
    run = mlflow_server.run(experiment, MORNING)
    for path, size in (
        ("checkpoints/step=100/weights.bin", 700),
        ("checkpoints/step=100/optimizer/state.bin", 300),
        ("checkpoints/last.ckpt", 50),
        ("plots/loss.png", 9),
    ):
        mlflow_server.artifact(experiment, run, path, size)
    source = configure(settings, checkpoints(mlflow_server, name))
    assert pipeline.land(settings, "saved") == []

    mlflow_server.end(run, EVENING)
    pipeline.take(settings, source, days=[DAY])
    found = {each["uri"].rpartition("/artifacts/")[2]: each for each in landed(settings, source)}
    assert {path: each["size_bytes"] for path, each in found.items()} == {
        "checkpoints/step=100": 1000,
        "checkpoints/last.ckpt": 50,
    }
    assert {each["created_at"] for each in found.values()} == {naive(EVENING)}


def test_a_metric_says_when_the_step_of_a_checkpoint_was(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str]
) -> None:
    name, experiment = wide
    losses = tuple(("loss", 1.0, MORNING + timedelta(hours=n), 100 * n) for n in range(4))
    run = mlflow_server.run(experiment, MORNING, metrics=losses)
    for path in ("checkpoints/step=100.ckpt", "checkpoints/step=150.ckpt", "checkpoints/step=999.ckpt"):
        mlflow_server.artifact(experiment, run, path, 10)
    source = configure(settings, checkpoints(mlflow_server, name, step_metric="loss"))
    pipeline.land(settings, "saved")
    found = {each["uri"].rpartition("/")[2]: each["created_at"] for each in landed(settings, source)}
    # The last one is written, and no value of the metric says when: it waits.
    assert found == {
        "step=100.ckpt": naive(MORNING + timedelta(hours=1)),
        "step=150.ckpt": naive(MORNING + timedelta(hours=2)),
    }


def test_a_server_without_logged_models_still_has_artifacts(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str]
) -> None:
    name, experiment = wide
    run = mlflow_server.run(experiment, MORNING)
    mlflow_server.artifact(experiment, run, "checkpoints/last.ckpt", 50)
    mlflow_server.end(run, EVENING)
    absent = Answer(404, b"<html>not found", "text/html")
    mlflow_server.proxy.hook = lambda _, target: absent if "logged-models" in target else None
    source = configure(settings, checkpoints(mlflow_server, name))
    pipeline.land(settings, "saved")
    assert [each["size_bytes"] for each in landed(settings, source)] == [50]


def test_an_experiment_that_is_not_there_is_named(settings: Settings, mlflow_server: MlflowServer) -> None:
    configure(settings, runs(mlflow_server, "nobody-made-this"))
    with pytest.raises(BadInput, match="has no experiment nobody-made-this; correct experiments of source runs"):
        pipeline.land(settings, "runs")


def test_pages_that_repeat_themselves_are_noticed(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str]
) -> None:
    same = json.dumps({"runs": [], "next_page_token": "again"}).encode()
    loop = Answer(200, same, "application/json")
    mlflow_server.proxy.hook = lambda _, target: loop if target.endswith("/runs/search") else None
    configure(settings, runs(mlflow_server, wide[0]))
    with pytest.raises(Unavailable, match="the pages of /runs/search repeat themselves"):
        pipeline.land(settings, "runs")


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (Answer(401, b"canary"), BadInput, r"refuses the login \(401\)"),
        (Answer(403, b"canary"), BadInput, r"refuses the login \(403\)"),
        (Answer(200, b"<html>"), BadInput, "answers no JSON; correct url of source runs"),
        (Answer(200, b'{"experiments": 7}'), BadInput, "answers as no MLflow does"),
        (Answer(404, b"", "text/plain"), BadInput, "refuses /experiments/search: status 404"),
        (Answer(400, b'{"message": "no such thing"}'), BadInput, "refuses /experiments/search: no such thing"),
        (Answer(500, b'{"message": "database"}'), Unavailable, r"failed at /experiments/search \(database\)"),
        (Answer(429, b""), Unavailable, "is busy and answered 429, 4 times"),
        (CutOff(10), Unavailable, "broke off, or does not answer"),
    ],
)
def test_what_is_no_answer_is_said_in_one_line(
    settings: Settings, mlflow_server: MlflowServer, answer: Answer, error: type[Exception], says: str
) -> None:
    mlflow_server.proxy.hook = lambda *_: answer
    configure(settings, runs(mlflow_server, "*"))
    with pytest.raises(error, match=says) as caught:
        pipeline.land(settings, "runs")
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)


def test_what_landed_stays_while_the_server_is_down(
    settings: Settings, mlflow_server: MlflowServer, wide: tuple[str, str]
) -> None:
    name, experiment = wide
    mlflow_server.run(experiment, MORNING, ended=EVENING, tags=TAGS, params={"gpus": "8"})
    source = configure(settings, runs(mlflow_server, name))
    pipeline.land(settings, "runs")
    before = landed(settings, source)
    mlflow_server.proxy.hook = lambda *_: CutOff(0)
    with pytest.raises(Unavailable):
        pipeline.land(settings, "runs")
    assert landed(settings, source) == before


def test_times_are_kept_to_the_millisecond() -> None:
    assert mlflow._millis(EVENING) == millis(EVENING)
