"""From published findings to a published saving, by the commands: plan, approve, apply, roll back, savings, journal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.rightsizing.engine import model_cloud
from tests.unit.rightsizing.engine.model_cloud import ModelCloud
from tests.unit.rightsizing.engine.world import finding
from tests.unit.transform.releases import JANUARY, make
from typer.testing import CliRunner

from finops.cli import app
from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings
from finops.pipelines import actions as pipeline
from finops.pipelines import results
from finops.quality import gate
from finops.quality.models import Given, RowRule, Suite
from finops.rightsizing.actions import registry
from finops.rightsizing.engine import service
from finops.stores import published
from finops.stores.results import ResultColumn, ResultTable
from finops.stores.state import suppressions
from finops.stores.state.store import open_state

TODAY = datetime.now(UTC).date()
RUN_DATE = TODAY - timedelta(days=10)
_MONEY = ("monthly_cost", "monthly_saving", "effective_cost")
POLICY = """
dry_run: {dry_run}
accounts: [{{id: "111122223333", provider: aws}}]
approvers: [ada, grace]
"""


def table(name: str, row: dict[str, Any]) -> ResultTable:
    """Return a table with a row's columns."""
    kinds = {date: "date", int: "bigint", float: "double", Decimal: "decimal(38,12)", str: "varchar"}
    columns = [ResultColumn(key, kinds[type(value)], "A column.") for key, value in row.items()]
    return ResultTable(name, "One row per thing.", (ResultColumn("billing_period", "varchar", "Month."), *columns), ())


def publish(settings: Settings, name: str, rows: list[dict[str, Any]]) -> None:
    month = {"2025-01": rows}
    results.publish(settings, name.replace("_", "-"), [table(name, rows[0])], {name: month}, "x")


def proposal(run_date: date) -> dict[str, Any]:
    empty = {"facts": "{}", "zone": "", "project": "", "note": "", "reason": ""}
    judged = {"confidence": 0.9, "risk": "low", "effort": "low"}
    row = finding(run_date=run_date, first_seen=run_date, **empty, **judged)
    return {name: value for name, value in row.items() if name != "tags"}


def costs() -> list[dict[str, Any]]:
    """A machine that cost 24 a day until the run date, and then nothing; another one that goes on."""
    days = [(RUN_DATE - timedelta(days=n), "i-1") for n in range(1, 15)]
    days += [(TODAY - timedelta(days=n), "i-2") for n in range(1, 25)]
    return [
        {
            "provider": "aws",
            "resource_id": name,
            "billing_currency": "USD",
            "charge_date": day,
            "effective_cost": Decimal(24),
            "billed_hours": 24.0,
        }
        for day, name in days
    ]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> ModelCloud:
    """A cloud with the machine, which the commands reach."""
    found = ModelCloud()
    found.add("i-1")
    monkeypatch.setattr(registry, "find", model_cloud.find)
    monkeypatch.setattr(service, "ConfiguredClients", lambda *_: found)
    monkeypatch.setattr(service, "SystemClock", model_cloud.QuickClock)
    return found


