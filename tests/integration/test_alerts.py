"""A task that has failed, or a run that is late, reaches a person by mail and webhook, and never fails for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest
from pydantic import SecretStr
from servers import mail

from finops.core.errors import Finding
from finops.core.settings import Settings
from finops.pipelines import alerts
from finops_airflow import callbacks

pytestmark = pytest.mark.integration

CANARY = "canary-91c2-token"
FAILED = {
    "ti": SimpleNamespace(dag_id="build_marts", task_id="gate", map_index=-1, try_number=4),
    "dag_run": SimpleNamespace(run_id="manual__1", partition_key="2026-05"),
    "exception": Finding(f"3 rows <b>without</b>\na currency, by postgresql://u:{CANARY}@db/x"),
}
LATE = {
    "dag_run": {
        "dag_id": "ingest_billing_aws",
        "dag_run_id": "scheduled__2",
        "partition_key": None,
        "logical_date": "D",
    },
    "deadline": {"deadline_time": "2026-06-01T09:00:00Z"},
}


@dataclass
class Hook:
    """A webhook on loopback: what it got, and the status and address that it answers with."""

    url: str = ""
    got: list[dict[str, str]] = field(default_factory=list)
    status: int = 200
    location: str = ""


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(found.status)
            if found.location:
                self.send_header("Location", found.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_address[1]}/services/{CANARY}"
        yield found
        server.shutdown()


@pytest.fixture
def postbox(tmp_path: Path) -> Iterator[mail.MailServer]:
    with mail.mail_server(tmp_path) as server:
        yield server


@pytest.fixture
def configured(monkeypatch, tmp_path: Path, postbox: mail.MailServer, hook: Hook) -> None:
    """The settings of an operator who wants to hear of it."""
    for name, value in {
        "HOME": tmp_path / "home",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": postbox.port,
        "SMTP_USER": mail.USER,
        "SMTP_PASSWORD": mail.PASSWORD,
        "SMTP_SENDER": "finops@meridian.example",
        "SMTP_CA_FILE": postbox.ca_file,
        "ALERT_MAIL": "oncall@meridian.example, lead@meridian.example",
        "ALERT_WEBHOOK": hook.url,
    }.items():
        monkeypatch.setenv(f"FINOPS_{name}", str(value))
    monkeypatch.setattr(callbacks, "_link", lambda *_: "https://airflow.example/dags/build_marts/runs/manual__1")


@pytest.mark.usefixtures("configured")
def test_a_failed_task_is_told_with_its_run_its_month_its_reason_and_a_link(postbox, hook) -> None:
    callbacks.report_failure(FAILED)
    assert [to for to, _ in postbox.messages] == [["oncall@meridian.example"], ["lead@meridian.example"]]
    message = postbox.messages[0][1]
    assert message["Subject"] == "[finops] build_marts.gate failed for 2026-05"
    text = message.get_content()
    for fact in ("DAG: build_marts", "Task: gate", "Run: manual__1", "Period: 2026-05", "https://airflow.example/dags"):
        assert fact in text
    assert "Reason: Finding: 3 rows <b>without</b> a currency, by postgresql://u:***@db/x" in text
    (posted,) = hook.got
    assert (posted["event"], posted["dag_id"], posted["period"]) == ("task_failed", "build_marts", "2026-05")
    assert "&lt;b&gt;without" in posted["text"], "a chat must not take it for markup"
    assert CANARY not in text + json.dumps(posted)


@pytest.mark.usefixtures("configured")
def test_a_late_run_is_told(postbox, hook) -> None:
    callbacks.report_missed_deadline(LATE)
    assert postbox.messages[0][1]["Subject"] == "[finops] ingest_billing_aws is late for D"
    assert hook.got[0]["reason"] == "it was to be finished by 2026-06-01T09:00:00Z"


@pytest.mark.usefixtures("configured")
def test_one_address_that_fails_keeps_no_other_from_hearing(postbox, hook, caplog) -> None:
    postbox.refuse["oncall@meridian.example"] = "550 no such person"
    hook.status = 500
    callbacks.report_failure(FAILED)
    assert [to for to, _ in postbox.messages] == [["lead@meridian.example"]]
    assert "no alert by mail: oncall@meridian.example by 127.0.0.1" in caplog.text
    assert "no alert by webhook: the webhook answered 500" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.usefixtures("configured")
def test_a_redirect_takes_the_alert_nowhere(hook, caplog) -> None:
    hook.status, hook.location = 307, hook.url
    callbacks.report_failure(FAILED)
    assert len(hook.got) == 1
    assert "the webhook answered 307" in caplog.text


@pytest.mark.parametrize(
    "url", [f"http://hooks.example/{CANARY}", f"http://10.0.0.1/{CANARY}", "ftp://x/y", "words", "https://[::1"]
)
def test_a_webhook_without_encryption_gets_nothing(url: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, alert_webhook=SecretStr(url))
    (fault,) = alerts.task_failed(settings, "d", "t", "r", None, "why", None)
    assert "must be an https:// address" in fault or "gave no answer" in fault
    assert CANARY not in fault


@pytest.mark.parametrize("setting", ["FINOPS_SMTP_PORT", "FINOPS_THREADS"])
def test_settings_that_are_invalid_do_not_fail_the_task_again(setting, monkeypatch, caplog) -> None:
    monkeypatch.setenv(setting, "none")
    callbacks.report_failure(FAILED)
    callbacks.report_missed_deadline(LATE)
    assert caplog.text.count("nobody was told: BadInput") == 2


def test_nobody_is_told_where_nobody_is_named(tmp_path: Path) -> None:
    assert alerts.task_failed(Settings(home=tmp_path), "d", "t", "r", None, "why", None) == []
