"""Each rule finds its waste, and leaves alone what only looks like it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.rightsizing.world import IDLE, RUN_DATE, known, resource, usage

from finops.policy.rightsizing_rules import Rules
from finops.rightsizing.models import Finding
from finops.rightsizing.resource import Asked, Catalogue, Cost, Known, Machine, Runs, Stored
from finops.rightsizing.rules import commitments, endpoints, gpus, machines, network, storage, times, told


def saving(found: Finding | None) -> Decimal:
    assert found is not None
    return round(found.monthly_saving, 2)


def action(found: Finding | None) -> tuple[str, dict[str, Any]]:
    assert found is not None
    assert found.change is not None
    return found.change.action, dict(found.change.parameters)


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


def test_a_type_is_known_in_any_case() -> None:
    types = Catalogue([Machine("azure", "Standard_E8s_v5", price=Decimal(1))])
    assert types.get("azure", "standard_e8S_V5") is types.get("azure", "Standard_E8s_v5") is not None


def test_a_machine_is_oversized_when_a_smaller_one_of_its_family_has_headroom() -> None:
    calm = {"cpu_utilization": usage(8, 15, 20), "memory_utilization": usage(10, 15, 18)}
    found = machines.oversized_machine(resource(instance_type="m5.4xlarge", usage=calm), known())
    # 15 % of 16 vCPUs at 70 % are 3.4; 18 % of 64 GiB at 80 % are 14.4.
    assert action(found) == ("resize_machine", {"instance_type": "m5.xlarge"})
    assert saving(found) == 750


@pytest.mark.parametrize(
    "busy",
    [
        {"cpu_utilization": usage(8, 66, 68), "memory_utilization": usage(10)},
        {"cpu_utilization": usage(8, 15, 80), "memory_utilization": usage(10)},
        {"cpu_utilization": usage(8, 15, 20), "memory_utilization": usage(10, 15, 75)},
        {"cpu_utilization": usage(8, 15, 20)},
    ],
    ids=["p95", "p99.5", "memory", "memory is not measured, and none has as much"],
)
def test_a_machine_with_busy_hours_or_full_memory_keeps_its_size(busy: dict[str, Any]) -> None:
    assert machines.oversized_machine(resource(instance_type="m5.4xlarge", usage=busy), known()) is None


def test_a_type_that_the_catalogue_does_not_know_is_never_resized() -> None:
    calm = {"cpu_utilization": usage(1), "memory_utilization": usage(1)}
    assert machines.oversized_machine(resource(instance_type="z9.huge", usage=calm), known()) is None


def test_an_idle_notebook_is_stopped_and_one_that_is_left_on_is_told() -> None:
    plain = {name: each for name, each in IDLE.items() if not name.startswith("gpu")}
    found = machines.idle_machine(resource("notebook", instance_type="m5.large", usage=plain), known())
    assert found is not None
    assert (found.rule, found.change and found.change.action) == ("idle_notebook", "stop_machine")
    unused = resource("notebook", last_used=date(2025, 5, 1))
    assert saving(machines.idle_machine(unused, known())) == 1000
    assert machines.idle_machine(resource("notebook", last_used=date(2025, 6, 15)), known()) is None
    left_on = {"cpu_utilization": usage(20, 80, idle_hours=168)}
    left = machines.idle_interactive(resource("notebook", instance_type="m5.large", usage=left_on), known())
    assert saving(left) == 500
    busy = {"cpu_utilization": usage(20, 80, idle_hours=20)}
    assert machines.idle_interactive(resource("notebook", instance_type="m5.large", usage=busy), known()) is None


def test_a_disk_that_nothing_uses_is_deleted_after_a_snapshot_whose_cost_stays() -> None:
    old = {"state": "available", "size_gb": 500.0, "last_used": date(2025, 5, 1)}
    found = storage.unattached_disk(resource("disk", 40, **old), known())
    assert action(found)[0] == "delete_volume"
    assert saving(found) == 20
    for decoy in (
        {**old, "attached_to": "i-2"},
        {**old, "state": "in_use"},
        {**old, "state": ""},
        {**old, "last_used": date(2025, 6, 18)},
        {**old, "last_used": None},
    ):
        assert storage.unattached_disk(resource("disk", 40, **decoy), known()) is None


def test_gp2_becomes_gp3_where_the_same_speed_costs_less() -> None:
    details = {"volume_type": "gp2"}
    small = storage.old_volume_type(resource("disk", 50, size_gb=100.0, details=details), known())
    assert action(small) == ("change_volume", {"volume_type": "gp3", "iops": 3000, "throughput": 125})
    assert saving(small) == 10
    # 6,000 IOPS and 250 MB/s: 160 + 15 + 5 instead of 200.
    large = storage.old_volume_type(resource("disk", 200, size_gb=2000.0, details=details), known())
    assert saving(large) == 20
    assert storage.old_volume_type(resource("disk", 50, size_gb=100.0, details={"volume_type": "gp3"}), known()) is None


def test_old_snapshots_and_all_but_the_last_of_a_day_are_for_a_person_to_decide() -> None:
    old = storage.old_snapshot(resource("snapshot", 20, created=date(2025, 1, 1)), known())
    assert (saving(old), old and old.change) == (20, None)
    assert storage.old_snapshot(resource("snapshot", 20, created=date(2025, 6, 1)), known()) is None
    managed = {"managed_by": "backup service"}
    assert storage.old_snapshot(resource("snapshot", 20, created=date(2025, 1, 1), details=managed), known()) is None
    archived = {"storage_tier": "archive"}
    assert storage.old_snapshot(resource("snapshot", 20, created=date(2025, 1, 1), details=archived), known()) is None
    day = date(2025, 6, 10)
    three = known(snapshots={("aws", "vol-1", day): ["s-1", "s-2", "s-3"]})
    facts = {"created": day, "attached_to": "vol-1"}
    assert saving(storage.backup_cadence(resource("snapshot", 20, resource_id="s-2", **facts), three)) == 20
    assert storage.backup_cadence(resource("snapshot", 20, resource_id="s-3", **facts), three) is None


def test_the_only_snapshot_of_a_disk_that_is_gone_is_archived_and_one_of_several_is_for_a_person_to_decide() -> None:
    """An archive stores all of the disk: of one of several that is more than its part."""
    facts = {"created": date(2025, 1, 1), "attached_to": "vol-1", "resource_id": "s-1"}
    gone, first, second = (
        {"source_exists": False},
        ("aws", "vol-1", date(2025, 1, 1)),
        ("aws", "vol-1", date(2025, 2, 1)),
    )
    alone = storage.old_snapshot(resource("snapshot", 20, details=gone, **facts), known(snapshots={first: ["s-1"]}))
    assert (action(alone), saving(alone), alone and alone.risk) == (("archive_snapshot", {}), 15, "low")
    several = known(snapshots={first: ["s-1"], second: ["s-2"]})
    one = storage.old_snapshot(resource("snapshot", 20, details=gone, **facts), several)
    assert (saving(one), one and one.change) == (20, None)
    kept = storage.old_snapshot(resource("snapshot", 20, details={"source_exists": True}, **facts), known())
    assert kept is not None
    assert kept.change is None, "its disk is there"


def test_stale_checkpoints_get_a_lifecycle_unless_the_bucket_has_one() -> None:
    stored = known(stored={("aws", "b-1"): Stored(12, 900.0, Decimal(60), 30, Decimal(15))})
    found = storage.stale_checkpoints(resource("bucket", 200, resource_id="b-1"), stored)
    name, parameters = action(found)
    assert (name, saving(found)) == ("set_lifecycle", 75)
    [rule] = parameters["rules"]
    assert (rule["prefix"], rule["archive_after_days"], rule["delete_after_days"]) == ("checkpoints/", 30, 90)
    has = {"lifecycle_rules": [{"prefix": "", "delete_after_days": 60}]}
    assert storage.stale_checkpoints(resource("bucket", 200, resource_id="b-1", details=has), stored) is None


def test_checkpoints_that_no_run_of_the_telemetry_wrote_are_archived_when_nobody_has_used_them_for_long() -> None:
    def left(days: int = 200, name: str = "atlas-checkpoints-2023", **details: Any) -> Finding | None:
        last_used = RUN_DATE - timedelta(days)
        bucket = resource("bucket", 200, resource_id=name, last_used=last_used, details=details)
        return storage.stale_checkpoints(bucket, known())

    name, parameters = action(left())
    assert (name, saving(left())) == ("set_lifecycle", 160)
    assert parameters["rules"] == [{"id": "finops-checkpoints", "prefix": "", "archive_after_days": 30}]
    assert left(days=90) is None
    assert left(name="atlas-data") is None
    assert left(name="atlas-data", checkpoint_prefix="models/") is not None
    assert left(lifecycle_rules=[{"prefix": "", "archive_after_days": 60}]) is None
    unknown = resource("bucket", 200, resource_id="atlas-ckpt")
    assert storage.stale_checkpoints(unknown, known()) is None


def test_uploads_that_never_ended_are_aborted_in_proportion_to_their_bytes() -> None:
    parts = {"incomplete_upload_bytes": 100 * 2**30}
    found = storage.incomplete_uploads(resource("bucket", 200, size_gb=400.0, details=parts), known())
    assert saving(found) == 50
    has = {**parts, "lifecycle_rules": [{"prefix": "", "abort_uploads_after_days": 7}]}
    assert storage.incomplete_uploads(resource("bucket", 200, size_gb=400.0, details=has), known()) is None


def test_idle_load_balancers_and_addresses_are_told() -> None:
    quiet = {"network_bytes_per_second": usage(100, 400)}
    assert saving(network.idle_load_balancer(resource("load_balancer", 25, usage=quiet), known())) == 25
    assert network.idle_load_balancer(resource("load_balancer", 25), known()) is None
    empty = {"targets": 0, "requests_per_day": 0}
    assert saving(network.idle_load_balancer(resource("load_balancer", 25, details=empty), known())) == 25
    assert saving(network.idle_address(resource("address", 8, state="available"), known())) == 8
    assert network.idle_address(resource("address", 8, state="available", attached_to="i-1"), known()) is None
    assert network.idle_address(resource("address", 8, state=""), known()) is None


def test_an_endpoint_without_requests_is_idle_and_one_that_nobody_counted_is_not() -> None:
    none = known(asked={("aws", "i-1"): Asked(14, 0, 0, {})})
    assert saving(endpoints.idle_endpoint(resource("endpoint"), none)) == 1000
    assert endpoints.idle_endpoint(resource("endpoint"), known()) is None
    few = known(asked={("aws", "i-1"): Asked(14, 3, 1, {})})
    assert endpoints.idle_endpoint(resource("endpoint"), few) is None
    unused = resource("endpoint", last_used=date(2025, 5, 1))
    assert saving(endpoints.idle_endpoint(unused, known())) == 1000
    assert endpoints.idle_endpoint(unused, few) is None
    some_days = known(asked={("aws", "i-1"): Asked(9, 0, 0, {})})
    assert endpoints.idle_endpoint(resource("endpoint"), some_days) is None


def test_an_endpoint_keeps_as_many_instances_as_its_busiest_hours_need() -> None:
    details = {"minimum": 8, "instances": 8, "maximum": 10, "variant": "blue"}
    low = {"cpu_utilization": usage(10, 20, 30)}
    found = endpoints.oversized_endpoint(resource("endpoint", usage=low, details=details), known())
    # 8 instances at 30 % are 3.4 at 70 %.
    assert action(found) == ("scale_endpoint", {"variant": "blue", "minimum": 4, "maximum": 10})
    assert saving(found) == 500
    scaled = {**details, "minimum": 3}
    assert endpoints.oversized_endpoint(resource("endpoint", usage=low, details=scaled), known()) is None
    high = {"cpu_utilization": usage(10, 20, 65)}
    assert endpoints.oversized_endpoint(resource("endpoint", usage=high, details=details), known()) is None


def test_an_endpoint_that_sleeps_at_night_gets_a_schedule_of_least_and_most_by_hour() -> None:
    weekdays = {0: 900.0, 1: 1000.0, 2: 500.0, 3: 1000.0, 4: 800.0, 5: 10.0, 6: 10.0}
    asked = known(asked={("aws", "i-1"): Asked(14, 8440, 1000, weekdays)})
    details = {"minimum": 6, "desired": 6, "maximum": 6}
    sleepy = {"cpu_utilization": usage(40, 60, 70, night_average=4.0)}
    found = endpoints.scheduled_scaling(resource("endpoint", usage=sleepy, details=details), asked)
    assert found is not None
    assert (found.facts["by_day"], found.facts["at_night"]) == (6, 1)
    by_day = [each["minimum"] for each in found.facts["schedule"] if each["from"] == "07:00"]
    assert by_day == [6, 6, 3, 6, 5, 1, 1]
    awake = {"cpu_utilization": usage(40, 60, 70, night_average=40.0)}
    assert endpoints.scheduled_scaling(resource("endpoint", usage=awake, details=details), asked) is None


def of_runs(*facts: Any) -> Known:
    return known(runs={("aws", "i-1"): Runs(*facts)}, spot_discounts={("aws", "USD"): Decimal("0.6")})


def test_work_with_fresh_checkpoints_goes_to_a_diverse_spot_group() -> None:
    facts = {"instance_type": "m5.4xlarge", "stage": "training", "model": "atlas"}
    in_group = times.spot_candidate(resource(group_id="asg-1", **facts), of_runs(3, 1.0))
    name, parameters = action(in_group)
    assert (name, saving(in_group)) == ("use_spot", 480)
    assert len(parameters["instance_types"]) >= 3
    assert in_group is not None
    assert in_group.change is not None
    assert in_group.change.target.resource_id == "asg-1"
    alone = times.spot_candidate(resource(**facts), of_runs(3, 1.0))
    assert (saving(alone), alone and alone.change) == (480, None)
    assert times.spot_candidate(resource(**facts, is_spot=True), of_runs(3, 1.0)) is None


def test_what_an_interruption_would_cost_is_told_and_is_by_the_runs_of_the_machine() -> None:
    trains = resource(instance_type="m5.4xlarge", stage="training")
    found = times.spot_candidate(trains, of_runs(3, 2.0))
    assert found is not None
    # 1,000 a month of 730 hours.
    assert (
        "Its 3 training runs went at most 2.0 hours without a checkpoint: an interruption costs at most that, 2.74 USD"
        in found.evidence
    )
    assert (found.facts["runs"], found.facts["cost_at_risk"]) == (3, "2.74")
    assert times.spot_candidate(trains, of_runs(3, 4.1)) is None, "one of them wrote too seldom"
    assert times.spot_candidate(trains, of_runs(1, 1.0, False)) is None, "it has written none yet"
    assert times.spot_candidate(trains, known()) is None, "no run is known"


def test_a_machine_with_a_schedule_stops_in_the_hours_in_which_it_is_idle() -> None:
    tagged = {"instance_type": "m5.large", "tags": {"schedule": "office-hours"}}
    sleeps = {"cpu_utilization": usage(20, 60, night_average=1.0)}
    found = times.off_hours(resource(usage=sleeps, **tagged), known())
    # 60 of 168 hours remain.
    assert saving(found) == Decimal("642.86")
    assert action(found)[1]["stop_at"] == "19:00"
    works = {"cpu_utilization": usage(20, 60, night_average=30.0)}
    assert times.off_hours(resource(usage=works, **tagged), known()) is None
    assert times.off_hours(resource(usage=sleeps, instance_type="m5.large"), known()) is None
    stopped = Cost(14, Decimal(460), Decimal(0), Decimal(0), Decimal(120))
    by_day = {"cpu_utilization": usage(20, 60, night_average=1.0, minutes=120 * 60)}
    assert times.off_hours(resource(usage=by_day, cost=stopped, **tagged), known()) is None


def test_batch_work_by_day_may_move_to_where_commitments_lie_unused() -> None:
    by_day = {"cpu_utilization": usage(40, 80, night_average=2.0)}
    facts = {"instance_type": "m5.large", "stage": "evaluation", "usage": by_day}
    unused = known(unused={("aws", "USD"): Decimal("0.25")})
    assert saving(times.off_peak_shift(resource(**facts), unused)) == 250
    assert times.off_peak_shift(resource(**facts), known()) is None


def test_transfer_between_zones_is_told_and_transfer_to_the_internet_is_not() -> None:
    def transfer(source: str, destination: str) -> network.Transfer:
        return network.Transfer("aws", "USD", "atlas", source, destination, Decimal(90), 4500.0)

    moved = [transfer("us-east-1a", "us-east-1b"), transfer("us-east-1a", "internet"), transfer("a", "a")]
    assert [each.facts["to"] for each in network.egress_locality(moved, known())] == ["us-east-1b"]


def commitment(**facts: Any) -> commitments.Commitment:
    usual = {"provider": "aws", "currency": "USD", "kind": "Savings Plan", "used_cost": Decimal(900)}
    usual |= {"unused_cost": Decimal(0), "savings_rate": Decimal(30), "utilization": Decimal(100)}
    return commitments.Commitment(**{**usual, **facts})


def test_commitments_are_bought_for_the_least_day_after_what_others_save() -> None:
    floors = {("aws", "USD"): (28, Decimal(24))}
    own = [commitment(kind="(all)")]
    [found] = commitments.found(floors, own, [], known(), {("aws", "USD"): Decimal(230)})
    # 24 a day are 730 a month; 500 of that remain, 80 % of them at 30 % less.
    assert (found.rule, saving(found)) == ("buy_commitment", 120)
    idle = [commitment(kind="(all)", unused_cost=Decimal(50))]
    assert list(commitments.found(floors, idle, [], known(), {})) == []
    assert list(commitments.found({("aws", "USD"): (20, Decimal(24))}, own, [], known(), {})) == []


def test_commitments_that_are_used_too_little_or_end_soon_are_told_and_save_nothing() -> None:
    few = [commitment(utilization=Decimal(60), unused_cost=Decimal(400))]
    ends = [
        commitments.Ending("aws", "USD", ident, "Savings Plan", Decimal(900), day)
        for ident, day in (("sp-soon", date(2025, 7, 15)), ("sp-late", date(2026, 1, 1)), ("sp-over", date(2025, 6, 1)))
    ]
    found = list(commitments.found({}, few, ends, known(), {}))
    assert [(each.rule, each.target.resource_id) for each in found] == [
        ("underused_commitment", "Savings Plan (USD)"),
        ("expiring_commitment", "sp-soon (USD)"),
    ]
    assert {each.monthly_saving for each in found} == {Decimal(0)}


def test_what_a_commitment_covers_says_on_which_day_it_would_be_saved_where_the_bill_knows() -> None:
    half = resource(instance_type="p3.2xlarge", usage=IDLE, covered=0.5)
    covered = replace(half, cost=replace(half.cost, commitments="sp-1, ri-2"))
    ends = {("aws", "sp-1"): date(2025, 9, 30), ("aws", "ri-2"): date(2026, 3, 31)}
    found = gpus.idle_gpu(covered, known(commitment_ends=ends))
    assert found is not None
    assert "saves nothing until that ends on 2026-03-31" in found.note
    unknown = gpus.idle_gpu(covered, known(commitment_ends={("aws", "sp-1"): date(2025, 9, 30)}))
    assert unknown is not None
    assert "the bill does not say when" in unknown.note


def test_an_attack_is_limited_where_a_web_acl_is_known_and_else_told() -> None:
    attack = told.Attack(
        *("USD", "inc-1", "aws", "111122223333", "us-east-1", "endpoint-1", "cc-1", "Requests of endpoint-1"),
        *(Decimal(300), Decimal(500), "limit requests", 12.0, 85.0),
    )
    [unknown] = told.suspected_attacks([attack], known())
    assert (unknown.change, saving(unknown)) == (None, 300)
    rules = Rules.model_validate({"web_acls": {"endpoint-1": "acl-1"}})
    [limited] = told.suspected_attacks([attack], known(rules=rules))
    assert action(limited) == ("limit_requests", {"web_acl": "acl-1", "limit_per_5_minutes": 2000})


def test_what_a_commitment_covers_saves_nothing_and_the_note_says_so() -> None:
    half = gpus.idle_gpu(resource(instance_type="p3.2xlarge", usage=IDLE, covered=0.5), known())
    assert saving(half) == 500
    assert half is not None
    assert "a commitment covers 50 % of its cost, which saves nothing until that ends" in half.note


def test_what_saves_too_little_is_not_told() -> None:
    assert gpus.idle_gpu(resource("machine", 2, instance_type="p3.2xlarge", usage=IDLE), known()) is None
