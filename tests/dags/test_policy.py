"""What holds for every DAG, also for those that are yet to be written."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DAG_FILES = sorted((PROJECT / "dags").glob("*.py"))
POOLS = json.loads((PROJECT / "plugins" / "finops_airflow" / "pools.json").read_text(encoding="utf-8"))

# A DAG file is parsed every few seconds: what it imports at module level must be light, and a service never is.
LIGHT = ("__future__", "datetime", "airflow.sdk", "finops_airflow", "finops.core.errors", "finops.core.providers")
HEAVY = ("duckdb", "pandas", "numpy", "pyarrow", "dbt", "great_expectations", "boto3", "azure", "google.cloud")

DAG_IDS = {
    "ingest_billing_aws",
    "ingest_billing_azure",
    "ingest_billing_gcp",
    "ingest_billing_focus",
    "ingest_telemetry",
    "build_kpis",
    "forecast_spend",
    "detect_anomalies",
    "enforce_budgets",
    "mirror_budgets",
    "build_marts",
    "resync_marts",
    "backfill_billing",
    "publish_chargeback",
    "deliver_statements",
    "weekly_review",
    "deliver_notifications",
    "rightsize_resources",
}
WAIT_FOR_PEOPLE = {"rightsize_resources": timedelta(days=4)}
"""DAGs whose runs wait for somebody's approval, and how late that may be."""


def all_tasks(bag):
    return [(dag, task) for dag in bag.dags.values() for task in dag.tasks]


def test_the_bag_holds_every_dag_and_no_file_fails_to_import(bag):
    assert bag.import_errors == {}
    assert set(bag.dags) == DAG_IDS


def test_every_dag_can_leave_the_process_that_parses_it(bag):
    """It is sent as msgpack, which knows no class of ours: one in a tag or an argument, and no run ever starts."""
    import msgspec
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in bag.dags.values():
        assert msgspec.msgpack.encode(DagSerialization.to_dict(dag)), dag.dag_id


def test_every_dag_says_who_owns_it_what_it_does_and_how_it_is_found(bag):
    for dag in bag.dags.values():
        assert dag.owner == "finops", dag.dag_id
        assert len(dag.doc_md.splitlines()) >= 3, f"{dag.dag_id}: the UI shows no instructions"
        assert {"finops"} < dag.tags, dag.dag_id


def test_every_dag_has_a_deadline_that_somebody_hears_of(bag):
    for dag in bag.dags.values():
        (alert,) = dag.deadline
        assert timedelta() < alert.interval <= WAIT_FOR_PEOPLE.get(dag.dag_id, timedelta(hours=12)), dag.dag_id
        assert alert.callback.path == "finops_airflow.callbacks.report_missed_deadline"


def test_every_deadline_counts_from_what_the_scheduler_can_rebuild_and_lets_a_failed_run_be_cleared(bag):
    from airflow import plugins_manager
    from airflow.sdk.definitions.deadline import DeadlineReference
    from airflow.serialization.decoders import decode_deadline_alert
    from airflow.serialization.encoders import encode_deadline_alert

    assert "finops_airflow.deadlines.FirstQueuedAt" in plugins_manager.get_deadline_references_plugins()
    for dag in bag.dags.values():
        (alert,) = dag.deadline
        # Whoever clears a run whose deadline counts from this one gets status 500.
        assert alert.reference != DeadlineReference.DAGRUN_QUEUED_AT, dag.dag_id
        rebuilt = decode_deadline_alert(encode_deadline_alert(alert))
        assert (rebuilt.reference.inner_ref, rebuilt.interval) == (alert.reference, alert.interval), dag.dag_id


def test_no_dag_catches_up_by_itself_because_a_backfill_is_asked_for(bag):
    assert [dag.dag_id for dag in bag.dags.values() if dag.catchup] == []


def test_runs_of_a_dag_do_not_pile_up(bag):
    assert {dag.dag_id: dag.max_active_runs for dag in bag.dags.values() if dag.max_active_runs != 1} == {
        "backfill_billing": 2,
        "build_marts": 3,
        "rightsize_resources": 8,  # Each waits for its own approvals.
    }


