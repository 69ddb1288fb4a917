"""``make demo``: sample bills of three clouds through the real scheduler, to published marts and statements.

Every DAG runs once. It can be run again: what has landed and what was built is not done twice.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Set
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import typer

from finops.core.errors import Finding, FinopsError
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.pipelines import incidents, marts, rightsizing
from finops_airflow.local import demo_actions
from finops_airflow.local.aws_standin import StandIn
from finops_airflow.local.demo_actions import Resize
from finops_airflow.local.headless import LocalAirflow, running
from finops_airflow.local.rest import ENDED

FINOPS = str(Path(sys.executable).with_name("finops"))
CONSUMERS = (
    *("build_marts", "build_kpis", "forecast_spend", "detect_anomalies", "enforce_budgets", "publish_chargeback"),
)
RIGHTSIZING = "rightsize_resources"
PRODUCERS = ("ingest_billing_aws", "ingest_billing_azure", "ingest_billing_gcp", "ingest_telemetry", "resync_marts")


def main(
    months: int = typer.Option(6, min=1, help="Billing periods of the sample bills."),
    lines_per_month: int = typer.Option(20_000, help="Lines of the AWS bill a month; Azure and GCP get a third each."),
) -> None:
    """Generate bills, run every DAG once by the real scheduler, and say where to look."""
    settings = Settings()
    try:
        periods = _write_sample(settings, months, lines_per_month)
        resizes = demo_actions.planted(settings)
        settings = demo_actions.configured(settings)
        say("starting Airflow: api-server, scheduler, dag-processor; and a stand-in for AWS")
        with demo_actions.cloud(settings) as cloud, running(settings) as airflow:
            demo = Demo(settings, airflow)
            demo.run(periods)
            demo.act(cloud, resizes)
        _conclude(settings, periods[-1], resizes)
    except KeyboardInterrupt:
        say("interrupted; everything that was started is stopped")
        raise typer.Exit(130) from None
    except FinopsError as error:
        typer.echo(f"finops: {error}", err=True)
        raise typer.Exit(error.exit_status) from None


class Demo:
    """One pass through the DAGs of a running Airflow."""

    def __init__(self, settings: Settings, airflow: LocalAirflow) -> None:
        self._settings = settings
        self._airflow = airflow
        self._rest = airflow.rest
        # Runs that an interrupted demo has left queued go on, and belong to this one.
        self._known = {run["dag_run_id"] for run in self._rest.runs("~") if run["state"] in ENDED}
        self._statements_written = False

    def run(self, periods: list[BillingPeriod]) -> None:
        """Run every DAG once. Raise Finding when a run fails."""
        say(f"Airflow is ready at {self._airflow.url}; unpausing the DAGs")
        for dag_id in CONSUMERS:  # First: the event of a landing is lost while its consumer is paused.
            self._rest.unpause(dag_id)
        for dag_id in PRODUCERS:
            self._start(dag_id)
        self._settle("the bills to be landed, built, checked and published, and the telemetry to be landed")
        if marts.pending(self._settings):  # Of a demo that was interrupted; `resync_marts` would wait longer.
            self._rest.trigger("build_marts")
            self._settle("what an earlier run had left")
        _restate(self._settings, periods[-1])
        self._start("backfill_billing", partition_key=str(periods[-1]))
        if not self._statements_written:
            self._rest.trigger("publish_chargeback", billing_period=str(periods[-1]))
        self._settle("the last statements and KPIs")
        self._start("weekly_review")
        self._settle("the weekly review")

    def act(self, cloud: StandIn, resizes: list[Resize]) -> None:
        """Find what could be saved; replay the days before and of the planted resizes, and approve these alone."""
        self._start(RIGHTSIZING)
        self._settle("what could be saved")
        if not resizes:
            return
        demo_actions.seed(self._settings, cloud, resizes)
        since = min(each.since for each in resizes)
        say(f"replaying {since}: {len(resizes)} resizes are approved in Airflow, all else is rejected")
        wanted = {each.resource_id for each in resizes}
        for day in (since - timedelta(days=1), since):  # What is found on two days in a row is proposed.
            run_id = self._rest.trigger(RIGHTSIZING, run_date=str(day))
            self._settle(f"the actions of {day}", partial(self._decide, run_id, wanted))
        self._rest.trigger(RIGHTSIZING)
        self._settle("the account of what was saved")

    def _decide(self, run_id: str, wanted: Set[str]) -> None:
        """Answer what waits for a person: approve the actions on these resources, reject the others."""
        for each in self._rest.waiting(RIGHTSIZING, run_id):
            task, index = each["task_instance"]["task_id"], each["task_instance"]["map_index"]
            asked_at = datetime.fromisoformat(each["created_at"])
            # An answer within a second of the question can make the task fail.
            if datetime.now(UTC) - asked_at > timedelta(seconds=5):
                is_wanted = any(resource_id in each["subject"] for resource_id in wanted)
                self._rest.answer(RIGHTSIZING, run_id, task, index, "Approve" if is_wanted else "Reject")

    def _start(self, dag_id: str, partition_key: str | None = None) -> None:
        """Let the schedule start the DAG when a run is due, or else trigger one.

        With a partition key, a run of that key is triggered: the schedule's is of another month.
        """
        due = self._rest.get(f"dags/{dag_id}")["next_dagrun_run_after"]
        self._rest.unpause(dag_id)
        if partition_key or due is None or datetime.fromisoformat(due) > datetime.now(UTC):
            self._rest.trigger(dag_id, partition_key=partition_key)
        else:
            what = f"the scheduled run of {dag_id}"
            self._airflow.wait(what, lambda: any(map(self._is_new, self._rest.runs(dag_id))))

    def _settle(self, what: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait until nothing runs any more. An event becomes a run within a tick of the scheduler, a second at most."""
        quiet_since: list[float] = []

        def is_settled() -> bool:
            meanwhile()
            if self._report_ended():
                quiet_since.clear()
                return False
            quiet_since.append(time.monotonic())
            return quiet_since[-1] - quiet_since[0] > 3

        self._airflow.wait(what, is_settled, seconds=900, progress=lambda: len(self._known))

    def _report_ended(self) -> bool:
        """Print the runs that have ended since the last look; tell whether any is still active."""
        runs = [run for run in self._rest.runs("~") if self._is_new(run)]
        for run in runs:
            if run["state"] in ENDED:
                self._known.add(run["dag_run_id"])
                self._statements_written |= run["dag_id"] == "publish_chargeback"
                self._print(run)
        return any(run["state"] not in ENDED for run in runs)

    def _print(self, run: dict[str, Any]) -> None:
        tasks = self._rest.tasks(run["dag_id"], run["dag_run_id"])
        states = {task["state"] for task in tasks}
        outcome = "nothing to do" if states == {"skipped"} else run["state"]
        say(f"{run['dag_id']:<22} {run['partition_key'] or '':<8} {outcome}")
        if run["state"] == "failed":
            raise Finding(self._reason(run))

    def _reason(self, run: dict[str, Any]) -> str:
        """Return what the failed tasks reported, and where their logs are."""
        logs = self._airflow.home / "logs" / f"dag_id={run['dag_id']}" / f"run_id={run['dag_run_id']}"
        lines = [line for log in sorted(logs.rglob("*.log")) for line in log.read_text(encoding="utf-8").splitlines()]
        events = [json.loads(line).get("event", "") for line in lines if '"task_failed ' in line]
        reports = [json.loads(event.removeprefix("task_failed ")) for event in events]
        reasons = "; ".join(f"{report['task_id']}: {report['reason']}" for report in reports)
        return f"{run['dag_id']} failed: {reasons or 'no task reported why'} (logs in {logs})"

    def _is_new(self, run: dict[str, Any]) -> bool:
        return run["dag_run_id"] not in self._known


