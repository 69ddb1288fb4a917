"""What the sample wastes, and what only looks so, is what its truths say: in inventory, metrics and bill."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.sample.conftest import Query, connect

from finops.core.providers import CLOUDS, Provider
from finops.sample.models import SampleReport
from finops.sample.service import generate

EVERYWHERE = {
    *("oversized_machine", "idle_gpu", "gpu_memory_at_risk", "unattached_disk", "stale_checkpoints"),
    *("incomplete_uploads", "idle_load_balancer", "spot_candidate"),
}
ON_AWS = {
    *("small_gpu_use", "surplus_gpus", "old_snapshot", "idle_address", "idle_notebook", "old_volume_type", "off_hours"),
    "oversized_concurrency",
}
ENDPOINTS = {"idle_endpoint", "oversized_endpoint"}
DECOYS = {
    "member of a scaling group: it would be replaced",
    "bursts: its 95th percentile is high",
    "busy every night, idle by day",
    "covered by a commitment: the saving is 0, and the finding says so",
    "not measured: missing is not idle",
    "has data on a local disk, which a stop loses",
    "protected by its tag",
    "one-time spot: it cannot be stopped",
    "made within a day",
    "its provisioned concurrency is in use",
}

Truth = dict[str, Any]


@pytest.fixture(scope="session")
def ask(half_year: SampleReport) -> Query:
    """Ask the six months: ``inventory`` and ``metrics`` with the month, and AWS's bill as ``aws``."""
    connection = connect(half_year.out)
    kinds = ("inventory", "resource_inventory"), ("metrics", "resource_metrics"), ("advice", "recommendations")
    for name, kind in kinds:
        files = half_year.out / "telemetry" / kind / "*.parquet"
        connection.execute(
            f"create view {name} as select *, parse_filename(filename, true) as period "
            f"from read_parquet('{files}', filename = true)"
        )
    night = "(extract(hour from bucket_start at time zone 'UTC') not between 7 and 18) as is_night"
    weekday = "where isodow(bucket_start at time zone 'UTC') < 6"
    counts = half_year.out / "telemetry" / "inference_counts" / "*.parquet"
    connection.execute(f"create view counted as select *, {night} from read_parquet('{counts}') {weekday}")
    connection.execute(f"create view used as select *, {night} from metrics {weekday}")
    return lambda sql: connection.cursor().execute(sql).fetchall()


@pytest.fixture(scope="session")
def truths(half_year: SampleReport) -> list[Truth]:
    every = json.loads((half_year.out / "telemetry" / "truths.json").read_text(encoding="utf-8"))
    return [each for each in every if each["kpi"] in ("waste", "savings")]


def of_rule(truths: list[Truth], rule: str) -> list[Truth]:
    found = [each for each in truths if each["keys"].get("rule") == rule and not each["known"]["is_decoy"]]
    assert found
    return found


def decoys(truths: list[Truth], reason: str) -> list[Truth]:
    found = [each for each in truths if each["known"].get("reason") == reason]
    assert found
    return found


def row(truth: Truth) -> str:
    """Return the condition for the rows of a truth's resource in its month."""
    return f"resource_id = '{truth['keys']['resource_id']}' and period = '{truth['billing_period']}'"


def test_every_month_and_cloud_wastes_by_every_rule(half_year: SampleReport, truths: list[Truth]) -> None:
    for provider in CLOUDS:
        wanted = EVERYWHERE | (ON_AWS if provider == Provider.AWS else set())
        for period in map(str, half_year.periods):
            found = {
                each["keys"]["rule"]
                for each in truths
                if (each["provider"], each["billing_period"]) == (provider, period)
                and each["known"].get("is_decoy") is False
            }
            assert wanted <= found, f"{provider} {period}: {sorted(wanted - found)}"
    for rule in ENDPOINTS:
        assert {each["provider"] for each in of_rule(truths, rule)} == set(CLOUDS)


def test_every_month_of_aws_has_every_decoy(half_year: SampleReport, truths: list[Truth]) -> None:
    for reason in DECOYS:
        found = {each["billing_period"] for each in decoys(truths, reason) if each["provider"] == "aws"}
        assert found == set(map(str, half_year.periods)), reason


