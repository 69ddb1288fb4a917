"""``finops forecast`` publishes what is to come, and is clear about what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.transform.releases import JANUARY, make
from typer.testing import CliRunner, Result

from finops.cli import app
from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FINOPS_HOME", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["forecast", *arguments])


def test_it_publishes_and_says_the_totals_and_where_the_page_is(home: Path) -> None:
    make(Settings(), JANUARY, "build-1")
    result = run("--run-date", "2025-01-20")
    assert result.exit_code == 0, result.output
    assert "Forecast from 2025-01-20 on:" in result.stdout
    assert "- rest of month: " in result.stdout
    assert f"The page is at {home / 'forecasts' / 'index.html'}" in result.stdout
    assert "What is to come from 20 January 2025" in (home / "forecasts" / "index.html").read_text(encoding="utf-8")


def test_json_has_exact_decimals(home: Path) -> None:
    make(Settings(), JANUARY, "build-1")
    found = json.loads(run("--run-date", "2025-01-20", "--json").stdout)
    assert found["run_date"] == "2025-01-20"
    assert {each["period"] for each in found["totals"]} >= {"month", "30 days"}
    assert all(isinstance(each["mean"], str) for each in found["totals"])


def test_before_anything_is_published_it_says_what_to_do_first(home: Path) -> None:
    assert isinstance(run().exception, NotReady)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--horizon", "3"), "--horizon is for --series"),
        (("--series", "x.csv", "--freq", "D", "--out", "y.csv"), "--series needs --horizon, too"),
        (("--series", "x.csv", "--run-date", "2025-01-20"), "--run-date is for what is published"),
        (("--run-date", "20/01/2025"), "--run-date '20/01/2025' is no day; write it as YYYY-MM-DD"),
    ],
)
def test_options_that_do_not_go_together_are_refused(home: Path, arguments: tuple[str, ...], says: str) -> None:
    found = run(*arguments).exception
    assert isinstance(found, BadInput)
    assert says in str(found)
