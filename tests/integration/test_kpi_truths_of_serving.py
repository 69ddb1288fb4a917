"""What the planted truths say of a month is what comes out: inference, utilization of GPUs, Kubernetes, waste."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from kpi_steps import planted
from tests.kpi_world import HOUR, NANO, Place, World, billed_hours, gpu_hours, month_of, total

from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS
from finops.pipelines import rightsizing
from finops.rightsizing import scoring

pytestmark = pytest.mark.timeout(900)  # A month is made first.

APRIL = BillingPeriod(2025, 4)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A month of three clouds."""
    with planted(tmp_path_factory.mktemp("truths"), APRIL, 1) as world:
        yield world


@pytest.fixture(params=[(str(cloud), str(APRIL)) for cloud in CLOUDS], ids="-".join)
def place(request: pytest.FixtureRequest) -> Place:
    """A cloud and the month."""
    return request.param


# Inference


def _daily(world: World, place: Place, endpoint: str) -> dict[tuple[bool, date, str, str], Any]:
    """Return what was counted of an endpoint by whether and on which day it was billed, version and stage."""
    names = ("requests", "successes", "tokens_in", "tokens_out")
    counts = world.ask(
        f"select bucket_start::timestamp, model_version, stage, {', '.join(names)} from inference_counts "
        "where endpoint_id = ? and parse_filename(filename) = ?",
        *(endpoint, f"{place[1]}.parquet"),
    )
    windows = {(line.start, line.until) for line in world.lines(place, endpoint)}
    found: dict[tuple[bool, date, str, str], Any] = defaultdict(lambda: dict.fromkeys(names, 0))
    for moment, version, stage, *values in counts:
        day = next((start.date() for start, until in windows if start <= moment < until), None)
        for name, value in zip(names, values, strict=True):
            found[day is not None, day or moment.date(), version, stage][name] += value or 0
    return found


def test_inferences_are_counted_and_costed_by_day_and_version(world: World, place: Place) -> None:
    """A day's cost is shared by its requests, whatever the hours; so is what an answered request costs."""
    for truth in world.truths("requests of an endpoint", place):
        keys, known = truth.keys, truth.known
        endpoint = keys["endpoint_id"]
        daily = _daily(world, place, endpoint)
        rows = world.rows(
            *("mart_inference_costs", place),
            **{"endpoint_id": endpoint, "model_version": keys["model_version"], "serving_stage": keys["stage"]},
        )
        for name in set(known) - {"is_billed_by_token"}:
            assert sum(row[name] or 0 for row in rows) == known[name]
        for row in rows:
            day = row["charge_date"]
            is_billed = row["billing_currency"] != "(none)"
            counted = daily[is_billed, day, keys["model_version"], keys["stage"]]
            together = sum(each["requests"] for key, each in daily.items() if key[:2] == (is_billed, day))
            lines = [line for line in world.lines(place, endpoint) if is_billed and line.start.date() == day]
            cost = total(lines)
            assert (row["requests"], row["successes"]) == (counted["requests"], counted["successes"])
            if not is_billed:
                assert (row["allocated_cost"], row["cost_per_inference"]) == (0, None)
            elif together:
                assert abs(row["allocated_cost"] - cost * counted["requests"] / together) <= NANO
                assert abs(row["cost_per_inference"] - row["allocated_cost"] / counted["successes"]) <= NANO
            assert row["used_cost"] + row["idle_cost"] == row["allocated_cost"]


def test_an_endpoint_costs_its_versions_what_the_bill_says(world: World, place: Place) -> None:
    for truth in world.truths("two versions that share an endpoint", place):
        endpoint, known = truth.keys["endpoint_id"], truth.known
        rows = world.rows("mart_inference_costs", place, endpoint_id=endpoint)
        cost = total(world.lines(place, endpoint))
        assert sum(row["allocated_cost"] for row in rows) == cost
        for version, share in known["share_of_requests"].items():
            mine = [row for row in rows if row["model_version"] == version]
            assert sum(row["requests"] for row in mine) == known["requests"][version]
            # In every hour three of four requests are of one version, so that a month's cost is shared like a day's.
            assert abs(sum(row["allocated_cost"] for row in mine) - cost * Decimal(str(share))) <= NANO


