"""A daily run with bad months that are mended, its forecasts, incidents and statements, by Airflow's own scheduler."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from finops.chargeback.publish.outdated import outdated
from finops.chargeback.service import close, publish
from finops.cli import app
from finops.core.settings import Settings
from finops.pipelines import forecasts, incidents
from finops.quality.reconciliation import STAGES
from finops.stores import published
from finops_airflow.local.headless import LocalAirflow, running
from finops_airflow.local.processes import members

from .conftest import PERIODS
from .observed import failed, partitions, query, quiet, runs

PATIENCE = 900
"""Seconds that one wait may take at most, on a machine that has much else to do; no test has more than four."""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(5 * PATIENCE)]

MONTHS = [str(period) for period in PERIODS]
CONSUMERS = ("build_marts", "publish_chargeback")
RESULTS = ("forecast_spend", "detect_anomalies")
RESULTS_LAYERS = (forecasts.FEATURE, incidents.FEATURE)
INGEST = ("ingest_billing_aws", "ingest_billing_azure", "ingest_billing_gcp")
PAIRS = {f"{provider}/{month}" for provider in ("aws", "azure", "gcp") for month in MONTHS}


@dataclass(frozen=True)
class BadMonths:
    """One bad month of each cloud beside good ones, as the first day leaves them; each is mended by ``mend``."""

    settings: Settings
    airflow: LocalAirflow
    at_source: dict[str, tuple[Path, bytes]]
    landed: Path
    run_ids: dict[str, str]
    tasks: dict[str, dict[str, dict[str, Any]]]
    logs: dict[str, str]
    partitions: set[str]
    status: dict[str, Any]

    def mend(self) -> None:
        """Mend the files, then clear what is red, as somebody would who looks at Airflow's UI."""
        for file, whole in self.at_source.values():
            file.write_bytes(whole)
        for dag_id in self.at_source:
            self.airflow.rest.clear_task(dag_id, self.run_ids[dag_id], "land_source", 0)
        self.landed.with_name("elsewhere").rename(self.landed)
        self.airflow.rest.clear_task("build_marts", self.run_ids["build_marts"], "build")


@pytest.fixture(scope="module")
def bad_months(new_home) -> Iterator[BadMonths]:
    """A day on which AWS's March and Azure's February are damaged where they are offered, and Google's January after
    it has landed; Airflow still runs."""
    settings = new_home("daily")
    settings.config_dir = settings.root / "config"  # In which a test says who gets statements.
    shutil.copytree(settings.project_dir / "include" / "config", settings.config_dir)
    at_source = {}
    for dag_id, pattern in (
        ("ingest_billing_aws", "aws/**/*2025-03/*.parquet"),
        ("ingest_billing_azure", "azure/*actual/20250201-*/**/*.csv.gz"),
    ):
        (file,) = (settings.root / "sample").glob(pattern)
        at_source[dag_id] = (file, file.read_bytes())
        file.write_bytes(at_source[dag_id][1][:-1000] + bytes(1000))  # As long as its manifest says.
    with running(settings) as airflow:
        for dag_id in INGEST:
            airflow.rest.unpause(dag_id)
        airflow.wait(
            "three clouds to be read",
            lambda: (
                {state for dag_id in INGEST for _, state in runs(airflow, dag_id) or [("", "none")]}
                <= {"success", "failed"}
            ),
            seconds=PATIENCE,
        )
        (landed,) = settings.landing_dir.glob("provider=gcp/**/billing_period=2025-01/**/*.parquet")
        landed.rename(landed.with_name("elsewhere"))
        airflow.rest.unpause("build_marts")
        airflow.rest.trigger("build_marts")
        airflow.wait("what is good to be published", lambda: quiet(airflow), seconds=PATIENCE)
        run_ids = {dag_id: airflow.rest.runs(dag_id)[-1]["dag_run_id"] for dag_id in (*INGEST, "build_marts")}
        found = {dag_id: airflow.rest.tasks(dag_id, run_id) for dag_id, run_id in run_ids.items()}
        sessions = [component.process.pid for component in airflow.components.values()]
        yield BadMonths(
            settings,
            airflow,
            at_source,
            landed,
            run_ids,
            {dag_id: {task["task_id"]: task for task in tasks} for dag_id, tasks in found.items()},
            {
                dag_id: task_log(airflow, dag_id, run_id, "held_back" if dag_id == "build_marts" else "land_source")
                for dag_id, run_id in run_ids.items()
            },
            partitions(settings),
            status(settings),
        )
    assert [pid for session in sessions for pid in members(session)] == [], "Airflow left processes behind"


