"""When a task gives up, and what is said then."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace

import pytest

from finops.core.errors import BadInput, Finding, NotReady, Unavailable
from finops_airflow.callbacks import hide_secrets, report_failure, report_missed_deadline
from finops_airflow.defaults import TASK_DEFAULTS


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (BadInput("cost.csv: row 7: 'abc' is no number"), "fail"),
        (Finding("3 expectations failed"), "fail"),
        (NotReady("the manifest is still to come"), "default"),
        (Unavailable("another run holds the warehouse"), "default"),
        (ConnectionError("reset"), "default"),
    ],
)
def test_only_an_error_that_somebody_has_to_mend_stops_the_retries(error, action):
    from finops_airflow.retries import RetryIfItCanHelp

    decision = RetryIfItCanHelp().evaluate(error, try_number=1, max_tries=3)
    assert decision.action.value == action
    if action == "fail":
        assert decision.reason == str(error), "the UI shows why there is no retry"


def test_a_failure_is_one_line_of_json_that_names_the_run_and_the_month(caplog):
    context = {
        "ti": SimpleNamespace(dag_id="build_marts", task_id="gate", map_index=-1, try_number=1),
        "dag_run": SimpleNamespace(run_id="r1", partition_key="2025-01"),
        "exception": Finding("fct_focus_costs: 3 rows\nwithout a currency"),
    }
    with caplog.at_level(logging.ERROR):
        report_failure(context)
    (line,) = caplog.messages
    event, _, values = line.partition(" ")
    assert event == "task_failed"
    assert "\n" not in line, "an alert matches lines"
    assert json.loads(values) == {
        "dag_id": "build_marts",
        "task_id": "gate",
        "map_index": -1,
        "run_id": "r1",
        "billing_period": "2025-01",
        "tries": 1,
        "error": "Finding",
        "reason": "fct_focus_costs: 3 rows\nwithout a currency",
    }


def test_a_missed_deadline_names_the_run_that_is_late(caplog):
    context = {
        "dag_run": {"dag_id": "ingest_billing_aws", "dag_run_id": "r2", "partition_key": None},
        "deadline": {"id": "1", "deadline_time": "2025-01-01T09:00:00Z"},
    }
    with caplog.at_level(logging.ERROR):
        report_missed_deadline(context)
    assert caplog.messages[0].startswith("deadline_missed ")
    assert json.loads(caplog.messages[0].partition(" ")[2])["run_id"] == "r2"


def test_airflow_hides_the_secrets_of_the_environment_in_every_task(monkeypatch):
    """An error that is none of ours, such as a driver's, would otherwise stand in the task's log as it is."""
    from airflow.sdk import log

    hidden = []
    monkeypatch.setattr(log, "mask_secret", hidden.append)
    monkeypatch.setenv("FINOPS_STATE_URL", "postgresql://finops:canary-91c2@db/finops")
    hide_secrets({})
    assert "canary-91c2" in hidden
    assert TASK_DEFAULTS["on_execute_callback"] is hide_secrets


def test_a_failure_that_quotes_a_password_is_told_without_it(caplog):
    context = {
        "ti": SimpleNamespace(dag_id="build_marts", task_id="gate", map_index=-1, try_number=1),
        "dag_run": SimpleNamespace(run_id="r1", partition_key="2025-01"),
        "exception": RuntimeError("postgresql://u:canary-91c2@db refused"),
    }
    report_failure(context)
    assert "canary-91c2" not in caplog.text
    assert "postgresql://u:***@db refused" in caplog.text
