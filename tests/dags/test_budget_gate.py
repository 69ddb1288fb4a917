"""The operator before an expensive job: what Airflow is told for each answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
)

from finops.core.errors import BadInput, Unavailable
from finops_airflow.budget_gate import KEY, BudgetGateOperator
from finops_airflow.clients import ec2_client_of
from finops_airflow.steps import budgets as budgets_steps


class Instance:
    """A task instance that was first put off some time ago, if ever."""

    def __init__(self, waited: timedelta | None = None) -> None:
        self.pushed: dict[str, object] = {}
        self._since = None if waited is None else datetime.now(UTC) - waited

    def xcom_push(self, key: str, value: object) -> None:
        self.pushed[key] = value

    def get_first_reschedule_date(self, _context: object) -> datetime | None:
        return self._since


def answers(monkeypatch, verdict: str, next_at: datetime | None = None) -> dict[str, object]:
    """Let the gate answer this; return what it was asked."""
    asked: dict[str, object] = {}

    def may_start(aws_conn_id, **given):
        asked.update(given, aws_conn_id=aws_conn_id)
        moment = None if next_at is None else next_at.isoformat()
        return {"verdict": verdict, "reasons": ["budget atlas: too dear", "so it is"], "next_at": moment}

    monkeypatch.setattr(budgets_steps, "may_start", may_start)
    return asked


def poke(instance: Instance, **arguments):
    gate = BudgetGateOperator(task_id="gate", budgets="atlas", **arguments)
    return gate.poke({"ti": instance})


def test_a_job_that_may_start_does_and_the_answer_is_what_the_gate_returns(monkeypatch):
    asked = answers(monkeypatch, "start")
    found = poke(instance := Instance(), cost="120", currency="USD", window="22:00-06:00", aws_conn_id="spot")
    assert (found.is_done, found.xcom_value["verdict"]) == (True, "start")
    assert instance.pushed[KEY] == found.xcom_value
    assert (asked["budgets"], asked["cost"], asked["aws_conn_id"]) == (("atlas",), "120", "spot")


def test_a_job_that_is_put_off_gives_its_slot_back_and_says_why(monkeypatch):
    answers(monkeypatch, "defer")
    before = datetime.now(UTC)
    with pytest.raises(AirflowRescheduleException) as raised:
        poke(instance := Instance(), poke_interval=60)
    assert before + timedelta(seconds=60) <= raised.value.reschedule_date <= datetime.now(UTC) + timedelta(seconds=60)
    assert instance.pushed[KEY]["reasons"] == ["budget atlas: too dear", "so it is"]


def test_it_is_asked_again_when_the_window_opens_and_not_before(monkeypatch):
    opens = datetime.now(UTC) + timedelta(hours=3)
    answers(monkeypatch, "defer", opens)
    with pytest.raises(AirflowRescheduleException) as raised:
        poke(Instance())
    assert raised.value.reschedule_date == opens


def test_a_window_that_opens_too_late_is_not_waited_for_beyond_the_time_out(monkeypatch):
    answers(monkeypatch, "defer", datetime.now(UTC) + timedelta(hours=3))
    with pytest.raises(AirflowRescheduleException) as raised:
        poke(Instance(), timeout=timedelta(hours=2))
    assert raised.value.reschedule_date < datetime.now(UTC) + timedelta(hours=2, seconds=1)


@pytest.mark.parametrize(("timed_out", "raises"), [("skip", AirflowSkipException), ("fail", AirflowSensorTimeout)])
def test_after_the_time_out_it_is_skipped_or_fails_with_the_last_reason(monkeypatch, timed_out, raises):
    answers(monkeypatch, "defer")
    with pytest.raises(raises, match="waited 2:00:00 in vain: budget atlas: too dear; so it is"):
        poke(Instance(waited=timedelta(hours=2, seconds=1)), timeout=timedelta(hours=2), timed_out=timed_out)


def test_a_job_that_is_skipped_says_why_in_log_and_xcom(monkeypatch, caplog):
    answers(monkeypatch, "skip")
    with caplog.at_level("INFO"), pytest.raises(AirflowSkipException, match="budget atlas: too dear; so it is"):
        poke(instance := Instance())
    assert instance.pushed[KEY]["verdict"] == "skip"
    assert "skip: budget atlas: too dear; so it is" in caplog.text


def test_what_a_person_must_mend_fails_at_once_and_what_passes_is_left_to_retries(home):
    gate = BudgetGateOperator(task_id="gate", budgets=["nonesuch"], retries=3)
    with pytest.raises(AirflowFailException, match="holds no budget nonesuch of costs; there are"):
        gate.execute({"ti": Instance()})


@pytest.mark.parametrize("error", [Unavailable("the state store is locked")])
def test_what_passes_by_itself_is_left_to_the_retries_of_the_task(monkeypatch, error):
    def fails(_conn, **_asked):
        raise error

    monkeypatch.setattr(budgets_steps, "may_start", fails)
    with pytest.raises(Unavailable):
        poke(Instance())


def test_the_scheduler_knows_that_it_gives_its_slot_back(monkeypatch):
    from airflow.serialization.serialized_objects import DagSerialization

    with DAG("jobs", schedule=None) as dag:
        BudgetGateOperator(task_id="gate", scope={"ai_project": "{{ params.project }}"}, cost="{{ params.cost }}")
    (task,) = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag)))).tasks
    assert task.reschedule is True
    assert set(task.template_fields) >= {"budgets", "scope", "cost", "currency"}


def test_a_connection_becomes_the_ec2_client_of_each_region(monkeypatch):
    extra = {"region_name": "eu-central-1", "endpoint_url": "http://127.0.0.1:5000"}
    definition = {"conn_type": "aws", "login": "AKIA1", "password": "x", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SPOT", json.dumps(definition))
    client = ec2_client_of("spot")("us-east-1")
    assert (client.meta.service_model.service_name, client.meta.region_name) == ("ec2", "us-east-1")
    assert client.meta.endpoint_url == "http://127.0.0.1:5000"
    with pytest.raises(BadInput, match="there is no Airflow Connection 'nonesuch'"):
        ec2_client_of("nonesuch")