@pytest.fixture(scope="module")
def mended(bad_months) -> BadMonths:
    """The same day once the files are mended, the red tasks cleared and everything published."""
    airflow = bad_months.airflow
    for dag_id in ("publish_chargeback", *RESULTS):
        airflow.rest.unpause(dag_id)
    bad_months.mend()
    airflow.wait(
        "what was bad to be published",
        lambda: partitions(bad_months.settings) == PAIRS and quiet(airflow, *INGEST, "build_marts"),
        seconds=PATIENCE,
    )
    return bad_months


@pytest.fixture(scope="module")
def daily(mended) -> tuple[Settings, LocalAirflow]:
    """A home that the daily DAGs have brought up to date; Airflow still runs."""
    settings, airflow = mended.settings, mended.airflow
    airflow.wait(
        "every month's statements",
        lambda: {(month, "success") for month in MONTHS} <= set(runs(airflow, "publish_chargeback")),
        seconds=PATIENCE,
    )
    airflow.wait("the last runs to end", lambda: quiet(airflow), seconds=PATIENCE)
    return settings, airflow


def status(settings: Settings) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["status", "--json"], env={"FINOPS_HOME": str(settings.root)})
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_one_bad_month_of_each_cloud_is_named_and_holds_back_no_other(bad_months):
    assert bad_months.partitions == PAIRS - {"aws/2025-03", "azure/2025-02", "gcp/2025-01"}
    for dag_id, (file, _) in bad_months.at_source.items():
        tasks = bad_months.tasks[dag_id]
        assert tasks["land_source"]["state"] == "failed", "a damaged file must be seen"
        assert tasks["land_source"]["try_number"] == 1, "no retry mends a damaged file"
        assert tasks["announce"]["state"] == "success", "what is good is announced"
        assert file.name in bad_months.logs[dag_id]
        assert "task_failed" in bad_months.logs[dag_id]
    assert bad_months.tasks["ingest_billing_gcp"]["all_landed"]["state"] == "success"
    of_build = {name: task["state"] for name, task in bad_months.tasks["build_marts"].items()}
    good = dict.fromkeys(("build", "gate", "publish"), "success")
    assert of_build == {**good, "serve": "skipped", "held_back": "failed"}
    for named in ("gcp 2025-01 cannot be built", bad_months.landed.name, "restore it"):
        assert named in bad_months.logs["build_marts"]
    rejected = {(each["provider"], each["billing_period"]) for each in bad_months.status["not_taken"]}
    assert rejected == {("aws", "2025-03"), ("azure", "2025-02")}
    (held,) = bad_months.status["held_back"]
    assert (held["provider"], held["billing_period"], held["stage"]) == ("gcp", "2025-01", "build")


def test_bad_months_that_were_mended_and_cleared_are_published_and_named_no_more(mended):
    assert partitions(mended.settings) == PAIRS
    for dag_id, run_id in mended.run_ids.items():
        states = {task["task_id"]: task["state"] for task in mended.airflow.rest.tasks(dag_id, run_id)}
        assert "failed" not in states.values(), dag_id
        assert states.get("announce", "success") == "success"
    named = {month for month, _ in runs(mended.airflow, "build_marts")}
    assert named == {"2025-02", "2025-03", None}, "what a cleared task lands is announced; else somebody asked for it"
    found = status(mended.settings)
    assert (found["not_taken"], found["held_back"], found["pending"]) == ([], [], [])


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
    assert outdated(settings) == [], "none is behind what is published"


def test_a_build_and_its_statements_leave_a_note_with_links_on_their_run(daily):
    settings, airflow = daily
    # Results of features are versions, too; of bills it is the newest that has a scope.
    build = next(each.build_id for each in published.since(settings, None) if each.manifest["scope"])
    found = {dag_id: [run["note"] or "" for run in airflow.rest.runs(dag_id)] for dag_id in CONSUMERS}
    (of_build,) = (note for note in found["build_marts"] if "Published" in note and build in note)
    assert f"Build {build} passed the gate" in of_build
    assert str(settings.quality_dir / build / "index.html") in of_build
    assert any(f"Statements of {MONTHS[0]}: provisional" in note for note in found["publish_chargeback"])


