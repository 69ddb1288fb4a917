"""What ``finops doctor`` tries: each thing by itself, so that one fault hides no other and holds nothing back."""

from __future__ import annotations

import json
import shutil
import time

import pytest
from typer.testing import CliRunner

from finops.cli import app
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.pipelines import doctor
from finops.pipelines.doctor import Connections, State
from finops.policy import rightsizing
from finops.rightsizing import reach


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A company that gets AWS's bills from a folder and Azure's by an Airflow Connection."""
    config = tmp_path / "config"
    shutil.copytree(Settings().project_dir / "include" / "config", config)
    (tmp_path / "bills").mkdir()
    sources = [
        {"name": "ours", "provider": "aws", "uri": str(tmp_path / "bills")},
        {"name": "theirs", "provider": "azure", "uri": "az://account/container", "connection": "azure_bills"},
    ]
    (config / "sources.yml").write_text(json.dumps({"sources": sources}))
    (config / "telemetry.yml").write_text("sources: []\n")
    return Settings(home=tmp_path / "home", config_dir=config)


def by_name(settings: Settings, connections: Connections | None = None) -> dict[str, doctor.Check]:
    return {each.name: each for each in doctor.run(settings, connections)}


def test_a_company_that_lacks_nothing_is_told_so(settings):
    untried = {each.name for each in doctor.run(settings) if each.state is State.NOT_TRIED}
    assert State.FAULT not in {each.state for each in doctor.run(settings)}
    accounts = rightsizing.load(settings).accounts
    assert untried == {"theirs", *(f"{each.provider} {each.id}" for each in accounts)}


def test_what_airflow_alone_can_reach_is_not_called_a_fault_outside_it(settings):
    found = by_name(settings)["theirs"]
    assert (found.state, found.text) == (
        State.NOT_TRIED,
        "its credentials are in the Airflow Connection azure_bills",
    )


def test_a_connection_that_is_missing_is_named_where_airflow_runs(settings):
    def client_for(source):
        raise BadInput(f"there is no Airflow Connection {source.connection!r}; create it")

    found = by_name(settings, Connections(bills=client_for))
    assert found["theirs"].state is State.FAULT
    assert "azure_bills" in found["theirs"].text
    assert found["ours"].state is State.OK, "the fault of one source is not the other's"


def test_a_folder_that_is_gone_and_an_invalid_file_are_both_named(settings):
    shutil.rmtree(settings.config_dir.parent / "bills")
    (settings.config_dir / "kpis.yml").write_text("targets: {tag_compliance: many}\n")
    found = by_name(settings)
    assert "bills" in found["ours"].text
    assert "tag_compliance" in found["kpis.yml"].text
    assert {found["ours"].state, found["kpis.yml"].state} == {State.FAULT}


def test_a_monitoring_system_that_is_not_there_is_named(settings):
    source = {"name": "gpus", "kind": "resource_metrics", "type": "prometheus", "url": "http://127.0.0.1:9"}
    source |= {"columns": {"provider": "aws", "resource_id": {"from": "instance"}}}
    (settings.config_dir / "telemetry.yml").write_text(json.dumps({"sources": [source]}))
    found = by_name(settings)
    assert found["telemetry.yml"].text == ""
    assert found["gpus"].state is State.FAULT
    assert "127.0.0.1:9" in found["gpus"].text


def with_accounts(settings: Settings, *accounts: dict[str, object], **values: object) -> dict[str, doctor.Check]:
    content = {"dry_run": False, "approvers": ["ada"], "accounts": accounts, **values}
    (settings.config_dir / "rightsizing.yml").write_text(json.dumps(content))
    return {each.name: each for each in doctor.run(settings) if each.area == "actions"}


def test_it_says_whether_actions_are_done_who_approves_and_what_stops_them(settings):
    found = with_accounts(settings)
    assert (found["dry_run"].text, found["approvers"].text, found["kill switch"].text) == ("false", "ada", "off")
    assert with_accounts(settings, dry_run=True)["dry_run"].text == "true: actions are only shown"
    assert "actions_enabled is false" in with_accounts(settings, actions_enabled=False)["kill switch"].text
    (settings.root / "STOP_ACTIONS").touch()
    assert "STOP_ACTIONS is there" in with_accounts(settings)["kill switch"].text


def test_actions_that_nobody_can_approve_are_a_fault(settings):
    found = with_accounts(settings, approvers=[])["approvers"]
    assert found.state is State.FAULT
    assert "name approvers in rightsizing.yml" in found.text
    assert with_accounts(settings, approvers=[], dry_run=True)["approvers"].state is State.OK


def test_an_account_is_tried_once_actions_are_done_and_not_where_only_airflow_can(settings, monkeypatch):
    account = {"id": "111122223333", "provider": "aws"}
    monkeypatch.setattr(reach, "reach", lambda policy, account, clients, *, denies: f"{account.id} was tried")
    name = "aws 111122223333"
    assert with_accounts(settings, account)[name].text == "111122223333 was tried"
    assert with_accounts(settings, account, dry_run=True)[name].state is State.NOT_TRIED
    asked = {each.name: each for each in doctor.run(settings, tries_actions=True)}
    assert asked[name].text == "111122223333 was tried"
    assert with_accounts(settings, {**account, "connection": "aws_actions"})[name].text == (
        "its credentials are in the Airflow Connection aws_actions"
    )
    assert with_accounts(settings, {**account, "is_allowed": False})[name].state is State.NOT_TRIED


def test_the_login_of_a_connection_reaches_the_account_where_airflow_runs(settings, monkeypatch):
    account = {"id": "111122223333", "provider": "aws", "connection": "aws_actions"}
    with_accounts(settings, account)
    asked = []

    def reached(policy, account, clients, *, denies):
        asked.append(clients.aws(account.id) is not None)
        return "tried"

    monkeypatch.setattr(reach, "reach", reached)
    logins = []
    found = by_name(settings, Connections(actions=lambda each: logins.append(each.connection) or object()))
    assert (found["aws 111122223333"].text, asked, logins) == ("tried", [True], ["aws_actions"])


def test_where_a_budget_may_deny_an_account_is_tried_for_that_too(settings, monkeypatch):
    asked = []
    monkeypatch.setattr(reach, "reach", lambda policy, account, clients, *, denies: asked.append(denies) or "tried")
    with_accounts(settings, {"id": "111122223333", "provider": "aws"})
    keys = "id: all, currency: USD, from: 2025-01, to: 2025-12, amount: 9"
    for action in ("stop", "deny"):
        text = f"tree:\n  - {{{keys}, actions: [{{do: {action}}}]}}\n"
        (settings.config_dir / "budgets.yml").write_text(text, encoding="utf-8")
        by_name(settings)
    assert asked[1:] == [False, True], "the sample has one that may"


def test_what_hangs_is_given_up_and_holds_back_nothing(settings, monkeypatch):
    monkeypatch.setattr(doctor, "SECONDS", 0.05)
    found = doctor._tried("bills", "slow", lambda: time.sleep(5))
    assert found.state is State.FAULT
    assert "did not answer" in found.text


def test_the_command_exits_1_when_something_is_missing_and_prints_json(settings):
    shutil.rmtree(settings.config_dir.parent / "bills")
    environment = {"FINOPS_HOME": str(settings.root), "FINOPS_CONFIG_DIR": str(settings.config_dir)}
    done = CliRunner().invoke(app, ["doctor", "--json"], env=environment)
    states = {each["name"]: each["state"] for each in json.loads(done.stdout)}
    assert done.exit_code == 1
    assert (states["ours"], states["home"]) == ("fault", "ok")
