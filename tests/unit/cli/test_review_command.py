"""``finops review`` says what matters and where the page is, and is clear about a week that it cannot show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.review.full_week import full_week
from tests.unit.review.published_kpis import publish_kpis
from typer.testing import CliRunner, Result

from finops.cli import app
from finops.core.errors import BadInput
from finops.core.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FINOPS_HOME", str(tmp_path))
    publish_kpis(Settings(), full_week())
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["review", *arguments])


def test_it_says_what_matters_and_where_the_page_is(home: Path) -> None:
    result = run()
    assert result.exit_code == 0
    assert "Review of the week of 2025-02-03:\n- 3 of 5 KPIs with a target miss it.\n" in result.stdout
    assert f"It is at {home / 'reviews' / 'week=2025-02-03' / 'index.html'}" in result.stdout


def test_json_has_each_kpi_in_exact_decimals(home: Path) -> None:
    found = json.loads(run("--week", "2025-01-27", "--json").stdout)
    assert (found["week"], found["is_whole"]) == ("2025-01-27", True)
    cost = next(each for each in found["kpis"] if each["kpi"] == "cost_per_gpu_hour")
    assert (cost["standing"], cost["target"]) == ("missed", "2.500000000000")
    assert [each["subject"] for each in cost["reasons"]] != []


def test_a_folder_of_ones_own_is_written_and_nothing_else(home: Path, tmp_path: Path) -> None:
    assert run("--out", str(tmp_path / "mine")).exit_code == 0
    assert (tmp_path / "mine" / "review.pdf").exists()
    assert not (home / "reviews").exists()


@pytest.mark.parametrize(
    ("week", "says"),
    [
        ("tomorrow", "--week 'tomorrow' is no day; write it as YYYY-MM-DD"),
        ("2025-02-09", "2025-02-09 is a Sunday; a week begins on a Monday, so say --week 2025-02-03"),
        ("2019-01-07", "no KPIs are published of the week of 2019-01-07"),
    ],
)
def test_a_week_that_cannot_be_shown_is_one_clear_line(home: Path, week: str, says: str) -> None:
    error = run("--week", week).exception
    assert isinstance(error, BadInput)
    assert says in str(error)
