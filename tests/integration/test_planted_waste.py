"""What the sample's telemetry is known to hold of spot, transfer and checkpoints is what the KPI marts say."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.ingest.service import ingest
from finops.pipelines import kpis, marts, telemetry
from finops.policy.telemetry import TelemetrySource
from finops.sample.service import generate
from finops.stores import published
from finops.stores.published import Publication

KINDS = (
    *(TelemetryKind.TRAINING_RUNS, TelemetryKind.CHECKPOINTS),
    *(TelemetryKind.SPOT_INTERRUPTIONS, TelemetryKind.NETWORK_FLOWS),
)
GIBIBYTE = 2**30


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A published month of AWS with its KPIs."""
    settings = Settings(home=tmp_path_factory.mktemp("planted") / "home")
    generate(settings.root / "sample", months=1, lines_per_month=6_000, providers=[Provider.AWS])
    ingest(settings, Provider.AWS, str(settings.root / "sample" / "aws"))
    for kind in KINDS:
        entry = {"name": kind.replace("_", "-"), "kind": kind, "type": "files"}
        entry["from"] = str(settings.root / "sample" / "telemetry" / kind)
        telemetry.take(settings, TelemetrySource.model_validate(entry, context={"settings": settings}))
    assert marts.run(settings, None, lambda *_: None) is not None
    assert [each.fault for each in kpis.run(settings, None)] == [None]
    return settings


@pytest.fixture(scope="module")
def version(home: Settings) -> Publication:
    """What is published of it."""
    return published.latest(home)


def _truths(home: Settings, name: str) -> list[dict[str, Any]]:
    truths = json.loads((Path(home.root) / "sample" / "telemetry" / "truths.json").read_text(encoding="utf-8"))
    found = [each for each in truths if each["name"] == name]
    assert found, f"the sample plants no {name}"
    return found


def _row(version: Publication, query: str, *values: object) -> tuple[Any, ...]:
    with version.connect() as connection:
        (row,) = connection.execute(query, list(values)).fetchall()
    return tuple(row)


def test_instances_that_are_interrupted_too_often_are_flagged(home: Settings, version: Publication) -> None:
    for truth in _truths(home, "spot instances that are interrupted too often"):
        keys, known = truth["keys"], truth["known"]
        query = (
            "select spot_instances, interrupted_instances, interruption_rate, is_above_target"
            " from mart_spot_interruptions where instance_type = ? and zone = ?"
        )
        instances, interrupted, rate, is_above = _row(version, query, keys["instance_type"], keys["zone"])
        assert (instances, interrupted) == (known["spot_instances"], known["interrupted"])
        assert float(rate) == pytest.approx(100 * known["interruption_rate"], abs=1e-3)
        assert is_above


def test_a_job_lost_what_came_after_its_last_checkpoint(home: Settings, version: Publication) -> None:
    for truth in _truths(home, "spot job that lost its instance"):
        known = truth["known"]
        query = (
            "select lost_gpu_hours, restart_gpu_hours, checkpoint_age_hours, net_benefit,"
            " discount - lost_cost - restart_cost from mart_spot_jobs where job_id = ?"
        )
        lost, restart, age, benefit, expected = _row(version, query, truth["keys"]["job_id"])
        gpus = known["gpu_count"]
        assert (lost, restart) == (known["lost_hours"] * gpus, known["restart_hours"] * gpus)
        assert age == Decimal("0.75")
        assert benefit == expected is not None


def test_a_run_is_billed_for_the_bytes_that_it_sent(home: Settings, version: Publication) -> None:
    for truth in _truths(home, "bytes that a run sent"):
        known = truth["known"]
        query = "select gigabytes, epochs from mart_epoch_transfer_costs where run_id = ? and destination_zone = ?"
        gigabytes, epochs = _row(version, query, truth["keys"]["run_id"], truth["keys"]["destination_zone"])
        assert float(gigabytes) == pytest.approx(known["bytes"] / GIBIBYTE, rel=1e-6)
        assert epochs == known["epochs"]


def test_checkpoints_that_nobody_reads_are_stale(home: Settings, version: Publication) -> None:
    (truth,) = _truths(home, "stale checkpoints")
    query = "select sum(stale_checkpoints), sum(stale_bytes) from mart_checkpoint_storage"
    stale = _row(version, query)
    assert stale == (truth["known"]["stale_checkpoints"], truth["known"]["stale_bytes"])
