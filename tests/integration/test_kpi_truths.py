"""Each KPI is what the planted truths say: computed here from the fact and the telemetry, not from the KPI layer.

March and April, since Google's months begin and end in California: one an hour later than the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from kpi_steps import planted
from tests.kpi_tie_outs import TIE_OUTS
from tests.kpi_world import COSTS, HOUR, LATE, NANO, Line, Place, World, decimal, total

from finops.core.money import exact
from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS

pytestmark = pytest.mark.timeout(900)  # Two months are made first.

MARCH, APRIL = BillingPeriod(2025, 3), BillingPeriod(2025, 4)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two months of three clouds."""
    with planted(tmp_path_factory.mktemp("truths"), MARCH, 2) as world:
        yield world


@pytest.fixture(params=[(str(cloud), str(month)) for cloud in CLOUDS for month in (MARCH, APRIL)], ids="-".join)
def place(request: pytest.FixtureRequest) -> Place:
    """A cloud and a month."""
    return request.param


def _run_row(world: World, place: Place, run_id: str, resource_id: str) -> dict[str, Any]:
    return world.row("mart_training_run_costs", place, run_id=run_id, resource_id=resource_id)


def _costs(row: dict[str, Any]) -> dict[str, Decimal]:
    return {name: row[name] for name in COSTS}


def _totals(lines: list[Line]) -> dict[str, Decimal]:
    return {name: total(lines, name) for name in COSTS}


# Cost per model version


def test_a_run_that_used_its_resource_fully_has_all_its_cost(world: World, place: Place) -> None:
    for truth in world.truths("run that used its resource fully", place):
        known, keys = truth.known, truth.keys
        row = _run_row(world, place, keys["run_id"], keys["resource_id"])
        assert _costs(row) == _totals(world.lines(place, keys["resource_id"]))
        assert row["effective_cost"] > 0
        assert (row["hours"], row["gpu_hours"]) == (known["hours"], known["hours"] * known["gpu_count"])
        assert row["epochs"] == known["epochs"]
        names = {"ai_model": "model", **{name: name for name in ("model_version", "experiment", "pipeline")}}
        assert {name: row[name] for name in names} == {name: keys[key] for name, key in names.items()}


def test_runs_that_overlapped_share_the_cost_equally_while_both_ran(world: World, place: Place) -> None:
    for truth in world.truths("runs that overlapped", place):
        keys = truth.keys
        lines = world.lines(place, keys["resource_id"])
        both = [line for line in lines if truth.moment("both_from") <= line.start < truth.moment("both_until")]
        assert both
        assert all(line.until <= truth.moment("both_until") for line in both)
        first, second = (_run_row(world, place, keys[name], keys["resource_id"]) for name in ("run_id", "other_run_id"))
        for name in COSTS:
            half = total(both, name) * Decimal(str(truth.known["share_of_cost_while_both"]))
            assert abs(second[name] - half) <= NANO, "half a unit of the twelfth decimal per line goes to one of them"
            assert first[name] + second[name] == total(lines, name)
        assert (first["hours"], second["hours"]) == (truth.known["hours"], truth.known["overlap_hours"])


def test_half_of_a_resource_that_was_idle_for_half_of_its_life_is_nobodys(world: World, place: Place) -> None:
    for truth in world.truths("resource that was idle for half of its life", place):
        row = _run_row(world, place, truth.keys["run_id"], truth.keys["resource_id"])
        lines = world.lines(place, truth.keys["resource_id"])
        used = [line for line in lines if line.start < truth.moment("ended_at")]
        idle = [line for line in lines if line.start >= truth.moment("idle_from")]
        assert len(used) + len(idle) == len(lines)
        assert total(idle) > 0
        assert _costs(row) == _totals(used)
        assert (row["hours"], row["epochs"]) == (truth.known["hours"], truth.known["epochs"])


