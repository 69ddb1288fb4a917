"""``finops incidents`` lists and shows what is published, takes answers, and is clear about what it cannot find."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.anomalies.bills import publish, steady, times
from tests.unit.anomalies.test_service import APRIL_20, APRIL_24, DAYS, others
from tests.unit.anomalies.watch import run as watch
from typer.testing import CliRunner, Result

from finops.cli import app
from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings


@pytest.fixture
def ident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of the one incident that is published in FINOPS_HOME."""
    monkeypatch.setenv("FINOPS_HOME", str(tmp_path))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(tmp_path))
    publish(Settings(), [*times(steady(DAYS), 5, APRIL_20, APRIL_24), *others()])
    (found,) = watch(Settings())
    return str(found["incident_id"])


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["incidents", *arguments])


def test_the_list_has_open_ones_and_on_demand_all(ident: str) -> None:
    assert json.loads(run("list", "--json").stdout) == {"incidents": []}
    (found,) = json.loads(run("list", "--all", "--json").stdout)["incidents"]
    assert (found["incident_id"], found["state"], found["first_day"]) == (ident, "closed", "2025-04-20")
    assert ident in run("list", "--all").stdout


def test_one_is_shown_with_its_cause_in_exact_decimals(ident: str) -> None:
    said = run("show", ident).stdout
    assert said.startswith(f"{ident} Amazon SageMaker · account 100 · atlas (spike, closed: back to usual)")
    assert "Cause: provider aws" in said
    found = json.loads(run("show", ident, "--json").stdout)
    assert [each["rank"] for each in found["causes"]] == list(range(1, len(found["causes"]) + 1))
    assert found["excess_cost"].endswith("0000000000")


def test_an_answer_is_kept_and_the_next_run_has_it(ident: str) -> None:
    assert json.loads(run("feedback", ident, "yes", "--by", "ada", "--json").stdout)["verdict"] == "yes"
    (found,) = watch(Settings())
    assert (found["verdict"], found["verdict_by"]) == ("yes", "ada")


def test_an_unknown_incident_or_day_is_named(ident: str) -> None:
    assert isinstance(run("show", "INC-0").exception, BadInput)
    result = run("feedback", "INC-0", "yes", "--by", "ada")
    assert "there is no incident 'INC-0'" in str(result.exception)
    assert "'soon' is no day" in str(run("detect", "--run-date", "soon").exception)


def test_before_any_run_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_HOME", str(tmp_path))
    publish(Settings(), steady(20))
    result = run("list")
    assert isinstance(result.exception, NotReady)
    assert "finops incidents detect" in str(result.exception)
