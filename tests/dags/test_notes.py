"""The note on a run: left by its tasks, put there by the scheduler, never in the way of a person's or of the run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from finops.core.errors import Finding, NotReady
from finops.stores.candidate import Refusal, Verdict, save_verdict
from finops_airflow import notes
from finops_airflow.steps import marts

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Instance:
    """Stands in for a task instance: keeps what is pushed."""

    def __init__(self):
        self.pushed = {}

    def xcom_push(self, key, value):
        self.pushed[key] = value


@pytest.fixture
def session(bag):
    """A database with one run of `build_marts`, as the scheduler holds it when the run ends."""
    from airflow.models import DagRun, import_all_models
    from airflow.models.base import Base
    from airflow.utils.types import DagRunType
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    engine = create_engine("sqlite://")
    import_all_models()
    Base.metadata.create_all(engine)
    with Session(engine) as found:
        run = DagRun(dag_id="build_marts", run_id="run-1", run_type=DagRunType.MANUAL, run_after=NOON, start_date=NOON)
        found.add(run)
        found.flush()
        found.run = run
        yield found


def leave(session, task_id, words, minute):
    from airflow.models.xcom import XComModel

    values = {"dag_run_id": session.run.id, "dag_id": "build_marts", "run_id": "run-1", "task_id": task_id}
    at = NOON.replace(minute=minute)
    session.add(XComModel(**values, map_index=-1, key=notes.KEY, value=words, timestamp=at))
    session.flush()


def again(session, words):
    """Let the task that left something leave something else in its next try."""
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    session.scalars(select(XComModel)).one().value = words
    session.flush()


def test_the_scheduler_calls_the_listener(bag):
    from airflow import plugins_manager
    from airflow.listeners.listener import get_listener_manager

    plugins_manager.integrate_listener_plugins(get_listener_manager())
    callers = get_listener_manager().hook.on_dag_run_failed.get_hookimpls()
    assert notes.__name__ in {each.plugin.__name__ for each in callers}


def test_what_tasks_have_left_becomes_the_runs_note_in_their_order(session):
    leave(session, "publish", "published", minute=2)
    leave(session, "gate", "passed", minute=1)
    notes.on_dag_run_success(session.run, "success")
    assert session.run.note == "passed\n\npublished"


def test_a_run_that_is_cleared_gets_the_note_of_its_last_try(session):
    leave(session, "gate", "refused", minute=1)
    notes.on_dag_run_failed(session.run, "task_failure")
    assert session.run.note == "refused"
    again(session, "passed")
    notes.on_dag_run_success(session.run, "success")
    assert session.run.note == "passed"


def test_a_persons_note_stays_and_a_run_without_words_gets_none(session):
    notes.on_dag_run_success(session.run, "success")
    assert session.run.note is None
    session.run.note = ("seen, Ann", "ann")
    leave(session, "gate", "passed", minute=1)
    notes.on_dag_run_success(session.run, "success")
    assert session.run.note == "seen, Ann"


def test_a_note_is_no_longer_than_airflow_keeps(session):
    leave(session, "gate", "x" * 5000, minute=1)
    notes.on_dag_run_success(session.run, "success")
    assert len(session.run.note) == notes.LONGEST


def test_a_task_that_fails_leaves_its_note_and_its_own_error():
    instance = Instance()
    with pytest.raises(Finding, match="a cent"), notes.left_by(instance, lambda: "refused"):
        raise Finding("a cent is missing")
    assert instance.pushed == {notes.KEY: "refused"}


def test_a_note_that_cannot_be_made_fails_nothing(caplog):
    def words():
        raise NotReady("nothing is published yet")

    instance = Instance()
    notes.leave(instance, words)
    assert instance.pushed == {}
    assert "nothing is published yet" in caplog.text


@pytest.mark.parametrize(
    ("site", "link"),
    [("http://127.0.0.1:8081/", "[What the gate found](http://127.0.0.1:8081/quality/b1/index.html)"), ("", "`/")],
)
def test_the_note_of_a_build_says_what_the_gate_found_and_where(home, monkeypatch, site, link):
    monkeypatch.setenv("FINOPS_SITE_URL", site)
    assert marts.note_of_build("b1") == "Build b1 was not checked."
    save_verdict(home, Verdict("b1", False, ("mart_chargeback: a cent is missing", "two"), ()))
    assert marts.note_of_build("b1").startswith(
        "Build b1 was refused: mart_chargeback: a cent is missing (and 1 more). "
    )
    save_verdict(home, Verdict("b1", True, (), ("untagged",)))
    assert marts.note_of_build("b1").startswith("Build b1 passed the gate with 1 warning. ")
    save_verdict(home, Verdict("b1", True, (), ("untagged",), (Refusal("aws", "2025-01", ("a cent is missing",)),)))
    assert marts.note_of_build("b1").startswith("Build b1 passed the gate with 1 warning; held back: aws 2025-01. ")
    assert link in marts.note_of_build("b1")


def test_the_gate_leaves_its_note_also_when_it_refuses(bag, monkeypatch):
    def refuse(_build_id):
        raise Finding("1 expectation is broken")

    monkeypatch.setattr(marts, "pass_gate", refuse)
    monkeypatch.setattr(marts, "note_of_build", lambda _build_id: "refused")
    instance = Instance()
    with pytest.raises(Finding):
        bag.dags["build_marts"].get_task("gate").python_callable({"build_id": "b1"}, ti=instance)
    assert instance.pushed == {notes.KEY: "refused"}