def test_every_task_is_tried_again_with_growing_pauses_and_bounded(bag):
    for dag, task in all_tasks(bag):
        where = f"{dag.dag_id}.{task.task_id}"
        assert task.retries >= 2, where
        assert task.retry_exponential_backoff > 1, where
        assert task.max_retry_delay, where
        # A person's answer is waited for in no process: rightsizing.yml says for how long.
        assert task.execution_timeout or task.task_type == "ActionApproval", where


def test_every_task_gives_up_at_once_on_an_error_that_no_retry_mends(bag):
    from finops_airflow.retries import RetryIfItCanHelp

    for dag, task in all_tasks(bag):
        policy = task.partial_kwargs["retry_policy"] if task.is_mapped else task.retry_policy
        assert isinstance(policy, RetryIfItCanHelp), f"{dag.dag_id}.{task.task_id}"


def test_every_task_reports_its_failure(bag):
    from finops_airflow.callbacks import report_failure

    for dag, task in all_tasks(bag):
        callbacks = task.on_failure_callback
        assert report_failure in (callbacks if isinstance(callbacks, list) else [callbacks]), (
            f"{dag.dag_id}.{task.task_id}"
        )


def test_every_pool_in_use_is_created_at_start_up(bag):
    used = {task.pool for _, task in all_tasks(bag)}
    assert used - {"default_pool"} == set(POOLS), "a task in a pool that does not exist waits for ever, silently"


@pytest.mark.parametrize("dag_id", ["build_marts", "backfill_billing"])
def test_what_builds_waits_for_a_slot_and_what_only_reads_does_not(bag, dag_id):
    pools = {task.task_id: task.pool for task in bag.dags[dag_id].tasks}
    # What serves reads published files alone, and what is held back stands in the state store.
    assert pools["serve"] == pools["held_back"] == "default_pool"
    assert {task for task, pool in pools.items() if pool == "builds"} == {"build", "gate", "publish"}


def test_a_backfill_leaves_a_slot_free_for_the_builds_of_the_day(bag):
    slots, daily = POOLS["builds"]["slots"], bag.dags["build_marts"]
    assert slots > bag.dags["backfill_billing"].max_active_runs
    assert slots == daily.max_active_runs, "as many months as there are slots are built at once"


@pytest.mark.parametrize(
    ("dag_id", "task_id"), [("ingest_billing_aws", "land_source"), *(("build_marts", t) for t in ("build", "gate"))]
)
def test_the_days_work_goes_before_that_of_a_backfill_that_waits_for_the_same_pool(bag, dag_id, task_id):
    daily = bag.dags[dag_id].get_task(task_id)
    backfill = bag.dags["backfill_billing"].get_task(task_id)
    assert daily.pool == backfill.pool
    # Airflow adds the weights of what comes after, one each.
    assert daily.priority_weight > backfill.priority_weight + len(backfill.dag.tasks)


@pytest.mark.parametrize("file", DAG_FILES, ids=lambda file: file.stem)
def test_a_dag_file_imports_nothing_heavy_at_module_level(file):
    imported = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module)
        elif isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
    assert [name for name in imported if not name.startswith(LIGHT)] == []


@pytest.mark.parametrize("file", DAG_FILES, ids=lambda file: file.stem)
def test_a_dag_file_holds_no_sql_and_no_arithmetic(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    sums = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.BinOp) and not _is_wiring(node)]
    texts = [n.value.lower() for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    assert sums == []
    assert not any(text.lstrip().startswith(("select ", "with ", "insert ", "delete ")) for text in texts)


def test_all_dag_files_together_parse_in_a_fraction_of_a_second_and_load_nothing_heavy():
    script = f"""
import sys, time
import airflow.sdk, airflow.dag_processing.dagbag as dagbag, airflow.timetables.trigger
before, modules = time.process_time(), set(sys.modules)
bag = dagbag.DagBag({str(PROJECT / "dags")!r})
seconds = time.process_time() - before
assert bag.dags and not bag.import_errors, bag.import_errors
new = set(sys.modules) - modules
print(seconds, [name for name in {HEAVY!r} if name in new])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    seconds, _, heavy = done.stdout.strip().splitlines()[-1].partition(" ")
    assert heavy == "[]"
    assert float(seconds) < 1.0


def _is_wiring(node: ast.BinOp) -> bool:
    """``a >> b`` orders tasks, ``A | B`` joins assets."""
    return isinstance(node.op, ast.RShift | ast.BitOr)
