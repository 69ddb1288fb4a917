"""Training runs: which used which billed resource, when. Some are planted, the others are ordinary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from finops.core.telemetry import TelemetryKind
from finops.sample.series import hexadecimal
from finops.sample.telemetry.assets import Asset, Role
from finops.sample.telemetry.scene import Scene

_PIPELINES = ("nightly-training", "weekly-refresh", "ad-hoc")
_LONG = 240
"""Hours: what lives longer has several runs, with pauses between them."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run on one resource, from hour to hour of the month; ``end`` is None where no end is known."""

    id: str
    asset: Asset
    stage: str
    version: str
    start: float
    end: float | None
    epochs: int | None
    pipeline: str
    status: str = "finished"

    @property
    def until(self) -> float:
        """The hour in which it ends, at the latest with its resource."""
        return self.asset.last if self.end is None else self.end


@dataclass(frozen=True, slots=True)
class Cast:
    """The runs of a month, the planted ones by name too; ``silent`` is billed, and no run used it."""

    runs: list[Run]
    planted: dict[str, Run]
    silent: Asset | None


class _Numbers:
    """Gives runs their ids, versions and pipelines."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._count = 0

    def run(self, asset: Asset, start: float, end: float | None, stage: str = "", **more: Any) -> Run:
        """Return the next run; of ten, seven train the next version and three go on with the present one."""
        self._count += 1
        scene = self._scene
        stage = stage or asset.owner.stage or "training"
        hours = (asset.last if end is None else end) - start
        epochs = max(2, int(hours // 4)) if stage == "training" else None
        values = {
            "version": scene.next_version if scene.chance.random() < 0.7 else scene.serving_version,
            "epochs": epochs,
            "pipeline": scene.chance.choice(_PIPELINES),
            **more,
        }
        name = f"{scene.provider}-{scene.period.year}{scene.period.month:02d}-{self._count:05d}"
        return Run(name, asset, stage, start=start, end=end, **values)


def cast(scene: Scene) -> Cast:
    """Invent the month's runs on GPUs, spot or not, and on the machines that prepare data."""
    numbers = _Numbers(scene)
    every = sorted(scene.by_role(Role.TRAINER), key=lambda each: (each.first, each.id))
    trainers = [each for each in every if each.purpose is None]
    steady = [each for each in trainers if not each.is_spot and not each.is_forgotten]
    runs, planted, silent = _planted(steady, numbers)
    taken = {run.asset.id for run in runs} | ({silent.id} if silent else set())
    free = [each for each in trainers if each.id not in taken and not each.is_forgotten]
    for number, asset in enumerate(free):
        stage = "evaluation" if number % 6 == 5 and asset.owner.stage == "training" else ""
        runs += [numbers.run(asset, start, end, stage) for start, end in _spells(scene, asset)]
    runs += _prepared(scene, numbers, runs)
    runs += [numbers.run(each, each.first, each.last, "training") for each in every if each.purpose]
    return Cast(runs, planted, silent)