def test_a_run_without_an_end_costs_until_its_resource_is_no_longer_billed(world: World, place: Place) -> None:
    """One of the month before shares the resource where it is billed on, and is over where it is gone."""
    earlier = [
        truth
        for month in (MARCH, APRIL)
        if str(month) < place[1]
        for truth in world.truths("run without an end", (place[0], str(month)))
    ]
    for truth in world.truths("run without an end", place):
        run_id, resource = truth.keys["run_id"], truth.keys["resource_id"]
        lines = world.lines(place, resource)
        assert max(line.until for line in lines) == truth.moment("billed_until")
        sharing = [run_id, *(each.keys["run_id"] for each in earlier if each.keys["resource_id"] == resource)]
        rows = [_run_row(world, place, each, resource) for each in sharing]
        for name in COSTS:
            assert sum(row[name] for row in rows) == total(lines, name)
            assert all(abs(row[name] - total(lines, name) / len(rows)) <= NANO for row in rows)
        assert rows[0]["hours"] == truth.known["hours"]
        assert rows[0]["ended_at"] is None
    for truth in earlier:
        rows = world.rows("mart_training_run_costs", place, run_id=truth.keys["run_id"])
        assert bool(rows) == bool(world.lines(place, truth.keys["resource_id"]))


def test_a_run_on_a_resource_that_is_not_billed_has_hours_and_no_cost(world: World, place: Place) -> None:
    for truth in world.truths("run on a resource that is not billed", place):
        row = _run_row(world, place, truth.keys["run_id"], truth.keys["resource_id"])
        assert world.lines(place, truth.keys["resource_id"]) == []
        assert set(_costs(row).values()) == {0}
        assert (row["billing_currency"], row["hours"]) == ("(none)", truth.known["hours"])
        assert row["gpu_hours"] == truth.known["hours"] * truth.known["gpu_count"]


def test_the_cost_of_a_training_resource_without_a_run_is_not_attributed(world: World, place: Place) -> None:
    """Resources that no run and no inference names are not attributed; what they cost is known from the fact alone."""
    for truth in world.truths("training resource without a run", place):
        assert total(world.lines(place, truth.keys["resource_id"])) > 0
        assert world.rows("mart_training_run_costs", place, resource_id=truth.keys["resource_id"]) == []
    measures = ", ".join(f"sum({name})" for name in COSTS)
    [expected] = world.ask(
        f"select {measures} from fact where provider = ? and billing_period = ? and (resource_id is null "
        "or resource_id not in (select resource_id from training_runs union select endpoint_id from inference_counts) "
        # Google's tokens that were billed late, of days without telemetry.
        "or (sku_meter ilike '%token%' or sku_meter ilike '%text %put%') and not exists (from inference_counts "
        "where endpoint_id = resource_id and bucket_start::timestamp >= greatest(charge_period_start, ?) "
        "and bucket_start::timestamp < charge_period_end))",
        *(*place, BillingPeriod.parse(place[1]).start.replace(tzinfo=None) - LATE),
    )
    rows = world.rows("mart_model_version_costs", place, attribution="unattributed")
    assert tuple(sum(row[name] for row in rows) for name in COSTS) == expected


def test_versions_cost_what_their_runs_used_of_their_resources(world: World, place: Place) -> None:
    """Every run of the month by its window and by what ran beside it, not only the planted ones."""
    expected: dict[tuple[str, str, str, str], dict[str, Fraction]] = {}
    for resource in {line.resource_id for line in world.all_lines(place)}:
        for line, run, share, _ in world.shares(place, resource):
            stage = {"data-preprocessing": "preparation"}.get(run.stage, run.stage)
            costs = expected.setdefault(
                (line.currency, run.model, run.version, stage), dict.fromkeys(COSTS, Fraction())
            )
            for name in COSTS:
                costs[name] += Fraction(getattr(line, name)) * share
    found = {
        (row["billing_currency"], row["ai_model"], row["model_version"], row["stage"]): _costs(row)
        for row in world.rows("mart_model_version_costs", place, attribution="version")
        if row["stage"] != "serving" and row["billing_currency"] != "(none)"
    }
    planted = [each.keys for each in world.truths("run that used its resource fully", place)]
    assert {(each["model"], each["model_version"]) for each in planted} <= {key[1:3] for key in found}
    assert found.keys() == expected.keys()
    for key, costs in found.items():
        for name in COSTS:
            assert abs(costs[name] - decimal(expected[key][name])) <= NANO, key


# Spot