def test_a_resource_is_waste_or_a_decoy_and_never_both(truths: list[Truth]) -> None:
    seen = [(each["billing_period"], each["keys"]["resource_id"]) for each in truths if each["kpi"] == "waste"]
    assert len(seen) == len(set(seen))


def test_an_inventory_has_each_resource_once_a_day_and_as_long_as_it_is_billed(ask: Query) -> None:
    [(rows, days)] = ask("select count(*), count(distinct (provider, resource_id, observed_at::date)) from inventory")
    assert rows == days > 10_000
    machine = "split_part(line_item_usage_type, ':', 1) similar to '(.*-)?(BoxUsage|SpotUsage)'"
    [(missing, more)] = ask(
        "with billed as (select distinct line_item_resource_id as resource_id, line_item_usage_start_date::date as day "
        f"from aws where {machine} and line_item_operation <> 'EKSPod-EC2' and line_item_resource_id is not null), "
        "seen as (select resource_id, observed_at::date as day from inventory where provider = 'aws' "
        "and resource_type = 'machine') select (select count(*) from (from billed except from seen)), "
        "(select count(*) from (from seen except from billed))"
    )
    assert (missing, more) == (0, 0)


def test_what_is_truth_of_the_inventory_stands_in_it(ask: Query, truths: list[Truth]) -> None:
    def always(rule: str, says: str) -> None:
        for truth in of_rule(truths, rule):
            [(rows, so)] = ask(f"select count(*), count(*) filter ({says}) from inventory where {row(truth)}")
            assert rows == so > 26, f"{rule}: {truth['keys']}"

    always("unattached_disk", "resource_type = 'disk' and attached_to is null and state = 'available'")
    always("idle_address", "resource_type = 'address' and attached_to is null")
    always("old_volume_type", "details->>'volume_type' = 'gp2'")
    always("old_snapshot", "created_at < '2025-01-01' and details->>'source_exists' = 'false'")
    always("idle_load_balancer", "details->>'targets' = '0' and last_used_at < '2025-01-01'")
    always("idle_notebook", "resource_type = 'notebook' and last_used_at < '2025-01-01'")
    always("stale_checkpoints", "last_used_at < '2025-01-01' and json_array_length(details->'lifecycle_rules') = 0")
    always("incomplete_uploads", "cast(details->>'incomplete_upload_bytes' as bigint) > 0")
    always("surplus_gpus", "details->>'gpus_used' = '1'")
    always("off_hours", "tags->>'schedule' = 'office-hours'")


def test_other_resources_are_attached_used_and_kept(ask: Query, truths: list[Truth]) -> None:
    """Else a rule would rightly find them."""
    planted = {(each["billing_period"], each["keys"]["resource_id"]) for each in truths}
    loose = ask(
        "select distinct period, resource_id from inventory where (resource_type in ('disk', 'address') "
        "and attached_to is null) or (last_used_at < '2025-01-01') or (resource_type = 'bucket' "
        "and (json_array_length(details->'lifecycle_rules') = 0 or details->>'incomplete_upload_bytes' <> '0'))"
    )
    assert set(loose) <= planted
    [(astray,)] = ask(
        "select count(*) from inventory d where resource_type = 'disk' and attached_to is not null and not exists "
        "(from inventory m where m.resource_type = 'machine' and m.resource_id = d.attached_to "
        "and m.observed_at::date = d.observed_at::date)"
    )
    assert astray == 0


def test_endpoints_of_four_instances_are_asked_by_day_alone_and_on_azure_at_night_too(
    half_year: SampleReport, ask: Query, truths: list[Truth]
) -> None:
    """Requests and GPUs say the same; the other endpoints may scale down by themselves already."""
    by_night, months = {}, set()
    for truth in (each for each in truths if each["keys"].get("rule") == "scheduled_scaling"):
        months.add((truth["provider"], truth["billing_period"]))
        assert ask(f"select distinct details->>'minimum', details->>'instances' from inventory where {row(truth)}") == [
            ("4", "4")
        ]
        [(used, requests)] = ask(
            "select avg(average) filter (is_night) / avg(average) filter (not is_night), (select avg(requests) "
            "filter (is_night) / avg(requests) filter (not is_night) from counted where endpoint_id = resource_id) "
            f"from used where {row(truth)} group by resource_id"
        )
        by_night[truth["provider"]] = (used, requests)
        assert truth["known"]["is_decoy"] == (truth["provider"] == "azure")
    assert months == {(str(cloud), str(period)) for cloud in CLOUDS for period in half_year.periods}
    for provider, shares in by_night.items():
        for share in shares:
            assert share == pytest.approx(1.0 if provider == "azure" else 0.19, abs=0.05), provider
    scaled = "resource_type = 'endpoint' and details->>'minimum' = '4'"
    assert ask(f"select count(distinct resource_id) from inventory where {scaled}") == [(3,)]


