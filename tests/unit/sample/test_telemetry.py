"""The telemetry belongs to the bills: it names their resources, repeats, and is what its truths say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.unit.sample.conftest import Query, connect
from tests.unit.sample.test_same_bytes import digests
from tests.unit.telemetry.delivered_files import a_source

from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS, Provider
from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.sample.models import SampleReport
from finops.sample.service import generate
from finops.telemetry.schemas import SCHEMAS
from finops.telemetry.service import ingest

PLANTED = {
    "run that used its resource fully",
    "runs that overlapped",
    "resource that was idle for half of its life",
    "run without an end",
    "run on a resource that is not billed",
    "training resource without a run",
    "two versions that share an endpoint",
    "endpoint without requests on a day",
    "tokens as the bill has them",
    "requests of an endpoint",
    "requests by who called",
    "GPUs of a training run",
    "GPU that is nearly idle",
    "GPU that was not measured for some hours",
    "stale checkpoints",
    "hourly checkpoints",
    "daily checkpoints, never read",
    "spot instances that are interrupted too often",
    "spot job that lost its instance",
    "bytes that a run sent",
    "node with workloads and idle GPUs",
}
RESOURCES = {
    TelemetryKind.RESOURCE_METRICS: "resource_id",
    TelemetryKind.INFERENCE_COUNTS: "endpoint_id",
    TelemetryKind.TRAINING_RUNS: "resource_id",
    TelemetryKind.SPOT_INTERRUPTIONS: "resource_id",
    TelemetryKind.NETWORK_FLOWS: "resource_id",
    TelemetryKind.ENDPOINT_TRAFFIC: "endpoint_id",
    TelemetryKind.KUBERNETES_USAGE: "node_resource_id",
}
"""The column of each kind that names a resource of the bill."""


@pytest.fixture(scope="session")
def ask(half_year: SampleReport) -> Query:
    """Ask the six months: a view for each kind, and ``billed`` with the provider, day, resource and quantity."""
    connection = connect(half_year.out)
    for kind in TelemetryKind:
        files = half_year.out / "telemetry" / kind / "*.parquet"
        connection.execute(f"create view {kind} as from read_parquet('{files}', filename = true)")
    connection.execute(
        "create table billed as "
        "select 'aws' as provider, line_item_usage_start_date as day, line_item_resource_id as resource_id, "
        "line_item_usage_amount as quantity, line_item_usage_end_date as until, "
        "strftime(bill_billing_period_start_date, '%Y-%m') as period from aws "
        "union all select 'azure', strptime(date, '%m/%d/%Y'), ResourceId, cast(quantity as double), "
        "strptime(date, '%m/%d/%Y') + interval 1 day, strftime(strptime(date, '%m/%d/%Y'), '%Y-%m') from azure "
        "where half = 'meridian-amortized' "
        "union all select 'gcp', timezone('UTC', usage_start_time), resource.global_name, "
        "usage.amount_in_pricing_units, timezone('UTC', usage_end_time), "
        "invoice.month[:4] || '-' || invoice.month[5:] from gcp"
    )
    return lambda sql: connection.cursor().execute(sql).fetchall()


@pytest.fixture(scope="session")
def truths(half_year: SampleReport) -> Callable[[str], list[dict[str, Any]]]:
    """Return all that is known under a name; there must be something."""
    everything = json.loads((half_year.out / "telemetry" / "truths.json").read_text(encoding="utf-8"))

    def named(name: str) -> list[dict[str, Any]]:
        found = [each for each in everything if each["name"] == name]
        assert found
        return found

    return named


def months(report: SampleReport) -> Iterator[tuple[str, str]]:
    yield from ((provider, str(period)) for provider in CLOUDS for period in report.periods)


def test_every_month_and_cloud_has_every_truth(
    half_year: SampleReport, truths: Callable[[str], list[dict[str, Any]]]
) -> None:
    """A test of a KPI may look in any month."""
    for name in PLANTED:
        found = {(each["provider"], each["billing_period"]) for each in truths(name)}
        wanted = set(months(half_year))
        assert wanted <= found, f"{name}: {sorted(wanted - found)}"


def test_the_bills_are_the_same_with_and_without_telemetry(tmp_path: Path) -> None:
    """To observe a company must not change what it pays: benchmarks and stored results compare its bytes."""
    generate(tmp_path / "with", months=2, lines_per_month=2_000)
    generate(tmp_path / "without", months=2, lines_per_month=2_000, with_telemetry=False)
    observed, unobserved = digests(tmp_path / "with"), digests(tmp_path / "without")
    assert {name: each for name, each in observed.items() if not name.startswith("telemetry/")} == unobserved
    assert len(observed) > len(unobserved)


def test_a_month_of_telemetry_depends_on_no_other_month(tmp_path: Path) -> None:
    generate(tmp_path / "all", months=3, lines_per_month=2_000)
    generate(tmp_path / "one", months=1, lines_per_month=2_000, first_period=BillingPeriod(2025, 2))
    everything, one = digests(tmp_path / "all" / "telemetry"), digests(tmp_path / "one" / "telemetry")
    names = [name for name in one if name != "truths.json"]
    assert len(names) >= 7
    assert {name: one[name] for name in names} == {name: everything[name] for name in names}

    of_all, of_one = (
        json.loads((tmp_path / each / "telemetry" / "truths.json").read_text(encoding="utf-8"))
        for each in ("all", "one")
    )
    assert of_one == [each for each in of_all if each["billing_period"] == "2025-02"]


def test_a_sample_that_is_made_again_has_landed_already(tmp_path: Path) -> None:
    """The demo makes it anew each time, and must not land it again."""
    kind = TelemetryKind.SPOT_INTERRUPTIONS
    reports = []
    for _ in range(2):
        generate(tmp_path / "out", months=1, lines_per_month=2_000, providers=[Provider.AWS])
        source = a_source(tmp_path / "out" / "telemetry" / kind, kind)
        reports.append(ingest(Settings(home=tmp_path / "home"), source))
    assert [(each.read_files, each.known_files, each.rejections) for each in reports] == [(1, 0, ()), (0, 1, ())]


def test_a_smaller_company_writes_less_telemetry(tmp_path: Path, half_year: SampleReport) -> None:
    generate(tmp_path, months=1, lines_per_month=3_000, providers=[Provider.AWS])
    counts = [
        duckdb.read_parquet(str(out / "telemetry/resource_metrics/2025-01.parquet")).filter("provider = 'aws'").shape[0]
        for out in (tmp_path, half_year.out)
    ]
    assert 3 < counts[1] / counts[0] < 5, "a quarter of the lines"


@pytest.mark.parametrize("kind", RESOURCES)
def test_each_resource_is_one_of_the_bill_of_its_month(ask: Query, kind: TelemetryKind) -> None:
    column = RESOURCES[kind]
    unbilled = ask(
        f"select distinct t.{column} from {kind} t where not exists (from billed b where b.provider = t.provider "
        f"and b.resource_id = t.{column} and b.period || '.parquet' = parse_filename(t.filename))"
    )
    planted = [name for (name,) in unbilled if name.startswith("unbilled-")]
    assert len(unbilled) == len(planted)
    assert bool(planted) == (kind is TelemetryKind.TRAINING_RUNS)


def test_checkpoints_lie_in_buckets_of_the_bill(ask: Query) -> None:
    """Else their storage would have no cost."""
    buckets = {name for (name,) in ask("select distinct resource_id from billed where resource_id is not null")}
    last = {name.rsplit("/", 1)[-1] for name in buckets}
    for (place,) in ask("select distinct split_part(split_part(uri, '://', 2), '/', 1) from checkpoints"):
        assert place.removesuffix(".blob.core.windows.net") in last


@pytest.mark.parametrize("kind", TelemetryKind)
def test_the_files_are_what_the_platform_takes(half_year: SampleReport, tmp_path: Path, kind: TelemetryKind) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("2025-01.parquet", "2025-02.parquet"):
        (folder / name).symlink_to(half_year.out / "telemetry" / kind / name)
    report = ingest(Settings(home=tmp_path / "home"), a_source(folder, kind), dry_run=True)
    assert report.rejections == ()
    assert (report.set_apart, report.repeated, report.overlapping) == (0, 0, 0)
    assert report.rows > 0
    found = duckdb.read_parquet(str(folder / "2025-01.parquet")).columns
    assert set(found) == {each.name for each in SCHEMAS[kind].columns}


def test_newer_versions_come_later_and_old_ones_go_on_serving(ask: Query) -> None:
    trained = ask("select strftime(started_at, '%m'), max(model_version) from training_runs group by 1 order by 1")
    assert [version for month, version in trained if month in ("01", "03", "05")] == ["1.1", "2.0", "2.1"]
    served = ask("select distinct model_version from inference_counts where stage = 'production' order by 1")
    assert served == [("1.0",), ("1.1",), ("2.0",), ("2.1",)]


def test_runs_go_through_the_stages_of_a_life_cycle(ask: Query) -> None:
    stages = ask("select distinct stage from training_runs order by 1")
    assert [stage for (stage,) in stages] == ["data-preprocessing", "evaluation", "ingestion", "training"]
    [(shared,)] = ask(
        "select count(*) from (select run_id from training_runs group by run_id having count(distinct stage) > 2)"
    )
    assert shared > 10, "runs that prepared their data too"


def test_runs_are_on_their_resource_as_long_as_is_said(
    ask: Query, truths: Callable[[str], list[dict[str, Any]]]
) -> None:
    names = ("run that used its resource fully", "resource that was idle for half of its life")
    for truth in (each for name in names for each in truths(name)):
        keys, known = truth["keys"], truth["known"]
        [(hours, runs, model, version)] = ask(
            "select sum(date_diff('minute', started_at, ended_at)) / 60, count(*), any_value(model), "
            f"any_value(model_version) from training_runs where resource_id = '{keys['resource_id']}' "
            f"and run_id = '{keys['run_id']}'"
        )
        assert (hours, runs, model, version) == (known["hours"], 1, keys["model"], keys["model_version"])
        billed_hours, begin, end = billed(ask, truth)
        assert moment(known["started_at"]) == begin
        assert billed_hours == known["hours"] + known.get("idle_hours", 0)
        assert moment(known.get("idle_until", known["ended_at"])) == end


def test_two_runs_overlap_for_as_long_as_is_said(ask: Query, truths: Callable[[str], list[dict[str, Any]]]) -> None:
    for truth in truths("runs that overlapped"):
        keys, known = truth["keys"], truth["known"]
        [(minutes,)] = ask(
            "select date_diff('minute', greatest(a.started_at, b.started_at), least(a.ended_at, b.ended_at)) from "
            f"training_runs a join training_runs b using (resource_id) where a.run_id = '{keys['run_id']}' "
            f"and b.run_id = '{keys['other_run_id']}'"
        )
        assert minutes == known["overlap_hours"] * 60
        assert minutes > 0


def test_what_has_no_end_no_bill_or_no_run_is_as_is_said(
    ask: Query, truths: Callable[[str], list[dict[str, Any]]]
) -> None:
    for truth in truths("run without an end"):
        run = f"from training_runs where run_id = '{truth['keys']['run_id']}' and stage = 'training'"
        assert ask(f"select ended_at, status {run}") == [(None, "running")]
        assert billed(ask, truth)[0] == truth["known"]["hours"]
    for truth in truths("run on a resource that is not billed"):
        assert ask(f"select 1 from billed where resource_id = '{truth['keys']['resource_id']}'") == []
    for truth in truths("training resource without a run"):
        where = (
            f"resource_id = '{truth['keys']['resource_id']}' "
            f"and parse_filename(filename) = '{truth['billing_period']}.parquet'"
        )
        assert ask(f"select 1 from training_runs where {where}") == []
        assert billed(ask, truth)[0] == truth["known"]["billed_hours"]


def test_requests_and_tokens_are_as_is_said_and_tokens_as_billed(
    ask: Query, truths: Callable[[str], list[dict[str, Any]]]
) -> None:
    for truth in truths("requests of an endpoint") + truths("tokens as the bill has them"):
        keys, known = truth["keys"], truth["known"]
        names = [name for name in known if name != "is_billed_by_token"]
        [found] = ask(
            f"select {', '.join(f'sum({name})' for name in names)} from inference_counts where "
            f"endpoint_id = '{keys['endpoint_id']}' and model_version = '{keys['model_version']}' "
            f"and stage = '{keys['stage']}' and parse_filename(filename) = '{truth['billing_period']}.parquet'"
        )
        assert list(found) == [known[name] for name in names]
        if "is_billed_by_token" in known:
            [(quantity,)] = ask(f"select sum(quantity) from billed where {in_bill(truth)}")
            tokens = known.get("tokens_in", known.get("tokens_out"))
            assert abs(quantity * (1000 if truth["provider"] == "aws" else 1) - tokens) <= 31


def test_two_versions_share_an_endpoint_three_to_one(ask: Query, truths: Callable[[str], list[dict[str, Any]]]) -> None:
    for truth in truths("two versions that share an endpoint"):
        found = ask(
            "select model_version, sum(requests) from inference_counts where "
            f"endpoint_id = '{truth['keys']['endpoint_id']}' "
            f"and parse_filename(filename) = '{truth['billing_period']}.parquet' group by 1"
        )
        assert dict(found) == truth["known"]["requests"]
        low, high = sorted(int(requests) for _, requests in found)
        assert high == 3 * low > 0


def test_an_endpoint_is_measured_and_silent_for_a_day(
    ask: Query, truths: Callable[[str], list[dict[str, Any]]]
) -> None:
    for truth in truths("endpoint without requests on a day"):
        where = f"endpoint_id = '{truth['keys']['endpoint_id']}' and bucket_start::date = '{truth['known']['day']}'"
        assert ask(f"select count(*), sum(requests) from inference_counts where {where}") == [(24, 0)]


def test_callers_make_up_all_requests(ask: Query, truths: Callable[[str], list[dict[str, Any]]]) -> None:
    for truth in truths("requests by who called"):
        where = (
            f"endpoint_id = '{truth['keys']['endpoint_id']}' and "
            f"parse_filename(filename) = '{truth['billing_period']}.parquet'"
        )
        found = ask(f"select traffic_source, sum(requests) from endpoint_traffic where {where} group by 1")
        assert dict(found) == truth["known"]["requests"]
        [(requests,)] = ask(f"select sum(requests) from inference_counts where {where}")
        assert requests == sum(truth["known"]["requests"].values())


def test_behind_an_endpoint_whose_bill_runs_away_is_one_caller_with_many_times_the_requests(
    ask: Query, half_year: SampleReport, truths: Callable[[str], list[dict[str, Any]]]
) -> None:
    runaway = {(str(each.provider), each.start): each for each in half_year.labels if each.kind == "runaway_endpoint"}
    attacks = truths("endpoint under attack")
    assert len(attacks) >= len(runaway) // 2, "endpoints on the nodes of a cluster have no requests of their own"
    for truth in attacks:
        begin, until = truth["known"]["from"], truth["known"]["until"]
        assert runaway[(truth["provider"], datetime.fromisoformat(begin))].end == datetime.fromisoformat(until)
        window = (
            f"endpoint_id = '{truth['keys']['endpoint_id']}' and bucket_start >= '{begin}' and bucket_start < '{until}'"
        )
        by_caller = dict(ask(f"select traffic_source, sum(requests) from endpoint_traffic where {window} group by 1"))
        attacker = by_caller.pop(truth["known"]["traffic_source"])
        assert attacker == 19 * sum(by_caller.values())


def test_gpus_are_as_busy_as_is_said(ask: Query, truths: Callable[[str], list[dict[str, Any]]]) -> None:
    for truth in truths("GPUs of a training run") + truths("GPU that is nearly idle"):
        [(average, hours)] = ask(f"select avg(average), count(*) from resource_metrics where {of_metric(truth)}")
        assert average == pytest.approx(truth["known"]["gpu_utilization"])
        assert hours == truth["known"]["hours"]
    for truth in truths("GPU that was not measured for some hours"):
        known = truth["known"]
        gap = f"bucket_start >= '{known['missing_from']}' and bucket_start < '{known['missing_until']}'"
        found = f"select count(*) from resource_metrics where {of_metric(truth)}"
        assert ask(found) == [(known["hours"],)]
        assert ask(f"{found} and {gap}") == [(0,)]


def test_gpus_train_harder_than_they_serve(ask: Query) -> None:
    """The targets are 80 and 70 percent."""
    [(training, serving)] = ask(
        "with used as (select resource_id, avg(average) as busy from resource_metrics where metric = 'gpu_utilization' "
        "group by 1), runs as (select distinct resource_id from training_runs) "
        "select avg(busy) filter (resource_id in (from runs)), avg(busy) filter (resource_id not in (from runs)) "
        "from used"
    )
    assert training > 80
    assert 40 < serving < 70


def test_checkpoints_are_as_old_and_as_frequent_as_is_said(
    ask: Query, truths: Callable[[str], list[dict[str, Any]]]
) -> None:
    for truth in truths("stale checkpoints"):
        known, run = truth["known"], f"run_id like '{truth['provider']}-{truth['billing_period'].replace('-', '')}-%'"
        [found] = ask(
            "select count(*), count(*) filter (is_stale), sum(size_bytes) filter (is_stale) from (select *, "
            f"last_read_at is null and created_at < '{known['created_before']}' as is_stale from checkpoints "
            f"where {run})"
        )
        assert found == (known["checkpoints"], known["stale_checkpoints"], known["stale_bytes"])
        assert known["stale_checkpoints"] > 0
    for truth in truths("hourly checkpoints") + truths("daily checkpoints, never read"):
        known, keys = truth["known"], truth["keys"]
        [(count, size, hours, reads)] = ask(
            "select count(*), sum(size_bytes), date_diff('hour', min(created_at), max(created_at)), "
            f"count(last_read_at) from checkpoints where run_id = '{keys['run_id']}'"
        )
        assert (count, size) == (known["checkpoints"], known["bytes"])
        assert hours == (count - 1) * known["hours_between"]
        assert reads == 0 or known["hours_between"] == 1


def test_spot_instances_are_interrupted_as_often_as_is_said_and_lose_what_is_said(
    ask: Query, truths: Callable[[str], list[dict[str, Any]]]
) -> None:
    for truth in truths("spot instances that are interrupted too often"):
        keys, known = truth["keys"], truth["known"]
        zone = f"zone = '{keys['zone']}'" if keys["zone"] else "zone is null"
        run = f"job_id like '{truth['provider']}-{truth['billing_period'].replace('-', '')}-%'"
        where = f"instance_type = '{keys['instance_type']}' and {zone} and {run}"
        [(interrupted,)] = ask(f"select count(distinct resource_id) from spot_interruptions where {where}")
        assert interrupted == known["interrupted"]
        assert interrupted / known["spot_instances"] == pytest.approx(known["interruption_rate"], abs=1e-6)
        assert known["interruption_rate"] > 0.15
    for truth in truths("spot job that lost its instance"):
        job, known = truth["keys"]["job_id"], truth["known"]
        [(lost, restart, gpus)] = ask(
            "select date_diff('minute', max(c.created_at), any_value(s.interrupted_at)) / 60, "
            "any_value(date_diff('minute', s.interrupted_at, s.restarted_at)) / 60, any_value(r.gpu_count) "
            "from spot_interruptions s join checkpoints c on c.run_id = s.job_id and c.created_at < s.interrupted_at "
            "join training_runs r on r.run_id = s.job_id and r.resource_id = s.resource_id "
            f"where s.job_id = '{job}'"
        )
        assert (lost, restart, gpus) == (known["lost_hours"], known["restart_hours"], known["gpu_count"])


def test_runs_send_as_many_bytes_as_is_said_and_all_are_billed(
    ask: Query, truths: Callable[[str], list[dict[str, Any]]]
) -> None:
    for truth in truths("bytes that a run sent"):
        keys, known = truth["keys"], truth["known"]
        where = f"resource_id = '{keys['resource_id']}' and source_zone = '{keys['source_zone']}'"
        window = f"bucket_start >= '{known['started_at']}' and bucket_start < '{known['ended_at']}'"
        [(sent,)] = ask(f"select sum(bytes) from network_flows where {where} and {window}")
        assert sent == known["bytes"]
        assert known["bytes_per_epoch"] == sent / known["epochs"]
        [(epochs,)] = ask(
            "select any_value(epochs) from training_runs where "
            f"run_id = '{keys['run_id']}' and resource_id = '{keys['resource_id']}'"
        )
        assert epochs == known["epochs"], "the run names what it sent its data through"
        [(gigabytes,)] = ask(f"select sum(quantity) from billed where {in_bill(truth)}")
        assert abs(gigabytes * 2**30 - known["bytes_of_month"]) <= 2**14


def test_workloads_and_what_is_idle_make_up_a_node(ask: Query, truths: Callable[[str], list[dict[str, Any]]]) -> None:
    slices = 0
    for truth in truths("node with workloads and idle GPUs"):
        keys, known = truth["keys"], truth["known"]
        found = ask(
            "select namespace || '/' || workload, sum(gpu_requested * bucket_minutes) / 60, any_value(node_gpus) "
            f"from kubernetes_usage where node_resource_id = '{keys['node_resource_id']}' "
            f"and parse_filename(filename) = '{truth['billing_period']}.parquet' group by 1"
        )
        hours = known["hours"]
        shares = {name: gpu_hours / (gpus * hours) for name, gpu_hours, gpus in found}
        assert shares == pytest.approx({name: each["gpu_share"] for name, each in known["workloads"].items()})
        assert sum(shares.values()) + known["idle_gpu_share"] == pytest.approx(1)
        slices += sum(each["gpu"] == 0.25 for each in known["workloads"].values())
    assert slices > 0


def in_bill(truth: dict[str, Any]) -> str:
    """Return the condition for the lines of a truth's resource in its month's bill."""
    return f"resource_id = '{truth['keys']['resource_id']}' and period = '{truth['billing_period']}'"


def billed(ask: Query, truth: dict[str, Any]) -> tuple[int, datetime, datetime]:
    """Return the hours of a truth's resource that its month's bill has, the first and the end of the last."""
    [(begin, end)] = ask(f"select min(day), max(until) from billed where {in_bill(truth)}")
    return int((end - begin).total_seconds() // 3600), begin, end


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def of_metric(truth: dict[str, Any]) -> str:
    return (
        f"resource_id = '{truth['keys']['resource_id']}' and metric = 'gpu_utilization' "
        f"and parse_filename(filename) = '{truth['billing_period']}.parquet'"
    )