def _planted(steady: Sequence[Asset], numbers: _Numbers) -> tuple[list[Run], dict[str, Run], Asset | None]:
    """Return the planted runs, by name too, and the resource that has none; as many as there are resources."""
    whole = [each for each in steady if each.is_whole and len(each.begin) > 1]
    planted: dict[str, Run] = {}
    for name, asset in zip(("full", "pair", "idle", "endless"), whole, strict=False):
        middle = float(asset.begin[len(asset.begin) // 2])
        match name:
            case "pair":
                planted["first of a pair"] = numbers.run(asset, asset.first, asset.last, "training")
                planted["second of a pair"] = numbers.run(asset, middle, asset.last, "training")
            case "idle":
                planted["half idle"] = numbers.run(asset, asset.first, middle, "training")
            case "endless":
                planted["without an end"] = numbers.run(asset, asset.first, None, "training", status="running")
            case _:
                planted["full"] = numbers.run(asset, asset.first, asset.last, "training")
    taken = {run.asset.id for run in planted.values()}
    silent = (
        next((each for each in steady if each.is_whole and each.id not in taken), None)
        if len(steady) > len(taken) + 1
        else None
    )
    return list(planted.values()), planted, silent


def _spells(scene: Scene, asset: Asset) -> Iterator[tuple[float, float]]:
    """Yield the windows of a resource's ordinary runs: its whole life, or some days each with a pause after it."""
    if asset.last - asset.first <= _LONG:
        yield asset.first, asset.last
        return
    start = asset.first
    while start < asset.last:
        end = min(start + 24 * scene.chance.randint(3, 7), asset.last)
        yield start, end
        start = end + 24


def _prepared(scene: Scene, numbers: _Numbers, runs: Sequence[Run]) -> list[Run]:
    """Return what ingests and prepares the data: each for a training run of its model, where there is one."""
    of_model: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        if run.stage == "training":
            of_model[run.asset.model].append(run)
    made = []
    for asset in scene.by_role(Role.BATCH):
        stage = _stage(asset)
        own = numbers.run(asset, asset.first, asset.last, stage)
        others = of_model.get(asset.model) if stage != "training" else None
        like = scene.chance.choice(others or [own])
        made.append(Run(like.id, asset, stage, like.version, own.start, own.end, own.epochs, like.pipeline))
    return made


def _stage(asset: Asset) -> str:
    if asset.owner.stage == "training":
        return "training" if asset.instance_type else "evaluation"
    is_ingestion = asset.instance_type.startswith(("r6i", "ml.m5", "n1"))
    return "ingestion" if is_ingestion else "data-preprocessing"


def write(scene: Scene, cast: Cast, sent: dict[str, Asset]) -> None:
    """Write a row per run and resource; ``sent`` are the resources that runs, by their ids, sent data through."""
    # What prepared a run's data comes after it, and has the run's experiment.
    experiments = {run.id: run.asset.owner.experiment for run in reversed(cast.runs) if run.asset.owner.experiment}
    add = scene.rows[TelemetryKind.TRAINING_RUNS].append
    for run in cast.runs:
        add(_row(scene, run, run.asset, run.asset.gpus, experiments.get(run.id)))
    for run in cast.runs:
        if run.id in sent and run.stage == "training" and run.asset.gpus:
            add(_row(scene, run, sent[run.id], 0, experiments.get(run.id)))
    _unbilled(scene)
    _tell(scene, cast)


def _row(scene: Scene, run: Run, asset: Asset, gpus: int, experiment: str | None) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "experiment": experiment,
        "model": run.asset.model,
        "model_version": run.version,
        "stage": run.stage,
        "provider": str(scene.provider),
        "resource_id": asset.id,
        "gpu_count": float(gpus),
        "started_at": scene.moment(run.start),
        "ended_at": None if run.end is None else scene.moment(run.end),
        "epochs": None if run.epochs is None else float(run.epochs),
        "status": run.status,
        "pipeline": run.pipeline,
    }


def _unbilled(scene: Scene) -> None:
    """Write a run of six hours on a resource that is in no bill."""
    chance = scene.chance
    run_id = f"{scene.provider}-{scene.period.year}{scene.period.month:02d}-unbilled"
    resource = f"unbilled-{hexadecimal(chance, 16)}"
    row = {
        "run_id": run_id,
        "experiment": None,
        "model": "atlas-7b",
        "model_version": scene.next_version,
        "stage": "training",
        "provider": str(scene.provider),
        "resource_id": resource,
        "gpu_count": 1.0,
        "started_at": scene.moment(50),
        "ended_at": scene.moment(56),
        "epochs": 3.0,
        "status": "finished",
        "pipeline": "ad-hoc",
    }
    scene.rows[TelemetryKind.TRAINING_RUNS].append(row)
    scene.tell(
        *("run on a resource that is not billed", "cost per model version"),
        {"run_id": run_id, "resource_id": resource, "model": "atlas-7b", "model_version": scene.next_version},
        {"hours": 6, "gpu_count": 1, "billed_resources": 0},
    )


def _tell(scene: Scene, cast: Cast) -> None:
    """Note what is known of the planted runs: hours, and their shares of what their resources cost meanwhile."""
    planted, kpi = cast.planted, "cost per model version"
    if run := planted.get("full"):
        scene.tell("run that used its resource fully", kpi, _keys(run), {**_known(scene, run), "share_of_cost": 1.0})
    if (run := planted.get("first of a pair")) and (other := planted.get("second of a pair")):
        both = other.until - other.start
        known = {"hours": run.until - run.start, "overlap_hours": both, "share_of_cost_while_both": 0.5}
        window = {"both_from": scene.text(other.start), "both_until": scene.text(other.until)}
        keys = _keys(run) | {"other_run_id": other.id, "other_model_version": other.version}
        scene.tell("runs that overlapped", kpi, keys, known | window)
    if run := planted.get("half idle"):
        idle = {"idle_from": scene.text(run.until), "idle_until": scene.text(run.asset.last)}
        known = {**_known(scene, run), "idle_hours": run.asset.last - run.until}
        scene.tell("resource that was idle for half of its life", kpi, _keys(run), known | idle)
    if run := planted.get("without an end"):
        window = {"started_at": scene.text(run.start), "billed_until": scene.text(run.asset.last)}
        known = {"hours": run.asset.last - run.start}
        scene.tell("run without an end", kpi, _keys(run), known | window)
    if asset := cast.silent:
        known = {"runs": 0, "billed_hours": asset.last - asset.first, "gpus": asset.gpus}
        scene.tell("training resource without a run", kpi, {"resource_id": asset.id}, known)


def _keys(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "resource_id": run.asset.id,
        "model": run.asset.model,
        "model_version": run.version,
        "experiment": run.asset.owner.experiment,
        "pipeline": run.pipeline,
    }


def _known(scene: Scene, run: Run) -> dict[str, Any]:
    window = {"started_at": scene.text(run.start), "ended_at": scene.text(run.until)}
    return {"hours": run.until - run.start, "gpu_count": run.asset.gpus, "epochs": run.epochs, **window}