def test_tags_are_those_of_the_bill(ask: Query, truths: list[Truth]) -> None:
    [protected, *_] = decoys(truths, "protected by its tag")
    for truth, key, value in (
        (protected, "protect", "true"),
        (of_rule(truths, "off_hours")[0], "schedule", "office-hours"),
    ):
        name = truth["keys"]["resource_id"]
        billed = f"select distinct resource_tags['user_{key}'] from aws where line_item_resource_id = '{name}'"
        assert str(ask(billed)[0][0]).strip("[]'") == value
        assert ask(f"select distinct tags->>'{key}' from inventory where resource_id = '{name}'") == [(value,)]


def test_what_is_to_be_stopped_has_no_local_disk_or_its_owner_calls_it_scratch(ask: Query, truths: list[Truth]) -> None:
    """Most GPU types have disks of their own, which nobody may lose unasked."""
    disk = "select distinct has_local_disk, tags->>'finops-local-disk' from inventory where {}"
    for rule in ("idle_gpu", "small_gpu_use", "surplus_gpus"):
        for truth in of_rule(truths, rule):
            assert ask(disk.format(row(truth)))[0] in (("true", "scratch"), ("false", None))
    for truth in decoys(truths, "has data on a local disk, which a stop loses"):
        assert ask(disk.format(row(truth))) == [("true", None)]
    [(machines,)] = ask(
        "select count(*) from inventory where instance_type = 'p4d.24xlarge' and has_local_disk = 'false'"
    )
    assert machines == 0


def test_what_is_idle_is_measured_all_month_and_what_was_not_measured_is_not(ask: Query, truths: list[Truth]) -> None:
    measured = "select metric, count(*), max(maximum) from metrics where {} group by 1"
    for truth in of_rule(truths, "idle_gpu"):
        found = {metric: (hours, top) for metric, hours, top in ask(measured.format(row(truth)))}
        assert {"gpu_utilization", "gpu_memory_utilization", "network_bytes_per_second"} <= set(found)
        assert all(hours > 600 for hours, _ in found.values())
    for truth in decoys(truths, "not measured: missing is not idle"):
        assert all(hours == 48 for _, hours, _ in ask(measured.format(row(truth))))
    for truth in of_rule(truths, "gpu_memory_at_risk"):
        assert dict((m, top) for m, _, top in ask(measured.format(row(truth))))["gpu_memory_utilization"] > 95


def test_a_machine_that_is_idle_by_day_works_at_night_and_one_that_bursts_reaches_its_top(
    ask: Query, truths: list[Truth]
) -> None:
    used = "select avg(average), quantile_cont(average, 0.95) from metrics where metric = 'cpu_utilization' and {}"
    for reason in ("busy every night, idle by day", "bursts: its 95th percentile is high"):
        for truth in decoys(truths, reason):
            [(average, high)] = ask(used.format(row(truth)))
            assert average < 25 < 75 < high
    for truth in of_rule(truths, "oversized_machine"):
        assert ask(used.format(row(truth)))[0][1] < 30


def test_concurrency_to_spare_is_paid_by_the_second_beside_what_requests_take_of_it(
    ask: Query, truths: list[Truth]
) -> None:
    used = "select count(*), max(maximum) from metrics where metric = 'concurrency_utilization' and {}"
    billed = (
        "select sum(line_item_usage_amount) from aws where line_item_resource_id = '{}' and line_item_usage_type like "
        "'%ProvisionedConcurrency:{}-4GB' and date_trunc('month', line_item_usage_start_date) = '{}-01'"
    )
    busy = decoys(truths, "its provisioned concurrency is in use")
    for truth, ready, least, most in (
        *((each, 10, 5, 20) for each in of_rule(truths, "oversized_concurrency")),
        *((each, 4, 75, 90) for each in busy),
    ):
        [(hours, top)] = ask(used.format(row(truth)))
        assert hours >= 28 * 24
        assert least < top < most
        name, month = truth["keys"]["resource_id"], truth["billing_period"]
        [(kept,)], [(taken,)] = (ask(billed.format(name, what, month)) for what in ("Usage", "Mem"))
        assert kept == ready * 3600 * hours
        assert 0 < taken < kept
        assert ask(f"select distinct details->>'concurrency' from inventory where {row(truth)}") == [(str(ready),)]