def test_a_publication_is_forecast_and_the_forecast_starts_detection_and_each_leaves_its_pages(daily):
    settings, airflow = daily
    for dag_id in RESULTS:
        assert "success" in {state for _, state in runs(airflow, dag_id)}, dag_id
        assert "failed" not in {state for _, state in runs(airflow, dag_id)}, dag_id
    version = published.latest(settings)
    assert set(version.layers) == set(RESULTS_LAYERS)
    # The sample ends with March, and a forecast is made the day after the last day that has bills.
    (run_date,) = {str(day) for (day,) in query(settings, "select distinct run_date from mart_forecasts")}
    assert run_date == "2025-04-01"
    assert (settings.root / "forecasts" / "index.html").exists()
    pages = settings.root / "incidents"
    assert (pages / "index.html").exists()
    named = {f"{each}.html" for (each,) in query(settings, "select incident_id from mart_incidents")}
    assert named <= {path.name for path in pages.iterdir()}, "each incident has a page"
    assert not forecasts.is_due(settings), "the last publication was forecast"
    assert not incidents.is_due(settings)


def test_a_past_day_is_forecast_as_of_that_day_and_replaces_no_other(daily):
    settings, airflow = daily
    latest = "select * from mart_forecast_totals where run_date = date '2025-04-01' order by all"
    before = query(settings, latest)
    for _ in range(2):  # The same once more replaces its own rows.
        airflow.rest.trigger("forecast_spend", run_date="2025-03-10")
        airflow.wait("the forecast of a past day", lambda: quiet(airflow, *RESULTS), seconds=PATIENCE)
    assert query(settings, latest) == before
    past = "from mart_forecasts where run_date = date '2025-03-10'"
    assert query(settings, f"select min(ds)::date::varchar {past}") == [("2025-03-10",)], "nothing later is known"


def test_a_day_on_which_nothing_changed_builds_nothing(daily):
    settings, airflow = daily
    before, builds = published.latest(settings).build_id, len(runs(airflow, "build_marts"))
    run_id = airflow.rest.trigger("ingest_billing_aws")
    airflow.wait("the second run of the day", lambda: quiet(airflow), seconds=PATIENCE)
    states = {task["task_id"]: task["state"] for task in airflow.rest.tasks("ingest_billing_aws", run_id)}
    assert (states["land_source"], states["announce"]) == ("success", "skipped")
    assert published.latest(settings).build_id == before
    assert len(runs(airflow, "build_marts")) == builds


def test_statements_on_demand_are_rendered_one_task_for_each_audience_and_are_those_of_the_command(daily):
    settings, airflow = daily
    january, february = (settings.statements_dir / f"billing_period={month}" for month in MONTHS[:2])
    before = january.resolve()
    run_id = airflow.rest.trigger("publish_chargeback", billing_period=MONTHS[0])
    airflow.wait("the statements", lambda: quiet(airflow), seconds=PATIENCE)
    assert january.resolve() != before
    tasks = airflow.rest.tasks("publish_chargeback", run_id)
    # By name, since somebody looks for a cost centre and not for its place in a list.
    rendered = sorted(each["rendered_map_index"] for each in tasks if each["task_id"] == "render")
    manifests = [json.loads((folder / "manifest.json").read_text("utf-8")) for folder in (january, february)]
    assert rendered == sorted({each["folder"] for manifest in manifests for each in manifest["statements"]})
    assert len(rendered) > 2
    assert list((settings.statements_dir / ".sets").glob("*/draft-*")) == []
    assert publish(settings, PERIODS[0]).digest == manifests[0]["digest"]


