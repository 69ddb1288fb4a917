"""When the DAGs run and what their partitions are called."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

PROVIDERS = ("aws", "azure", "gcp", "focus")


def scheduler_view(dag):
    """Return the DAG as the scheduler has it: written to JSON and read back, timetable and all."""
    from airflow.serialization.serialized_objects import DagSerialization

    return DagSerialization.from_dict(DagSerialization.to_dict(dag))


@pytest.fixture(scope="module")
def dags(bag):
    return {dag_id: scheduler_view(dag) for dag_id, dag in bag.dags.items()}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_provider_is_asked_once_a_day_and_its_periods_are_named_at_run_time(dags, provider):
    from airflow.timetables.base import TimeRestriction

    timetable = dags[f"ingest_billing_{provider}"].timetable
    restriction = TimeRestriction(earliest=_utc(2025, 3, 1), latest=None, catchup=True)
    first = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    second = timetable.next_dagrun_info(last_automated_data_interval=first.data_interval, restriction=restriction)
    assert first.run_after.date().isoformat() == "2025-03-01"
    assert second.run_after.date().isoformat() == "2025-03-02"
    assert timetable.partitioned_at_runtime


def test_the_providers_do_not_start_in_the_same_minute(dags):
    assert len({dags[f"ingest_billing_{each}"].timetable.summary for each in PROVIDERS}) == len(PROVIDERS)


def test_a_landing_of_any_provider_or_a_resync_starts_the_build_with_the_same_partition(dags):
    timetable = dags["build_marts"].timetable
    assert timetable.partitioned
    names = {asset.name for _, asset in timetable.asset_condition.iter_assets()}
    assert names == {"landed_aws", "landed_azure", "landed_gcp", "landed_focus", "landed_but_not_built"}
    condition = type(timetable.asset_condition).__name__
    assert condition == "SerializedAssetAny", "all of them would wait until every cloud restates the same month"
    assert timetable.get_partition_mapper(name="landed_aws").to_downstream("2025-01") == "2025-01"


def test_a_publication_a_lost_one_and_a_close_each_start_the_statements_of_their_month(dags):
    timetable = dags["publish_chargeback"].timetable
    names = {asset.name for _, asset in timetable.asset_condition.iter_assets()}
    assert names == {"published_marts", "outdated_statements", "closed_months"}
    assert type(timetable.asset_condition).__name__ == "SerializedAssetAny", "an open month is never closed"
    assert all(timetable.get_partition_mapper(name=name).to_downstream("2025-01") == "2025-01" for name in names)
    assert [each.name for each in dags["build_marts"].get_task("publish").outlets] == ["published_marts"]
    asks = {task.task_id: [each.name for each in task.outlets] for task in dags["resync_marts"].tasks}
    assert asks["ask_for_outdated_statements"] == ["outdated_statements"]
    assert asks["ask_for_final_statements"] == ["closed_months"]


def test_a_publication_and_outdated_kpis_each_start_the_kpis_of_their_month(dags):
    timetable = dags["build_kpis"].timetable
    names = {asset.name for _, asset in timetable.asset_condition.iter_assets()}
    assert names == {"published_marts", "outdated_kpis"}
    assert type(timetable.asset_condition).__name__ == "SerializedAssetAny", (
        "telemetry comes each hour, bills once a day"
    )
    assert all(timetable.get_partition_mapper(name=name).to_downstream("2025-01") == "2025-01" for name in names)
    asks = dags["ingest_telemetry"].get_task("ask_for_outdated_kpis")
    assert [each.name for each in asks.outlets] == ["outdated_kpis"]
    assert asks.trigger_rule == "all_done", "a source that fails keeps no month from its KPIs"
    assert dags["build_kpis"].get_task("publish").upstream_task_ids == {"build", "gate"}


@pytest.mark.parametrize(
    ("dag_id", "started_by", "asks", "announces"),
    [
        ("forecast_spend", {"published_marts", "outdated_forecasts"}, "ask_for_outdated_forecasts", "forecast"),
        (
            "detect_anomalies",
            {"published_forecasts", "published_kpis", "outdated_incidents"},
            "ask_for_outdated_incidents",
            "detect",
        ),
    ],
)
def test_a_publication_starts_forecasts_and_they_start_detection(dags, dag_id, started_by, asks, announces):
    """Or the hourly check does, where an event was lost."""
    timetable = dags[dag_id].timetable
    names = {asset.name for _, asset in timetable.asset_condition.iter_assets()}
    assert names == started_by
    assert type(timetable.asset_condition).__name__ == "SerializedAssetAny"
    assert {asset.name for asset in dags["resync_marts"].get_task(asks).outlets} < started_by
    (outlet,) = dags[dag_id].get_task(announces).outlets
    assert outlet.name == {"forecast": "published_forecasts", "detect": "published_incidents"}[announces]


def test_statements_are_planned_then_rendered_one_task_each_then_published(bag):
    dag = bag.dags["publish_chargeback"]
    render = dag.get_task("render")
    assert render.is_mapped
    assert render.pool == "statements"
    assert render.upstream_task_ids == {"plan"}
    assert dag.get_task("publish").upstream_task_ids == {"plan", "render"}
    leaves = {task.task_id: task.upstream_task_ids for task in dag.tasks if not task.downstream_task_ids}
    # Side by side: a mailbox that fails keeps nobody from the database.
    assert leaves == {"serve": {"publish"}, "deliver": {"publish"}}


def test_a_failed_statement_stops_the_publication_and_an_empty_plan_does_not(bag):
    rules = {task.task_id: task.trigger_rule for task in bag.dags["publish_chargeback"].tasks}
    assert rules == dict.fromkeys(("plan", "render", "serve", "deliver"), "all_success") | {"publish": "none_failed"}


def test_a_backfill_over_a_year_makes_one_run_per_month(dags):
    timetable = dags["backfill_billing"].timetable
    runs = timetable.iter_partition_dagrun_infos(earliest=_utc(2025, 1, 1), latest=_utc(2025, 12, 1))
    assert [run.partition_key for run in runs] == [f"2025-{month:02d}" for month in range(1, 13)]


def test_by_its_own_schedule_the_backfill_takes_the_month_that_has_just_ended(dags):
    from airflow.timetables.base import TimeRestriction

    restriction = TimeRestriction(earliest=_utc(2025, 6, 1), latest=None, catchup=True)
    run = dags["backfill_billing"].timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=restriction)
    assert (run.run_after.date().isoformat(), run.partition_key) == ("2025-06-01", "2025-05")


def test_the_plugin_brings_its_timetable_and_leaves_the_package_to_its_own_name(bag):
    from airflow import plugins_manager

    assert bag.dags
    assert "finops_airflow.timetables.CronWithRuntimePartitions" in plugins_manager.get_timetables_plugins()
    # Without .airflowignore every module would be run again under its bare file name, and shadow others of that name.
    stray = {
        "assets",
        "callbacks",
        "clients",
        "deadlines",
        "defaults",
        "retries",
        "steps",
        "timetables",
        "rest",
        "processes",
    }
    assert stray & set(sys.modules) == set()


def test_build_gate_and_publish_run_in_this_order(bag):
    dag = bag.dags["build_marts"]
    # Both are told which build it was.
    assert dag.get_task("build").downstream_task_ids == {"gate", "publish"}
    assert dag.get_task("gate").downstream_task_ids == {"publish"}
    assert dag.get_task("publish").downstream_task_ids == {"serve", "held_back"}


def test_the_run_of_a_provider_fails_when_one_of_its_sources_does(bag):
    # The state of a run is that of its leaves: announcing what did land must not hide what did not.
    dag = bag.dags["ingest_billing_aws"]
    leaves = {task.task_id: task.trigger_rule for task in dag.tasks if not task.downstream_task_ids}
    assert leaves == {"announce": "all_done", "all_landed": "all_success"}


def test_every_source_of_telemetry_is_read_once_an_hour_by_itself(bag, dags):
    dag = bag.dags["ingest_telemetry"]
    assert dags["ingest_telemetry"].timetable.summary == "35 * * * *"
    assert dag.get_task("telemetry_sources").downstream_task_ids == {"land_telemetry"}
    assert dag.get_task("land_telemetry").pool == "ingest"


def test_the_review_is_written_each_monday_morning(dags):
    from airflow.timetables.base import TimeRestriction

    timetable = dags["weekly_review"].timetable
    restriction = TimeRestriction(earliest=_utc(2025, 3, 1), latest=None, catchup=True)
    run = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    assert run.run_after == _utc(2025, 3, 3).replace(hour=6)


def _utc(year: int, month: int, day: int) -> datetime:
    import pendulum

    return pendulum.instance(datetime(year, month, day, tzinfo=UTC))