def test_what_a_resize_saved_is_the_difference_of_the_bills_own_lines(ask: Query, truths: list[Truth]) -> None:
    """From the sixteenth of June on one machine is billed as a smaller one; of the other nothing changes."""
    saved = {each["name"]: each for each in truths if each["kpi"] == "savings"}
    assert set(saved) == {"machine that was resized", "action without effect"}
    for truth in saved.values():
        known, name = truth["known"], truth["keys"]["resource_id"]
        lines = f"from aws where line_item_resource_id = '{name}' and line_item_usage_start_date"
        [(hours, cost, types)] = ask(
            "select sum(line_item_usage_amount), sum(line_item_net_unblended_cost), "
            f"string_agg(distinct product_instance_type) {lines} >= '{known['effective_from']}'"
        )
        [(rate, before)] = ask(
            "select sum(line_item_net_unblended_cost) / sum(line_item_usage_amount), "
            f"string_agg(distinct product_instance_type) {lines} < '{known['effective_from']}'"
        )
        assert (before, types) == (known["instance_type_before"], known["instance_type_after"])
        assert hours == known["hours_since"] == 15 * 24
        assert hours * rate - cost == pytest.approx(known["saving"], abs=1e-6)
    assert saved["action without effect"]["known"]["saving"] == 0
    resized = saved["machine that was resized"]["known"]
    before, after = (Decimal(str(resized[f"effective_cost_per_hour_{each}"])) for each in ("before", "after"))
    assert before == 2 * after


def test_the_inventory_says_a_machine_is_smaller_from_that_day_on(ask: Query, truths: list[Truth]) -> None:
    [truth] = [each for each in truths if each["name"] == "machine that was resized"]
    found = ask(
        "select instance_type, min(observed_at)::date::varchar, count(*) from inventory where "
        f"resource_id = '{truth['keys']['resource_id']}' and period = '2025-06' group by 1 order by 2"
    )
    assert found == [("m6i.4xlarge", "2025-06-01", 15), ("m6i.2xlarge", "2025-06-16", 15)]


def test_after_the_resize_nothing_is_wrong_with_the_machine(truths: list[Truth]) -> None:
    [resized] = [each for each in truths if each["name"] == "machine that was resized"]
    name = resized["keys"]["resource_id"]
    found = {
        each["billing_period"] for each in of_rule(truths, "oversized_machine") if each["keys"]["resource_id"] == name
    }
    assert found == {f"2025-{month:02d}" for month in range(1, 6)}


def test_clouds_recommend_what_is_planted_and_what_saves_nothing(ask: Query, truths: list[Truth]) -> None:
    """Each month and day: of one machine of AWS alone, and of machines that a commitment pays for."""
    alone = of_rule(truths, "provider_recommendation")
    assert [each["provider"] for each in alone] == ["aws"] * 6
    covered = [each for each in truths if each["keys"].get("rule") == "provider_recommendation" and each not in alone]
    assert {each["provider"] for each in covered} == {"aws", "gcp"}
    for truth in (*alone, *covered):
        [(days, saving)] = ask(f"select count(*), min(monthly_saving) from advice where {row(truth)}")
        assert days >= 26
        assert saving > 0
    [(unknown,)] = ask(
        "select count(*) from advice a where not exists (from inventory i where i.provider = a.provider "
        "and i.resource_id = a.resource_id and i.observed_at::date = a.observed_at::date)"
    )
    assert unknown == 0


def test_a_small_company_has_nothing_added_to_its_bill(tmp_path: Path) -> None:
    generate(tmp_path / "out", months=1, lines_per_month=3_000, providers=[Provider.AWS])
    every = json.loads((tmp_path / "out" / "telemetry" / "truths.json").read_text(encoding="utf-8"))
    rules = {each["keys"]["rule"] for each in every if each["kpi"] == "waste"}
    assert "oversized_machine" in rules
    assert "old_volume_type" not in rules
