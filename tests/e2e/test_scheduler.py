"""A daily run, a restated month and a backfill, by Airflow's own scheduler and the real services."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from finops.chargeback.service import publish
from finops.core import published
from finops.core.settings import Settings
from finops.core.state import ledger
from finops.core.state.store import open_state
from finops.quality.reconciliation import STAGES
from finops_airflow.local.headless import LocalAirflow, running
from finops_airflow.local.processes import members

from .conftest import PERIODS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

MONTHS = [str(period) for period in PERIODS]
INGEST = ("ingest_billing_aws", "ingest_billing_azure", "ingest_billing_gcp")


def quiet(airflow: LocalAirflow) -> bool:
    return all(run["state"] in ("success", "failed") for run in airflow.rest.runs("~"))


def nothing_pending(settings: Settings) -> bool:
    with open_state(settings).begin() as connection:
        return not ledger.pending(connection)


def runs(airflow: LocalAirflow, dag_id: str) -> list[tuple[str | None, str]]:
    return [(run["partition_key"], run["state"]) for run in airflow.rest.runs(dag_id)]


def failed(airflow: LocalAirflow) -> list[str]:
    return [f"{run['dag_id']} {run['partition_key']}" for run in airflow.rest.runs("~") if run["state"] == "failed"]


def deliveries(settings: Settings) -> Counter[str]:
    """Count all deliveries that ever landed, by month."""
    with open_state(settings).begin() as connection:
        current = ledger.current(connection)
        every = [d for c in current for d in ledger.history(connection, c.provider, c.source, c.billing_period)]
    return Counter(str(delivery.billing_period) for delivery in every)


def query(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    import duckdb

    with duckdb.connect(str(published.latest(settings).database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def mart_rows(settings: Settings, name: str) -> Counter[tuple[object, ...]]:
    return Counter(query(settings, f"select * from {name}"))


@pytest.fixture(scope="module")
def daily(new_home) -> Iterator[tuple[Settings, LocalAirflow]]:
    """A home that the daily DAGs have brought up to date; Airflow still runs."""
    settings = new_home("daily")
    with running(settings) as airflow:
        for dag_id in ("publish_chargeback", "build_marts", *INGEST):
            airflow.rest.unpause(dag_id)
        airflow.wait(
            "every month's statements",
            lambda: {(month, "success") for month in MONTHS} <= set(runs(airflow, "publish_chargeback")),
            seconds=300,
        )
        airflow.wait("the last runs to end", lambda: quiet(airflow))
        sessions = [component.process.pid for component in airflow.components.values()]
        yield settings, airflow
    assert [pid for session in sessions for pid in members(session)] == [], "Airflow left processes behind"


def test_a_daily_run_takes_three_clouds_to_published_marts_that_tie_to_the_bills(daily):
    settings, airflow = daily
    assert failed(airflow) == []
    assert published.latest(settings).billing_periods == PERIODS
    stages = mart_rows_by_stage(settings)
    assert set(stages) == {(provider, month) for provider in ("aws", "azure", "gcp") for month in MONTHS}
    assert all(found == set(STAGES) for found, _ in stages.values())
    assert {difference for _, difference in stages.values()} == {0}


def mart_rows_by_stage(settings: Settings) -> dict[tuple[str, str], tuple[set[str], object]]:
    sql = """
        select provider, billing_period, list(distinct stage), max(abs(difference))
        from mart_reconciliation group by provider, billing_period
    """
    return {(provider, month): (set(names), difference) for provider, month, names, difference in query(settings, sql)}


def test_each_published_month_has_its_statements(daily):
    settings, _ = daily
    for month in MONTHS:
        page = settings.statements_dir / f"billing_period={month}" / "index.html"
        assert "<html" in page.read_text(encoding="utf-8")


def test_a_day_on_which_nothing_changed_builds_nothing(daily):
    settings, airflow = daily
    before, builds = published.latest(settings).build_id, len(runs(airflow, "build_marts"))
    run_id = airflow.rest.trigger("ingest_billing_aws")
    airflow.wait("the second run of the day", lambda: quiet(airflow))
    states = {task["task_id"]: task["state"] for task in airflow.rest.tasks("ingest_billing_aws", run_id)}
    assert (states["land_source"], states["announce"]) == ("success", "skipped")
    assert published.latest(settings).build_id == before
    assert len(runs(airflow, "build_marts")) == builds


def test_a_damaged_delivery_fails_the_run_by_name_and_leaves_what_is_published(daily):
    settings, airflow = daily
    before = published.latest(settings).build_id
    part = next((settings.root / "sample" / "aws").rglob("*2025-03*/*.parquet"))
    whole = part.read_bytes()
    part.write_bytes(whole[:-1000])
    try:
        run_id = airflow.rest.trigger("ingest_billing_aws")
        airflow.wait("the run to end", lambda: quiet(airflow))
    finally:
        part.write_bytes(whole)
    states = {task["task_id"]: task["state"] for task in airflow.rest.tasks("ingest_billing_aws", run_id)}
    assert states["fail_on_blocked"] == "failed", "a damaged file must be seen"
    tries = {t["task_id"]: t["try_number"] for t in airflow.rest.tasks("ingest_billing_aws", run_id)}
    assert tries["fail_on_blocked"] == 1, "no retry mends a damaged file"
    log = task_log(airflow, "ingest_billing_aws", run_id, "fail_on_blocked")
    assert part.name in log
    assert "task_failed" in log
    assert published.latest(settings).build_id == before


def test_statements_on_demand_are_rendered_one_task_for_each_audience_and_are_those_of_the_command(daily):
    settings, airflow = daily
    january, february = (settings.statements_dir / f"billing_period={month}" for month in MONTHS[:2])
    before = january.resolve()
    run_id = airflow.rest.trigger("publish_chargeback", billing_period=MONTHS[0])
    airflow.wait("the statements", lambda: quiet(airflow))
    assert january.resolve() != before
    tasks = airflow.rest.tasks("publish_chargeback", run_id)
    # By name, since somebody looks for a cost centre and not for its place in a list.
    rendered = sorted(each["rendered_map_index"] for each in tasks if each["task_id"] == "render")
    manifests = [json.loads((folder / "manifest.json").read_text("utf-8")) for folder in (january, february)]
    assert rendered == sorted({each["folder"] for manifest in manifests for each in manifest["statements"]})
    assert len(rendered) > 2
    assert list((settings.statements_dir / ".sets").glob("*/draft-*")) == []
    assert publish(settings, PERIODS[0]).digest == manifests[0]["digest"]


def test_a_backfill_killed_half_way_lands_and_builds_each_month_once_and_equals_daily_runs(daily, new_home):
    of_daily_runs, _ = daily
    settings = new_home("backfill")
    with running(settings) as airflow:
        for dag_id in ("publish_chargeback", "build_marts", "backfill_billing"):
            airflow.rest.unpause(dag_id)
        # Its own schedule begins with the month that has just ended, which the sample does not have.
        airflow.wait("the scheduled run", lambda: bool(runs(airflow, "backfill_billing")) and quiet(airflow))
        airflow.command(
            *("backfill", "create", "--dag-id", "backfill_billing", "--from-date", "2025-01-01"),
            *("--to-date", "2025-03-01", "--max-active-runs", "2", "--reprocess-behavior", "none"),
        )
        airflow.wait("the first month to be published", lambda: (settings.published_dir / "current").exists())
        airflow.kill("scheduler")
        assert not nothing_pending(settings) or deliveries(settings).keys() != set(MONTHS), "killed too late to tell"
        airflow.start("scheduler")
        airflow.wait(
            "the backfill to go on to its end",
            lambda: all(
                ("backfill_billing", month) in succeeded(airflow)
                and ("publish_chargeback", month) in succeeded(airflow)
                for month in MONTHS
            ),
            seconds=300,
        )
        airflow.wait("the last runs to end", lambda: quiet(airflow))
    assert deliveries(settings) == deliveries(of_daily_runs), "each month is landed once"
    names = published.latest(settings).marts
    assert names == published.latest(of_daily_runs).marts
    for name in names:
        assert mart_rows(settings, name) == mart_rows(of_daily_runs, name), name


def succeeded(airflow: LocalAirflow) -> set[tuple[str, str]]:
    return {(run["dag_id"], run["partition_key"]) for run in airflow.rest.runs("~") if run["state"] == "success"}


def task_log(airflow: LocalAirflow, dag_id: str, run_id: str, task_id: str) -> str:
    folder: Path = airflow.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.log")))