def test_a_day_without_requests_is_kept_with_its_cost_and_without_ratios(world: World, place: Place) -> None:
    """The planted day is one of UTC; it takes of two of Google's days, and neither is without requests."""
    for truth in world.truths("endpoint without requests on a day", place):
        endpoint, day = truth.keys["endpoint_id"], date.fromisoformat(truth.known["day"])
        rows = world.rows("mart_inference_costs", place, endpoint_id=endpoint, charge_date=day)
        cost = total([line for line in world.lines(place, endpoint) if line.start.date() == day])
        assert cost > 0
        assert sum(row["allocated_cost"] for row in rows) == cost
        if place[0] == "gcp":
            assert all(row["requests"] > 0 for row in rows)
            continue
        assert [row["is_without_requests"] for row in rows] == [True] * len(rows)
        assert sum(row["idle_cost"] for row in rows) == cost
        for row in rows:
            assert (row["requests"], row["used_cost"]) == (truth.known["requests"], 0)
            assert row["cost_per_inference"] is row["cost_per_1000_predictions"] is None


def test_tokens_and_their_price_are_the_bills(world: World, place: Place) -> None:
    """The bill rounds the quantity of each day's line to a token or so."""
    for truth in world.truths("tokens as the bill has them", place):
        keys, known = truth.keys, truth.known
        lines = world.lines(place, keys["resource_id"])
        [direction] = known.keys() & {"tokens_in", "tokens_out"}
        priced = world.rows("mart_token_costs", place, resource_id=keys["resource_id"])
        assert {row["direction"] for row in priced} == {direction.removeprefix("tokens_")}
        assert abs(sum(row["tokens"] for row in priced) - known[direction]) <= 31
        assert sum(row["effective_cost"] for row in priced) == total(lines)
        for row in priced:
            assert abs(row["price_per_million_tokens"] - 1_000_000 * row["effective_cost"] / row["tokens"]) <= NANO
        used = world.rows("mart_inference_costs", place, endpoint_id=keys["endpoint_id"])
        assert sum(row[direction] for row in used) == known[direction]
        assert sum(row["requests"] for row in used) == known["requests"]
        assert sum(row["allocated_cost"] for row in used) == total(lines)
        assert {row["idle_cost"] for row in used} == {0}
        assert {(row["model_version"], row["serving_stage"]) for row in used} == {
            (keys["model_version"], keys["stage"])
        }


def test_callers_together_made_the_requests_that_are_costed(world: World, place: Place) -> None:
    for truth in world.truths("requests by who called", place):
        rows = world.rows("mart_inference_costs", place, endpoint_id=truth.keys["endpoint_id"])
        assert sum(row["requests"] for row in rows) == sum(truth.known["requests"].values())


# Utilization and Kubernetes


@pytest.mark.parametrize("name", ["GPUs of a training run", "GPU that is nearly idle"])
def test_gpus_are_used_as_much_as_is_said_and_the_rest_of_their_cost_is_idle(
    world: World, place: Place, name: str
) -> None:
    for truth in world.truths(name, place):
        known, resource = truth.known, truth.keys["resource_id"]
        rows = world.rows("mart_gpu_utilization", place, resource_id=resource)
        late = [row for row in rows if row["charge_date"] < month_of(place)[0].date()]
        assert all(row["is_unmeasured"] for row in late), "Google billed it late, of a month without telemetry"
        rows = [row for row in rows if row not in late]
        lines = [line for line in world.lines(place, resource) if line.start >= month_of(place)[0]]
        assert {row["gpu_utilization"] for row in rows} == {Decimal(str(known["gpu_utilization"]))}
        measured = sum(row["measured_hours"] for row in rows)
        assert measured == billed_hours(lines)
        # A day of Google's may be in the bill of the month after.
        assert measured == known["hours"] or (place[0] == "gcp" and measured == known["hours"] - 24)
        assert sum(row["effective_cost"] for row in rows) == total(lines)
        hours = gpu_hours(lines, known["gpus"])
        assert sum(row["gpu_hours"] for row in rows) == hours
        idle_share = Decimal(str(known["idle_share"]))
        assert abs(sum(row["idle_gpu_cost"] for row in rows) - total(lines) * idle_share) <= NANO
        assert abs(sum(row["used_gpu_hours"] for row in rows) - hours * (1 - idle_share)) <= NANO
        assert {row["is_on_target"] for row in rows} == {name == "GPUs of a training run"}


