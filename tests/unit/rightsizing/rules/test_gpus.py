"""Idle, small, surplus and full GPUs, and cheaper families."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.rightsizing.world import IDLE, RUN_DATE, action, known, resource, saving, usage

from finops.rightsizing.resource import Cost
from finops.rightsizing.rules import gpus


def test_a_gpu_is_idle_when_utilization_memory_and_network_are_all_low() -> None:
    found = gpus.idle_gpu(resource(instance_type="p3.2xlarge", usage=IDLE), known())
    assert saving(found) == 1000
    assert action(found) == ("stop_machine", {})
    assert found is not None
    assert "1.0 % of 1 V100" in found.evidence


@pytest.mark.parametrize(
    ("metric", "measured"),
    [
        ("gpu_utilization", usage(2.0, 60.0)),
        ("gpu_memory_utilization", usage(40.0)),
        ("network_bytes_per_second", usage(50_000)),
    ],
)
def test_a_gpu_that_is_busy_by_any_measure_is_not_idle(metric: str, measured: Any) -> None:
    assert gpus.idle_gpu(resource(instance_type="p3.2xlarge", usage={**IDLE, metric: measured}), known()) is None


@pytest.mark.parametrize("missing", ["gpu_utilization", "gpu_memory_utilization", "network_bytes_per_second"])
def test_what_was_not_measured_is_not_idle(missing: str) -> None:
    some = {name: each for name, each in IDLE.items() if name != missing}
    assert gpus.idle_gpu(resource(instance_type="p3.2xlarge", usage=some), known()) is None


@pytest.mark.parametrize(
    "gap",
    [{"minutes": 14 * 1440 * 0.89}, {"first": RUN_DATE - timedelta(10)}, {"last": RUN_DATE - timedelta(4)}],
    ids=["covers too little", "too short", "too old"],
)
def test_measurements_that_are_too_few_short_or_old_say_nothing(gap: dict[str, Any]) -> None:
    holed = {**IDLE, "network_bytes_per_second": replace(usage(300), **gap)}
    assert gpus.idle_gpu(resource(instance_type="p3.2xlarge", usage=holed), known()) is None


def test_a_machine_that_is_stopped_at_night_is_measured_whole_when_it_runs() -> None:
    by_day = {name: replace(each, minutes=14 * 600) for name, each in IDLE.items()}
    cost = Cost(14, Decimal(460), Decimal(0), Decimal(0), Decimal(140))
    assert gpus.idle_gpu(resource(instance_type="p3.2xlarge", usage=by_day, cost=cost), known()) is not None


def test_an_small_gpu_use_becomes_a_smaller_one_that_holds_its_memory() -> None:
    low = {
        "gpu_utilization": usage(12, 30, low_days=14),
        "gpu_memory_utilization": usage(30, 40, 50),
    }
    found = gpus.small_gpu_use(resource(instance_type="p3.2xlarge", usage=low), known())
    # 30 % of a V100 with 20 % left free are 46.9 TFLOPS, of which a T4 has 65: 0.526 instead of 3.06 an hour.
    assert action(found) == ("resize_machine", {"instance_type": "g4dn.xlarge"})
    assert saving(found) == Decimal("828.10")


@pytest.mark.parametrize(
    "low",
    [
        {"gpu_utilization": usage(12, 95, low_days=14), "gpu_memory_utilization": usage(30, 40, 50)},
        {"gpu_utilization": usage(12, 30, low_days=3), "gpu_memory_utilization": usage(30, 40, 50)},
        {"gpu_utilization": usage(12, 30, low_days=14)},
    ],
    ids=["its peaks need all of it", "seldom low for two hours", "memory is not measured"],
)
def test_a_gpu_is_kept_when_a_smaller_one_might_not_do(low: dict[str, Any]) -> None:
    assert gpus.small_gpu_use(resource(instance_type="p3.2xlarge", usage=low), known()) is None


def test_training_may_leave_less_of_a_gpu_unused_than_other_work() -> None:
    low = {"gpu_utilization": usage(45, 40), "gpu_memory_utilization": usage(50)}
    assert gpus.small_gpu_use(resource(instance_type="p3.2xlarge", usage=low, stage="inference"), known()) is None
    found = gpus.small_gpu_use(resource(instance_type="p3.2xlarge", usage=low, stage="training"), known())
    assert action(found) == ("resize_machine", {"instance_type": "g4dn.xlarge"})


def test_a_machine_of_four_gpus_that_does_the_work_of_one_becomes_one_of_one() -> None:
    one = {"gpu_utilization": usage(18, 20), "gpu_memory_utilization": usage(15, 20, 20)}
    found = gpus.surplus_gpus(resource(instance_type="p3.8xlarge", usage=one), known())
    assert action(found) == ("resize_machine", {"instance_type": "p3.2xlarge"})
    assert saving(found) == 750


def test_four_gpus_are_kept_when_what_they_hold_does_not_fit_into_one() -> None:
    full = {"gpu_utilization": usage(18, 20), "gpu_memory_utilization": usage(60)}
    assert gpus.surplus_gpus(resource(instance_type="p3.8xlarge", usage=full), known()) is None


def test_gpu_memory_that_nearly_runs_out_is_told_and_saves_nothing() -> None:
    full = {"gpu_memory_utilization": usage(80, 92, 97)}
    found = gpus.gpu_memory_at_risk(resource(instance_type="p3.2xlarge", usage=full), known())
    assert found is not None
    assert (found.monthly_saving, found.change) == (0, None)
    fine = {"gpu_memory_utilization": usage(80, 92, 94)}
    assert gpus.gpu_memory_at_risk(resource(instance_type="p3.2xlarge", usage=fine), known()) is None


def test_a_family_is_cheaper_when_an_epoch_of_the_same_model_cost_less_on_it() -> None:
    work = {
        ("aws", "atlas", "USD", "p3.2xlarge", "epoch"): Decimal(10),
        ("aws", "atlas", "USD", "g5.xlarge", "epoch"): Decimal(6),
        ("aws", "atlas", "EUR", "g4dn.xlarge", "epoch"): Decimal(1),
        ("aws", "other", "USD", "g4dn.xlarge", "epoch"): Decimal(1),
    }
    found = gpus.cheaper_gpu_family(resource(instance_type="p3.2xlarge", model="atlas"), known(work=work))
    assert action(found) == ("resize_machine", {"instance_type": "g5.xlarge"})
    assert saving(found) == 400
    slower = {**work, ("aws", "atlas", "USD", "g5.xlarge", "epoch"): Decimal("9.5")}
    assert gpus.cheaper_gpu_family(resource(instance_type="p3.2xlarge", model="atlas"), known(work=slower)) is None


def test_a_cheaper_family_must_hold_what_is_in_memory_and_unmeasured_as_much_as_there_is() -> None:
    work = {
        ("aws", "atlas", "USD", "p3.8xlarge", "epoch"): Decimal(10),
        ("aws", "atlas", "USD", "g5.xlarge", "epoch"): Decimal(1),
    }
    four = {"instance_type": "p3.8xlarge", "model": "atlas"}
    assert gpus.cheaper_gpu_family(resource(**four), known(work=work)) is None
    for held, fits in ((30, True), (36, False)):
        in_use = {"gpu_memory_utilization": usage(held)}
        found = gpus.cheaper_gpu_family(resource(usage=in_use, **four), known(work=work))
        assert (found is not None) == fits, f"{held} % of 64 GiB"