@pytest.fixture
def company(settings: Settings, tmp_path: Path, cloud: ModelCloud, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A company whose findings and costs of resources are published."""
    others: Callable[[str, Given], Suite] = gate.suite_of

    def suite_of(name: str, given: Given) -> Suite:
        own = ("mart_findings", "mart_resource_costs")
        anything = (RowRule("anything", "true", ("billing_period",)),)
        return Suite(name, anything, scope=given.months) if name in own else others(name, given)

    monkeypatch.setattr(gate, "suite_of", suite_of)
    make(settings, JANUARY, "build-1", marts=("fct_daily_costs",))
    publish(settings, "mart_findings", [proposal(RUN_DATE), proposal(TODAY)])
    publish(settings, "mart_resource_costs", costs())
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "rightsizing.yml").write_text(POLICY.format(dry_run="false"), encoding="utf-8")
    return settings.model_copy(update={"config_dir": tmp_path / "own"})


def run(company: Settings, *arguments: str) -> tuple[int, dict[str, Any]]:
    environment = {"FINOPS_HOME": str(company.root), "FINOPS_CONFIG_DIR": str(company.configuration_dir)}
    done = CliRunner().invoke(app, ["rightsizing", *arguments, "--json"], env=environment)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, json.loads(done.stdout)


def test_a_proposal_is_approved_applied_rolled_back_and_every_step_is_in_the_journal(
    company: Settings, cloud: ModelCloud
) -> None:
    _, planned = run(company, "plan", "--write")
    ident = planned["planned"][0]["action_id"]
    assert run(company, "apply") == (0, {"results": []})
    assert run(company, "approve", ident, "--by", "ada")[1]["approvals"] == 1
    status, applied = run(company, "apply")
    assert (status, applied["results"][0]["outcome"]) == (0, "applied")
    assert cloud.machines["i-1"]["state"] == "stopped"
    assert run(company, "rollback", ident, "--by", "grace")[1]["results"][0]["outcome"] == "applied"
    assert [what for _, what, _ in cloud.changes] == ["stop", "start"]
    _, shown = run(company, "list", "--all")
    assert (shown["actions"][0]["status"], shown["success_rate"]) == ("rolled_back", 1.0)
    status, verdict = run(company, "journal", "--verify")
    assert (status, verdict["fault"]) == (0, "")
    assert run(company, "journal", "--verify", "--known", "0" * 64)[0] == 1


def test_a_dry_run_changes_nothing(company: Settings, cloud: ModelCloud) -> None:
    (company.configuration_dir / "rightsizing.yml").write_text(POLICY.format(dry_run="true"), encoding="utf-8")
    ident = run(company, "plan", "--write")[1]["planned"][0]["action_id"]
    run(company, "approve", ident, "--by", "ada")
    assert run(company, "apply")[1]["results"][0]["outcome"] == "would"
    assert cloud.changes == []


def test_an_action_of_a_past_run_date_counts_from_it_and_what_it_saved_is_published(company: Settings) -> None:
    _, planned = run(company, "plan", "--write", "--run-date", str(RUN_DATE))
    ident = planned["planned"][0]["action_id"]
    run(company, "approve", ident, "--by", "ada")
    run(company, "apply")
    _, found = run(company, "savings")
    assert sum(Decimal(each["realised"]) for each in found["savings"]) == 240
    with published.latest(company).connect() as connection:
        rows = connection.execute(
            "select sum(realised), sum(days), min(effective_from) from mart_action_savings"
        ).fetchall()
    assert rows == [(Decimal(240), 10, RUN_DATE)]


def page_of(company: Settings) -> str:
    return (company.root / "rightsizing" / "savings.html").read_text(encoding="utf-8")


def published_actions(company: Settings) -> list[tuple[Any, ...]]:
    query = "select status, approved_by, hours_to_resolve is not null, rollback_of from mart_actions order by all"
    with published.latest(company).connect() as connection:
        return connection.execute(query).fetchall()


def test_without_any_action_the_page_says_so_and_nothing_is_published(company: Settings) -> None:
    before = published.latest(company).build_id
    assert run(company, "savings")[1] == {"savings": []}
    assert "No action yet" in page_of(company)
    assert published.latest(company).build_id == before


def test_actions_that_have_saved_nothing_yet_are_published_and_shown(company: Settings) -> None:
    ident = run(company, "plan", "--write")[1]["planned"][0]["action_id"]
    run(company, "savings")
    assert published_actions(company) == [("planned", "", False, "")]
    with published.latest(company).connect() as connection:
        assert connection.execute("select count(*) from mart_action_savings").fetchall() == [(0,)]
    shown = page_of(company)
    assert ident in shown
    assert "No action is done whose costs since are known" in shown


def test_settling_the_same_once_more_publishes_nothing(company: Settings) -> None:
    run(company, "plan", "--write")
    run(company, "savings")
    before = published.latest(company).build_id
    run(company, "savings")
    assert published.latest(company).build_id == before


def test_the_page_says_what_was_saved_who_approved_it_and_who_rolled_it_back(company: Settings) -> None:
    ident = run(company, "plan", "--write", "--run-date", str(RUN_DATE))[1]["planned"][0]["action_id"]
    run(company, "approve", ident, "--by", "ada")
    run(company, "apply")
    run(company, "rollback", ident, "--by", "grace")
    run(company, "savings")
    assert published_actions(company) == [("applied", "grace", False, ident), ("rolled_back", "ada", True, "")]
    shown = page_of(company)
    for words in ("approved by ada", "rolled back by grace", "240.00 USD", "100.0 %", "1 done of 1"):
        assert words in shown, words
    index = (company.root / "rightsizing" / "index.html").read_text(encoding="utf-8")
    assert 'href="savings.html"' in index
    assert 'href="index.html"' in shown


def test_a_rule_that_was_set_aside_is_on_the_page_with_the_reason(company: Settings) -> None:
    with open_state(company).begin() as connection:
        suppressions.disable(connection, "idle_gpu", "its last 3 actions realised 1%, 2%, 3%", datetime.now(UTC))
    run(company, "savings")
    assert "Idle GPU" in page_of(company)
    assert "its last 3 actions realised 1%, 2%, 3%" in page_of(company)


def test_every_decision_is_told_as_json(company: Settings) -> None:
    ident = run(company, "plan", "--write")[1]["planned"][0]["action_id"]
    said = ("--by", "ada", "--why", "it is needed")
    assert run(company, "dismiss", ident, *said)[1] == {
        "action_id": ident,
        "status": "rejected",
        "finding_key": "idle_machine:aws:i-1",
        "author": "ada",
        "reason": "it is needed",
        "until": str(TODAY + timedelta(days=90)),
    }
    until = str(TODAY + timedelta(days=5))
    assert run(company, "suppress", "idle_machine:aws:i-2", *said, "--until", until)[1]["until"] == until
    replayed = run(company, "plan", "--write", "--run-date", str(RUN_DATE))[1]
    assert replayed["planned"] == [], "what was dismissed is not planned"
    with open_state(company).begin() as connection:
        suppressions.disable(connection, "idle_gpu", "its savings did not come about", datetime.now(UTC))
    assert run(company, "enable", "idle_gpu", *said)[1] == {"rule": "idle_gpu", "is_enabled": True}


def test_an_action_that_a_person_has_ended_is_published_and_is_no_success(company: Settings, cloud: ModelCloud) -> None:
    ident = run(company, "plan", "--write")[1]["planned"][0]["action_id"]
    run(company, "approve", ident, "--by", "ada")
    cloud.faults = {cloud.calls + 2: model_cloud.BROKEN, cloud.calls + 3: model_cloud.DENIED}
    assert run(company, "apply")[1]["results"][0]["outcome"] == "unfinished"
    _, told = run(company, "abandon", ident, "--by", "grace", "--why", "stopped by hand")
    assert told == {
        "action_id": ident,
        "outcome": "abandoned",
        "reason": "grace has ended it by hand: stopped by hand",
    }
    run(company, "savings")
    assert published_actions(company) == [("abandoned", "ada", False, "")]
    shown = page_of(company)
    assert "0 done of 1 that were begun and have ended" in shown
    assert "stopped by hand" in shown


def test_a_rejected_action_is_told_as_json(company: Settings) -> None:
    ident = run(company, "plan", "--write")[1]["planned"][0]["action_id"]
    told = run(company, "reject", ident, "--by", "ada", "--why", "not now")[1]
    assert told == {"action_id": ident, "status": "rejected"}


def test_published_findings_are_written_as_code_into_a_folder(company: Settings, tmp_path: Path) -> None:
    resize = proposal(TODAY) | {"action": "resize_machine", "parameters": '{"instance_type": "m6i.large"}'}
    publish(company, "mart_findings", [resize])
    files = run(company, "plan", "--as-code", str(tmp_path / "code"))[1]["files"]
    assert [Path(each).parent.name for each in files] == ["cc-1001", "cc-1001"]
    assert "m6i.large" in Path(files[0]).read_text(encoding="utf-8")
    assert Path(files[1]).name == "PULL_REQUEST.md"
    assert service.every(company) == [], "no action is made"


def test_as_code_is_not_mixed_with_planning(company: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="leave --write and --run-date out"):
        run(company, "plan", "--write", "--as-code", str(tmp_path / "code"))


def test_without_findings_nothing_is_planned_and_this_is_said(settings: Settings, company: Settings) -> None:
    with pytest.raises(BadInput, match="no findings of 2020-01-01"):
        pipeline.plan(company, "finops", date(2020, 1, 1))


def test_before_findings_are_published_there_is_nothing_to_plan(settings: Settings) -> None:
    make(settings, JANUARY, "build-1", marts=("fct_daily_costs",))
    with pytest.raises(NotReady, match="no findings are published yet"):
        pipeline.plan(settings, "finops")
