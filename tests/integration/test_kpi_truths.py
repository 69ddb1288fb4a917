"""Each KPI is what the planted truths say: computed here from the fact and the telemetry, not from the KPI layer.

March and April, since Google's months begin and end in California: one an hour later than the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from tests.kpi_world import COSTS, HOUR, NANO, Line, Place, World, decimal, total

from finops.core.money import exact
from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.pipelines import kpis, marts, telemetry
from finops.sample.service import generate
from finops.stores import published

MARCH, APRIL = BillingPeriod(2025, 3), BillingPeriod(2025, 4)
PLACES = [(str(provider), str(month)) for provider in CLOUDS for month in (MARCH, APRIL)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two months of three clouds, the smallest that have every truth, through every step of the product."""
    settings = Settings(home=tmp_path_factory.mktemp("truths") / "home")
    generate(settings.root / "sample", months=2, lines_per_month=12_000, first_period=MARCH)
    for provider in CLOUDS:
        ingest(settings, provider, str(settings.root / "sample" / provider))
    assert marts.run(settings, None, lambda *_: None) is not None
    for source in telemetry.sources_of(settings):
        report = telemetry.take(settings, source)
        assert report.landed
        assert report.rejections == ()
    reports = kpis.run(settings, None)
    assert [(each.month, each.fault) for each in reports] == [(MARCH, None), (APRIL, None)]
    with published.latest(settings).connect() as connection:
        yield World(settings, connection)


@pytest.fixture(params=PLACES, ids="-".join)
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
        names = ("ai_model", "model_version", "experiment", "pipeline")
        assert [row[name] for name in names] == [
            keys[name] for name in ("model", "model_version", "experiment", "pipeline")
        ]


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
    """One of the month before goes on as long as the resource is billed, and shares it; one whose resource is gone is over."""
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
        # Google's tokens that were billed late, of days before there was telemetry.
        "or (sku_meter ilike '%token%' or sku_meter ilike '%text %put%') and charge_period_start < ?)",
        *(*place, MARCH.start.replace(tzinfo=None)),
    )
    rows = world.rows("mart_model_version_costs", place, attribution="unattributed")
    assert tuple(sum(row[name] for row in rows) for name in COSTS) == expected


def test_versions_cost_what_their_runs_used_of_their_resources(world: World, place: Place) -> None:
    """Every run of the month by its window and by what ran beside it, not only the planted ones."""
    expected: dict[tuple[str, str, str, str], dict[str, Fraction]] = {}
    for resource in {line.resource_id for line in world.all_lines(place)}:
        for line, run, share, _ in world.shares(place, resource):
            stage = {"data-preprocessing": "preparation"}.get(run.stage, run.stage)
            costs = expected.setdefault((line.currency, run.model, run.version, stage), dict.fromkeys(COSTS, Fraction()))
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
