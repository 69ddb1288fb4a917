"""What pipelines have to tell reaches the channels once, and what a person says at the command line has its effect."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from notifications.conftest import CANARY, Company, event
from sqlalchemy import delete
from typer.testing import CliRunner, Result

from finops.cli import app
from finops.core.errors import BadInput, Finding
from finops.core.events import Severity
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.pipelines import notices
from finops.stores.state import outbox, rejections
from finops.stores.state.store import open_state
from finops.stores.state.tables import delivery_attempts
from finops_airflow import callbacks
from finops_airflow.steps import bills
from finops_airflow.steps import notifications as notifications_steps

pytestmark = pytest.mark.integration
REJECTED = {"provider": Provider.AWS, "source": "bill", "fingerprint": "f", "period": BillingPeriod(2026, 1)}


@pytest.fixture
def environment(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """The company's settings as every process has them."""
    settings = company.settings
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(settings.configuration_dir))
    monkeypatch.setenv("FINOPS_CHANNEL_HOSTS", "127.0.0.1")
    assert settings.channel_secrets
    monkeypatch.setenv("FINOPS_CHANNEL_SECRETS", settings.channel_secrets.get_secret_value())


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["notify", *arguments])


def keys(company: Company) -> list[str]:
    with open_state(company.settings).begin() as connection:
        return [entry.event.key for entry in outbox.unrouted(connection)]


def test_a_rejected_delivery_is_told_once_and_so_is_its_end(company, chats):
    company.configure("slack")
    with open_state(company.settings).begin() as connection:
        rejections.record(connection, **REJECTED, outcome="quarantined", reason="3 rows without a currency")
        rejections.record(connection, **REJECTED, outcome="waiting", reason="no manifest yet")
    for _ in range(2):
        notices.deliver(company.settings)
    (told,) = chats.taken["slack"]
    assert "3 rows without a currency" in told.body.decode()
    with open_state(company.settings).begin() as connection:
        rejections.resolve(connection, Provider.AWS, "bill", BillingPeriod(2026, 1))
    for _ in range(2):
        notices.deliver(company.settings)
    assert [each.json["blocks"][0]["text"]["text"] for each in chats.taken["slack"]] == [
        "Warning: A delivery of bill was quarantined",
        "Resolved: A delivery of bill was quarantined",
    ]


def test_what_comes_back_after_its_end_is_told_again(company, chats):
    company.configure("slack")
    for _ in range(2):
        with open_state(company.settings).begin() as connection:
            rejections.record(connection, **REJECTED, outcome="refused", reason="not readable")
            number = rejections.standing(connection)[0].number
        for _ in range(2):
            notices.deliver(company.settings)
        with open_state(company.settings).begin() as connection:
            rejections.resolve(connection, Provider.AWS, "bill", BillingPeriod(2026, 1))
        notices.deliver(company.settings)
        with open_state(company.settings).begin() as connection:
            # As if it were the very same: what is held back has no number of its own.
            connection.execute(delete(delivery_attempts).where(delivery_attempts.c.attempt_id == number))
    titles = [each.json["blocks"][0]["text"]["text"].partition(":")[0] for each in chats.taken["slack"]]
    assert titles == ["Warning", "Resolved", "Warning", "Resolved"]


def failure(error: Exception) -> dict[str, Any]:
    return {
        "ti": SimpleNamespace(dag_id="build_marts", task_id="gate", map_index=-1, try_number=4),
        "dag_run": SimpleNamespace(run_id="manual__1", partition_key="2026-05"),
        "exception": error,
    }


@pytest.mark.usefixtures("environment")
def test_a_failed_task_is_an_event_but_for_one_whose_cause_is_an_event_of_its_own(company):
    company.configure("slack")
    callbacks.report_failure(failure(Finding("3 rows")))
    callbacks.report_failure(failure(Finding("3 rows")))
    assert keys(company) == ["task_failed/build_marts/manual__1/gate"]
    with pytest.raises(BadInput) as caught:
        bills.fail_on_blocked([{"source": "s", "landed": [], "blocked": ["bill 2026-01 quarantined: why"]}])
    callbacks.report_failure(failure(caught.value))
    assert len(keys(company)) == 1


