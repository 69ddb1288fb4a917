"""What is planted in the telemetry is there, as its truths say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from tests.unit.sample.conftest import Query

from finops.sample.models import SampleReport


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
        "group by 1), runs as (select distinct resource_id from training_runs), "
        "serves as (select distinct endpoint_id from inference_counts) "
        "select avg(busy) filter (resource_id in (from runs)), avg(busy) filter (resource_id in (from serves)) "
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