def test_a_group_of_spot_instances_is_interrupted_as_often_as_is_said(world: World, place: Place) -> None:
    """How many instances there are is the bill's: each is one, however often it was interrupted."""
    for truth in world.truths("spot instances that are interrupted too often", place):
        keys, known = truth.keys, truth.known
        group = {"instance_type": keys["instance_type"], "zone": keys["zone"] or "(none)"}
        rows = world.rows("mart_spot_interruptions", place, **group)
        lines = [line for line in world.all_lines(place) if line.is_spot and line.machine == keys["instance_type"]]
        lines = [line for line in lines if line.zone == keys["zone"]]
        counts = [(row["spot_instances"], row["interrupted_instances"]) for row in rows]
        assert [sum(each) for each in zip(*counts, strict=True)] == [known["spot_instances"], known["interrupted"]]
        assert abs(known["interrupted"] / known["spot_instances"] - known["interruption_rate"]) < 1e-6
        for row, (instances, interrupted) in zip(rows, counts, strict=True):
            mine = [line for line in lines if line.currency == row["billing_currency"]]
            assert len({line.resource_id for line in mine}) == instances
            assert row["interruption_rate"] == exact(Decimal(100 * interrupted) / instances)
            assert row["is_above_target"] == (row["interruption_rate"] > 15)
            assert row["spot_cost"] == total(mine)
        assert any(row["is_above_target"] for row in rows)
        jobs = world.ask(
            "select distinct job_id from spot_interruptions where provider = ? and instance_type = ? and zone is not "
            "distinct from ? and parse_filename(filename) = ?",
            *(place[0], keys["instance_type"], keys["zone"], f"{place[1]}.parquet"),
        )
        rows = [world.row("mart_spot_jobs", place, job_id=job) for (job,) in jobs]
        for name in ("lost_gpu_hours", "restart_gpu_hours"):
            assert sum(row[name] for row in rows) == Decimal(str(known[name]))


def test_a_spot_job_that_lost_its_instance_saved_what_is_left_of_the_discount(world: World, place: Place) -> None:
    for truth in world.truths("spot job that lost its instance", place):
        known = truth.known
        row = world.row("mart_spot_jobs", place, job_id=truth.keys["job_id"])
        parts = world.spot_parts(place, truth.keys["job_id"])
        spot = decimal(sum((Fraction(line.effective_cost) * share for line, share, _ in parts), Fraction()))
        hours = {(line.resource_id, line.start): spent for line, _, spent in parts}
        rates = [world.on_demand_cost(place, line) for line, _, _ in parts]
        assert abs(row["spot_cost"] - spot) <= NANO
        assert abs(row["spot_hours"] - decimal(sum(hours.values(), Fraction()))) <= NANO
        lost, restart = (Decimal(str(known[name])) for name in ("lost_hours", "restart_hours"))
        assert (row["lost_hours"], row["restart_hours"], row["interruptions"]) == (lost, restart, 1)
        assert (row["lost_gpu_hours"], row["restart_gpu_hours"]) == (
            lost * known["gpu_count"],
            restart * known["gpu_count"],
        )
        age = Fraction((truth.moment("interrupted_at") - truth.moment("last_checkpoint_at")) / HOUR)
        assert row["checkpoint_age_hours"] == decimal(age)
        hourly = spot / row["spot_hours"]
        assert abs(row["lost_cost"] - hourly * lost) <= NANO
        assert abs(row["restart_cost"] - hourly * restart) <= NANO
        known_rates = [(part, rate) for part, rate in zip(parts, rates, strict=True) if rate is not None]
        if not known_rates:
            assert row["discount"] is row["net_benefit"] is None
            continue
        on_demand = decimal(sum((rate * part[1] for part, rate in known_rates), Fraction()))
        compared = decimal(sum((Fraction(part[0].effective_cost) * part[1] for part, _ in known_rates), Fraction()))
        assert abs(row["on_demand_cost"] - on_demand) <= NANO
        assert abs(row["net_benefit"] - (on_demand - compared - hourly * (lost + restart))) <= NANO


def test_every_spot_job_costs_what_its_run_costs_on_its_spot_machines(world: World, place: Place) -> None:
    """All jobs, not only those that were planted: two marts must not have two costs of one run."""
    expected: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for resource in {line.resource_id for line in world.all_lines(place) if line.is_spot}:
        for line, run, share, _ in world.shares(place, resource):
            expected[line.currency, run.run_id] += Fraction(line.effective_cost) * share if line.is_spot else 0
    found = {(row["billing_currency"], row["job_id"]): row["spot_cost"] for row in world.rows("mart_spot_jobs", place)}
    assert len(expected) > 10
    assert found.keys() - {key for key in found if key[1] == "(none)"} == expected.keys()
    assert all(abs(found[key] - decimal(cost)) <= NANO for key, cost in expected.items())


# Data transfer and storage