def test_a_statement_that_fails_leaves_readers_the_last_set_and_the_run_goes_on_once_it_is_cleared(daily):
    settings, airflow = daily
    sets = settings.statements_dir / ".sets" / f"billing_period={MONTHS[1]}"
    link = settings.statements_dir / f"billing_period={MONTHS[1]}"
    before = link.resolve()
    slots = airflow.rest.get("pools/statements")["slots"]
    resize_pool(airflow, 0)  # Nothing is rendered until the fault is in place.
    try:
        run_id = airflow.rest.trigger("publish_chargeback", billing_period=MONTHS[1])
        airflow.wait("the plan", lambda: any(sets.glob("draft-*/planned.json")), seconds=PATIENCE)
        (planned,) = sets.glob("draft-*/statements/cc-1001.json")
        whole = planned.read_bytes()
        planned.write_bytes(whole[:-100])
    finally:
        resize_pool(airflow, slots)
    airflow.wait("the run to end", lambda: quiet(airflow), seconds=PATIENCE)
    found = rendering(airflow, run_id)
    assert {audience for audience, state in found.items() if state != "success"} == {"cc-1001"}
    assert str(planned) in task_log(airflow, "publish_chargeback", run_id, "render")
    assert link.resolve() == before, "what readers have is the last complete set"
    assert deadline_after_queued(airflow, run_id) == timedelta(hours=2)

    planned.write_bytes(whole)
    airflow.rest.clear_failed("publish_chargeback", run_id)
    airflow.wait("the cleared run to end", lambda: quiet(airflow), seconds=PATIENCE)
    assert set(rendering(airflow, run_id).values()) == {"success"}
    again = [each for each in airflow.rest.tasks("publish_chargeback", run_id) if each["try_number"] > 1]
    rendered_again = [each["rendered_map_index"] for each in again if each["task_id"] == "render"]
    assert rendered_again == ["cc-1001"], "what had succeeded is not done again"
    assert link.resolve() != before
    shown = json.loads((link / "manifest.json").read_text(encoding="utf-8"))
    assert shown["digest"] == publish(settings, PERIODS[1]).digest
    assert list(sets.glob("draft-*")) == []


def deadline_after_queued(airflow: LocalAirflow, run_id: str) -> timedelta:
    """Return how long after a run was queued its deadline is; Airflow keeps it until the run has succeeded."""
    sql = "select deadline_time, queued_at from deadline join dag_run on dag_run.id = dagrun_id where run_id = ?"
    with closing(sqlite3.connect(airflow.home / "airflow.db", timeout=60)) as metadata:
        (row,) = metadata.execute(sql, [run_id]).fetchall()
    deadline, queued_at = map(datetime.fromisoformat, row)
    return deadline - queued_at


def resize_pool(airflow: LocalAirflow, slots: int) -> None:
    """Say how many statements are rendered at once."""
    # Whole, as the API wants it.
    airflow.rest.change("pools/statements", {"pool": "statements", "slots": slots, "include_deferred": False})


def rendering(airflow: LocalAirflow, run_id: str) -> dict[str, str]:
    """Return the state of each audience's task, by its name."""
    tasks = airflow.rest.tasks("publish_chargeback", run_id)
    return {task["rendered_map_index"]: task["state"] for task in tasks if task["task_id"] == "render"}


def test_a_close_is_found_and_its_final_statements_reach_their_targets_byte_for_byte(daily):
    settings, airflow = daily
    targets = 'company: ["{home}/outbox/finance"]\ncost_centers: {cc-1001: ["{home}/outbox/research"]}\n'
    (settings.config_dir / "delivery.yml").write_text(targets, encoding="utf-8")
    close(settings, PERIODS[0], "Ann Lee")
    before = runs(airflow, "publish_chargeback").count((MONTHS[0], "success"))
    airflow.rest.unpause("resync_marts")
    airflow.rest.trigger("resync_marts")  # Rather than wait for the hour; it may have been due as well.
    airflow.wait(
        "the run of the closed month",
        lambda: runs(airflow, "publish_chargeback").count((MONTHS[0], "success")) > before and quiet(airflow),
        seconds=PATIENCE,
    )
    asked = [airflow.rest.tasks("resync_marts", run["dag_run_id"]) for run in airflow.rest.runs("resync_marts")]
    named = {task["task_id"] for tasks in asked for task in tasks if task["state"] == "success"}
    assert named == {"ask_for_final_statements"}, "nothing else is behind"
    final = settings.closed_dir / f"billing_period={MONTHS[0]}" / "statements"
    for audience, target in (("company", "finance"), ("cc-1001", "research")):
        there = settings.root / "outbox" / target / f"billing_period={MONTHS[0]}" / audience
        assert json.loads((there / "manifest.json").read_text(encoding="utf-8"))["status"] == "final"
        delivered = {path.name: path.read_bytes() for path in there.iterdir() if path.name != "manifest.json"}
        assert delivered == {path.name: path.read_bytes() for path in (final / audience).iterdir()}
        assert len(delivered) > 3
    assert not (settings.root / "outbox" / "finance" / f"billing_period={MONTHS[1]}").exists(), "which is open"


def task_log(airflow: LocalAirflow, dag_id: str, run_id: str, task_id: str) -> str:
    folder: Path = airflow.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.log")))