def _write_sample(settings: Settings, months: int, lines_per_month: int) -> list[BillingPeriod]:
    folder = settings.root / "sample"
    size = ["--months", str(months), "--lines-per-month", str(lines_per_month)]
    if not (settings.landing_dir / "provider=gcp").exists():
        # Once a corrected bill has landed, the first one is old news.
        size.append("--restatement")
    done = subprocess.run([FINOPS, "sample", "--out", folder, *size, "--json"], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise FinopsError("the sample bills could not be written: see above")
    report = json.loads(done.stdout)
    say(f"{report['row_count']:,} lines of AWS, Azure and GCP bills, {months} months, with telemetry, in {folder}")
    return [BillingPeriod.parse(text) for text in report["periods"]]


def _restate(settings: Settings, period: BillingPeriod) -> None:
    """Let Google offer its corrected bill, which lifts the breach of a budget; the backfill of the month lands it."""
    restated = settings.root / "sample" / "restated"
    if restated.exists():
        say(f"Google restates {period}: Atlas had been charged three times what it should")
        shutil.copytree(restated, settings.root / "sample", dirs_exist_ok=True)
        shutil.rmtree(restated)


def _conclude(settings: Settings, last: BillingPeriod, resizes: list[Resize]) -> None:
    say("finops reconcile: every stage against the bills")
    if subprocess.run([FINOPS, "reconcile"], check=False).returncode:
        raise Finding("the published marts differ from the bills: see the table above")
    say("finops invoices check: the bills against the invoices")
    if subprocess.run([FINOPS, "invoices", "check"], check=False).returncode:
        raise Finding("bills differ from their invoices: see the table above")
    say("finops telemetry status: what the billed resources did")
    if subprocess.run([FINOPS, "telemetry", "status"], check=False).returncode:
        raise Finding("what has landed of the telemetry cannot be said: see above")
    say("incidents against the anomalies that were planted in the bills")
    for line in incidents.scored(settings, settings.root / "sample" / "labels.csv"):
        typer.echo(f"  {line}")
    say("finops budgets check: what is spent and what is expected")
    # Exit status 1: one of them is breached, as it should be.
    if subprocess.run([FINOPS, "budgets", "check"], check=False).returncode not in (0, 1):
        raise Finding("the budgets cannot be evaluated: see above")
    say("what could be saved against the waste that was planted in the sample")
    for line in rightsizing.scored(settings, settings.root / "sample" / "telemetry" / "truths.json"):
        typer.echo(f"  {line}")
    for each, realised in demo_actions.accounted(settings, resizes) if resizes else ():
        say(f"resize of {each.resource_id}: saved {realised:.2f} {each.currency}; planted were {each.saving:.2f}")
    statements = settings.statements_dir / f"billing_period={last}"
    for label, value in (
        ("report", statements / "index.html"),
        ("KPIs", settings.reviews_dir / "index.html"),
        ("forecasts", settings.forecasts_dir / "index.html"),
        ("incidents", settings.incidents_dir / "index.html"),
        ("budgets", settings.root / "budgets" / "index.html"),
        ("rightsizing", settings.root / "rightsizing" / "index.html"),
        ("savings", settings.root / "rightsizing" / "savings.html"),
        ("marts", settings.published_dir / "current"),
        ("data quality", settings.quality_dir),
        ("truths", settings.root / "sample" / "telemetry" / "truths.json"),
        ("Airflow's UI", "make up"),
    ):
        typer.echo(f"  {label:<13} {value}")


_STARTED = time.monotonic()


def say(text: str) -> None:
    """Print a line with the minutes and seconds since the start."""
    minutes, seconds = divmod(int(time.monotonic() - _STARTED), 60)
    typer.echo(f"{minutes:>3}:{seconds:02d}  {text}")


if __name__ == "__main__":
    typer.run(main)