def test_what_a_run_sent_costs_what_the_bill_charges_for_its_bytes_per_epoch(world: World, place: Place) -> None:
    """The bill's GB are rounded to six decimals a line: of a month's lines they may be sixteen thousand bytes off."""
    for truth in world.truths("bytes that a run sent", place):
        keys, known = truth.keys, truth.known
        zones = {"source_zone": keys["source_zone"], "destination_zone": keys["destination_zone"]}
        row = world.row("mart_epoch_transfer_costs", place, run_id=keys["run_id"], **zones)
        cost, gigabytes = world.sent(place, keys["resource_id"], truth.moment("started_at"), truth.moment("ended_at"))
        assert row["billed_cost"] > 0
        assert abs(row["billed_cost"] - cost) <= NANO
        assert abs(row["gigabytes"] - gigabytes) <= NANO
        assert abs(row["gigabytes"] * 2**30 - known["bytes"]) <= 2**14
        assert row["epochs"] == known["epochs"]
        assert abs(row["cost_per_epoch"] - cost / known["epochs"]) <= NANO
        assert abs(row["cost_per_gb_epoch"] - cost / gigabytes / known["epochs"]) <= NANO


@pytest.mark.parametrize("name", ["hourly checkpoints", "daily checkpoints, never read"])
def test_checkpoints_cost_their_part_of_what_their_bucket_stores(world: World, place: Place, name: str) -> None:
    for truth in world.truths(name, place):
        keys, known = truth.keys, truth.known
        row = world.row("mart_checkpoint_storage", place, resource_id=keys["bucket_resource_id"], model=keys["model"])
        stored = world.checkpoints(place, keys["bucket"])
        mine = [each for each in stored if each.run_id == keys["run_id"]]
        of_model = [each for each in stored if each.model == keys["model"]]
        [(later,)] = world.ask(
            "select count(*) from checkpoints where run_id = ? and created_at >= ?",
            *(keys["run_id"], BillingPeriod.parse(place[1]).end),
        )
        assert len(mine) + later == known["checkpoints"], (
            "what is written when the month (UTC) ends, or after it, is later"
        )
        assert (row["checkpoints"], row["bytes"]) == (len(of_model), sum(each.size_bytes for each in of_model))
        lines = [line for line in world.lines(place, keys["bucket_resource_id"]) if line.is_of_storage]
        capacity = [line for line in lines if "Mo" in line.unit]
        gb_months = sum((each.gb_months for each in of_model), Fraction())
        all_gb_months = max(sum((each.gb_months for each in stored), Fraction()), Fraction(total(capacity, "quantity")))
        assert total(capacity) > 0
        assert abs(row["storage_cost"] - decimal(Fraction(total(capacity)) * gb_months / all_gb_months)) <= NANO
        assert row["bucket_storage_cost"] == total(lines)
        rows = world.rows("mart_checkpoint_storage", place, resource_id=keys["bucket_resource_id"])
        assert sum(each["storage_cost"] for each in rows) == total(lines)
        assert row["hourly_runs" if name.startswith("hourly") else "daily_runs"] > 0


def test_stale_checkpoints_are_those_that_nobody_read_for_a_week(world: World, place: Place) -> None:
    """Those of the month before are there too: telemetry does not tell what was deleted."""
    for truth in world.truths("stale checkpoints", place):
        known, before = truth.known, Decimal()
        rows = world.rows("mart_checkpoint_storage", place)
        old = [each for each in world.checkpoints(place, "") if each.file < place[1]]
        stale = [each for each in old if each.is_unread]
        assert sum(row["stale_checkpoints"] for row in rows) == known["stale_checkpoints"] + len(stale)
        before = sum(each.size_bytes for each in stale)
        assert sum(row["stale_bytes"] for row in rows) == known["stale_bytes"] + before
        assert all(0 < row["stale_cost"] <= row["storage_cost"] for row in rows if row["stale_bytes"])


@pytest.mark.parametrize("name", TIE_OUTS)
def test_marts_tie_out_to_the_fact_without_a_difference(world: World, name: str) -> None:
    of_mart, of_bill = TIE_OUTS[name].sides(world)
    assert {each[:2] for each in of_mart} == {(str(month), cloud) for cloud in CLOUDS for month in (MARCH, APRIL)}
    differences = {key: (of_mart.get(key), of_bill.get(key)) for key in of_mart.keys() | of_bill.keys()}
    assert {key: each for key, each in differences.items() if each[0] != each[1]} == {}
