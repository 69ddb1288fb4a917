"""Jobs behind a budget gate, by Airflow's own scheduler: one starts, one waits and starts later, one is skipped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from servers.channels import Chats, chats
from typer.testing import CliRunner

from finops.budgets.tables import BUDGETS, DAYS, PROPOSALS, TABLES
from finops.cli import app
from finops.core.events import Event, Severity
from finops.core.settings import Settings
from finops.pipelines import results
from finops.stores.results import ResultTable
from finops.stores.state import outbox
from finops.stores.state.store import open_state
from finops_airflow.local.headless import LocalAirflow, running
from tests.published_budgets import budget, proposal
from tests.unit.transform.releases import FEW, JANUARY, make

from .observed import quiet

PATIENCE = 300

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3 * PATIENCE)]

CONFIG = {
    "budgets.yml": """
tree:
  - {id: roomy, currency: USD, from: 2025-01, to: 2099-12, amount: 100}
  - {id: full, currency: USD, from: 2025-01, to: 2099-12, amount: 100}
  - {id: proposed, currency: USD, from: 2025-01, to: 2099-12, amount: 100}
""",
    "channels.yml": "channels: [{{name: us, type: webhook, to: '{url}'}}]\notherwise: us\n",
}
JOBS = """
from airflow.sdk import DAG, task

from finops_airflow.budget_gate import BudgetGateOperator


@task
def train():
    return "trained"


def job(dag_id, **gate):
    with DAG(dag_id, schedule=None, params={"cost": "10"}):
        asked = {"cost": "{{ params.cost }}", "currency": "USD", "poke_interval": 3, **gate}
        BudgetGateOperator(task_id="gate", **asked) >> train()


job("starts", budgets="roomy")
job("waits", budgets="proposed", timeout=3600)
job("is_skipped", budgets="full", over="skip")
job("is_wrong", budgets="nonesuch", retries=3)
"""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Chats]:
    """Whoever is told."""
    with chats() as found:
        yield found


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, receiver: Chats) -> Iterator[tuple[Settings, LocalAirflow]]:
    """Airflow over a home with three budgets as of today, with the jobs of a team and the DAG that tells people."""
    home = tmp_path_factory.mktemp("gated")
    settings = Settings(home=home, config_dir=home / "config")
    (home / "config").mkdir()
    for name, text in CONFIG.items():
        (home / "config" / name).write_text(text.format(url=receiver.url("webhook")) if "{url" in text else text)
    publish(settings)
    (home / "dags").mkdir()
    (home / "dags" / "jobs.py").write_text(JOBS)
    shutil.copy(settings.project_dir / "dags" / "deliver_notifications.py", home / "dags")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FINOPS_CHANNEL_HOSTS", "127.0.0.1")
        environment.setenv("FINOPS_CHANNEL_SECRETS", json.dumps({"us": "whsec_" + "c2VjcmV0" * 5}))
        with running(settings, options={"CORE__DAGS_FOLDER": home / "dags"}) as found:
            yield settings, found


def publish(settings: Settings) -> None:
    """Publish how three budgets stand today, through the door of results."""
    today = str(datetime.now(UTC).date())
    make(settings, JANUARY, "build-1", marts=FEW)
    rows: dict[str, list[dict[str, Any]]] = {
        BUDGETS.name: [
            budget("roomy", forecast=80, run_date=today),
            budget("full", actual=95, forecast=99, run_date=today),
            budget("proposed", forecast=50, run_date=today),
        ],
        PROPOSALS.name: [proposal("proposed", "approval", run_date=today)],
        DAYS.name: [],
    }
    content = {table.name: {today[:7]: _frame(table, rows[table.name])} for table in TABLES}
    results.publish(settings, "budgets", TABLES, content, "by hand")


def _frame(table: ResultTable, rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[each.name for each in table.columns if each.name != "billing_period"])


def states(airflow: LocalAirflow, dag_id: str, run_id: str) -> dict[str, str]:
    return {task["task_id"]: task["state"] for task in airflow.rest.tasks(dag_id, run_id)}


def answer(airflow: LocalAirflow, dag_id: str, run_id: str) -> dict[str, Any]:
    path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/gate/xcomEntries/budget_gate"
    found: dict[str, Any] = airflow.rest.get(path, deserialize="true")["value"]
    return found


def test_jobs_start_wait_without_a_slot_and_are_skipped_as_their_budgets_allow(airflow):
    settings, scheduler = airflow
    run_ids = {}
    for dag_id in ("starts", "waits", "is_skipped", "is_wrong"):
        scheduler.rest.unpause(dag_id)
        run_ids[dag_id] = scheduler.rest.trigger(dag_id)

    scheduler.wait("what need not wait", lambda: quiet(scheduler, "starts", "is_skipped", "is_wrong"), seconds=PATIENCE)
    assert states(scheduler, "starts", run_ids["starts"]) == {"gate": "success", "train": "success"}
    assert answer(scheduler, "starts", run_ids["starts"])["reasons"] == [
        "budget roomy: 90.00 USD of 100.00 USD with the job"
    ]
    assert states(scheduler, "is_skipped", run_ids["is_skipped"]) == {"gate": "skipped", "train": "skipped"}
    assert "109.00 USD would be expected of 100.00 USD" in str(
        answer(scheduler, "is_skipped", run_ids["is_skipped"])["reasons"]
    )
    (wrong,) = (each for each in scheduler.rest.tasks("is_wrong", run_ids["is_wrong"]) if each["task_id"] == "gate")
    assert (wrong["state"], wrong["try_number"]) == ("failed", 1), "no retry finds a budget that there is not"

    def waits_without_a_slot() -> bool:
        pool = scheduler.rest.get("pools/default_pool")
        is_waiting = states(scheduler, "waits", run_ids["waits"])["gate"] == "up_for_reschedule"
        return is_waiting and (pool["running_slots"], pool["queued_slots"]) == (0, 0)

    scheduler.wait("the job to wait", waits_without_a_slot, seconds=PATIENCE)
    assert "`finops budgets approve proposed" in str(answer(scheduler, "waits", run_ids["waits"])["reasons"])
    approve = ["budgets", "approve", "proposed", "--by", "Ann", "--until", "2099-12-31", "--reason", "the paper is due"]
    environment = {"FINOPS_HOME": str(settings.root), "FINOPS_CONFIG_DIR": str(settings.configuration_dir)}
    assert CliRunner().invoke(app, approve, env=environment).exit_code == 0
    scheduler.wait("the job that is approved", lambda: quiet(scheduler, "waits"), seconds=PATIENCE)
    assert states(scheduler, "waits", run_ids["waits"]) == {"gate": "success", "train": "success"}
    assert "approved by Ann" in str(answer(scheduler, "waits", run_ids["waits"])["reasons"])


def test_what_waits_in_the_outbox_is_told_once_by_the_scheduler(airflow, receiver: Chats):
    settings, scheduler = airflow
    event = Event("budget_breach", "budget/full/1", Severity.CRITICAL, "Budget full", "It is used up.")
    with open_state(settings).begin() as connection:
        outbox.add(connection, [event])
    scheduler.rest.unpause("deliver_notifications")
    scheduler.rest.trigger("deliver_notifications")
    scheduler.wait("people to be told", lambda: bool(receiver.taken["webhook"]), seconds=PATIENCE)
    scheduler.wait("the run to end", lambda: quiet(scheduler, "deliver_notifications"), seconds=PATIENCE)
    (posted,) = receiver.taken["webhook"]
    assert [each["key"] for each in posted.json["events"]] == ["budget/full/1"]