def test_hours_in_which_a_gpu_was_not_measured_are_a_gap_and_no_idleness(world: World, place: Place) -> None:
    for truth in world.truths("GPU that was not measured for some hours", place):
        known, resource = truth.known, truth.keys["resource_id"]
        rows = world.rows("mart_gpu_utilization", place, resource_id=resource)
        assert sum(row["measured_hours"] for row in rows) == known["hours"]
        gap = (truth.moment("missing_until") - truth.moment("missing_from")) / HOUR
        lines = world.lines(place, resource)
        lives = {(line.start, line.until) for line in lines}
        assert billed_hours(lines) == known["hours"] + gap
        for row in rows:
            measured = world.ask(
                "select sum(average::decimal(18, 6) * bucket_minutes), sum(bucket_minutes) from resource_metrics "
                "where resource_id = ? and metric = 'gpu_utilization' and bucket_start::timestamp >= ? "
                "and bucket_start::timestamp < ?",
                *(resource, *next(each for each in lives if each[0].date() == row["charge_date"])),
            )[0]
            assert abs(row["gpu_utilization"] - measured[0] / measured[1]) <= NANO


def test_workloads_have_their_part_of_a_node_and_the_rest_is_idle(world: World, place: Place) -> None:
    """Shares are of the GPUs that pods ask for; the embedder's two pods, one after the other, are one workload.

    What Google bills late, of a day before the month, is idle: there is no telemetry of the month before.
    """
    for truth in world.truths("node with workloads and idle GPUs", place):
        known, node = truth.known, truth.keys["node_resource_id"]
        rows = world.rows("mart_kubernetes_costs", place, node_resource_id=node)
        lines = world.lines(place, node)
        assert sum(row["effective_cost"] for row in rows) == total(lines)
        in_time = [line for line in lines if line.start >= month_of(place)[0]]
        late = [line for line in lines if line not in in_time]
        assert not late or place[0] == "gcp"
        workloads = known["workloads"]
        assert {f"{row['namespace']}/{row['workload']}" for row in rows} == workloads.keys() | {"(idle)/(idle)"}
        idle = [row for row in rows if row["is_idle"] and row["charge_date"] >= month_of(place)[0].date()]
        idle_share = Decimal(str(known["idle_gpu_share"]))
        assert abs(sum(row["effective_cost"] for row in idle) - total(in_time) * idle_share) <= NANO
        for name, each in workloads.items():
            share, asked = Decimal(str(each["gpu_share"])), Decimal(str(each["gpu"]))
            mine = [row for row in rows if f"{row['namespace']}/{row['workload']}" == name]
            cost = sum(row["effective_cost"] for row in mine)
            hours = sum(row["requested_gpu_hours"] for row in mine)
            assert abs(cost - total(in_time) * share) <= NANO, name
            assert hours == billed_hours(in_time) * asked


# Requests by the hour


def test_the_hours_of_every_endpoint_are_what_was_counted_of_it(world: World, place: Place) -> None:
    """All versions and stages of an hour together, also of endpoints that no bill names."""
    counted = world.ask(
        "select endpoint_id, bucket_start::timestamp, sum(requests), sum(successes) from inference_counts "
        "where provider = ? and strftime(bucket_start::timestamp, '%Y-%m') = ? group by all",
        *place,
    )
    hours = world.rows("mart_endpoint_hours", place)
    names = ("endpoint_id", "hour_start", "requests", "successes")
    assert {tuple(each[name] for name in names) for each in hours} == set(counted)
    assert len(hours) == len(counted) > 1000


# Waste


def test_planted_waste_is_found_and_no_decoy_is_proposed(world: World) -> None:
    """As of the day after the month, from the same KPIs; twice, since a proposal needs two findings in a row."""
    for run_date in (date(2025, 4, 30), date(2025, 5, 1)):
        rightsizing.find(world.settings, run_date)
    truths = world.settings.root / "sample" / "telemetry" / "truths.json"
    found = scoring.of_published(world.settings, truths)
    assert found.run_date == date(2025, 5, 1)
    assert found.proposed_decoys == ()
    assert found.recall >= 0.95, found.lines()
    assert sum(found.planted.values()) > 20
    assert found.decoys > 8
    assert found.others == {}, "what is not planted is not told"
    assert rightsizing.scored(world.settings, truths) == found.lines()