@pytest.mark.usefixtures("environment")
def test_without_channels_nothing_is_put_and_nothing_delivered(company):
    company.configure()
    callbacks.report_failure(failure(Finding("3 rows")))
    assert keys(company) == []
    assert notifications_steps.deliver_notifications() == {"sent": 0, "put_off": 0, "parked": 0}


@pytest.mark.usefixtures("environment")
def test_a_run_fails_when_an_event_reaches_nobody(company, chats):
    company.configure("slack")
    notices.put(company.settings, [event("b/1")])
    chats.answers["slack"].append(403)
    with pytest.raises(Finding, match="1 events reach nobody: channel slack: it answered 403"):
        notifications_steps.deliver_notifications()


@pytest.mark.usefixtures("environment")
def test_a_channel_is_tried_at_the_command_line(company, chats):
    company.configure("slack", "pagerduty")
    assert run("test", "slack").stdout == "slack took a message of trial\n"
    assert json.loads(run("test", "pagerduty", "--json").stdout)["is_taken"]
    assert [each.json["event_action"] for each in chats.taken["pagerduty"]] == ["trigger", "resolve"], (
        "nobody is called"
    )
    chats.answers["slack"].append(403)
    failed = run("test", "slack", "--json")
    assert not json.loads(failed.stdout)["is_taken"]
    assert isinstance(failed.exception, Finding)
    assert CANARY not in failed.output + str(failed.exception)
    assert isinstance(run("test", "fax").exception, BadInput)


@pytest.mark.usefixtures("environment")
def test_what_is_parked_is_shown_and_sent_once_it_is_mended(company, chats):
    company.configure("slack")
    notices.put(company.settings, [event("b/1", Severity.CRITICAL)])
    chats.answers["slack"].append(400)
    assert isinstance(run("deliver").exception, Finding)
    (failed,) = json.loads(run("status", "--json").stdout)["failed"]
    assert (failed["state"], failed["fault"]) == ("parked", "it answered 400: invalid_blocks")
    assert "invalid_blocks" in run("status").stdout
    assert json.loads(run("deliver", "--parked", "slack", "--json").stdout)["sent"] == 1
    assert "b/1" in run("status").stdout
    assert json.loads(run("ack", "b/1", "--by", "Ann", "--json").stdout)["by"] == "Ann"
    assert run("ack", "b/1", "--by", "Bob").stdout == "Ann looks after 'b/1'\n"
    assert json.loads(run("status", "--json").stdout)["open"] == []


def test_a_secret_is_read_from_a_file_and_shown_nowhere(company, chats, caplog, tmp_path: Path):
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "secret"
    file.write_text(f"{chats.url('slack')}/{CANARY}-in-a-file\n", encoding="utf-8")
    company.configure("slack", options={"slack": {"secret_file": str(file)}})
    company.put(event("b/1", text=f"a bill that quotes {CANARY}-in-a-file"))
    company.deliver()
    (posted,) = chats.taken["slack"]
    assert CANARY not in caplog.text + posted.body.decode()
    file.unlink()
    company.put(event("b/2"))
    assert "its secret_file cannot be read (FileNotFoundError)" in company.deliver().faults[0]


@pytest.mark.parametrize("secrets", ["words", "[1]", "{}"])
def test_a_secret_that_is_missing_is_named_and_not_shown(secrets, company):
    from pydantic import SecretStr

    company.configure("slack")
    company.settings.channel_secrets = SecretStr(secrets)
    company.put(event("b/1"))
    (fault,) = company.deliver().faults
    assert "FINOPS_CHANNEL_SECRETS" in fault
    assert "words" not in fault
