"""``finops forecast`` works on any series, and is clear about what it cannot use."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from tests.made_series import as_series
from typer.testing import CliRunner, Result

from finops.cli import app
from finops.core.errors import BadInput


def run(series: Path, *arguments: str, freq: str = "D") -> Result:
    out = series.with_name("out.csv")
    words = ["forecast", "--series", str(series), "--horizon", "3", "--freq", freq, "--out", str(out), *arguments]
    return CliRunner().invoke(app, words)


def test_it_writes_a_row_per_series_and_step_and_says_what_it_skipped(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    pd.concat([as_series("cost", range(30)), as_series("nothing", [None] * 5)]).to_csv(path, index=False)
    result = run(path)
    assert result.exit_code == 0, result.output
    assert "1 series, 3 steps each" in result.output
    assert "1 skipped" in result.output
    assert "skipped nothing: it has no finite value" in result.output
    found = pd.read_csv(tmp_path / "out.csv")
    assert found.columns.tolist() == ["unique_id", "ds", "mean", "lo_80", "hi_80", "lo_95", "hi_95", "model"]
    assert found["ds"].tolist() == ["2025-01-31", "2025-02-01", "2025-02-02"]


def test_figures_can_be_had_as_json(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    as_series("cost", range(30), freq="h").to_csv(path, index=False)
    found = json.loads(run(path, "--json", freq="h").output)
    assert (found["series"], found["rows"], found["skipped"]) == (1, 3, [])


def test_a_bad_file_is_one_line_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text("unique_id,ds,y\nA,2025-01-01,much\n", encoding="utf-8")
    result = run(path)
    assert isinstance(result.exception, BadInput)
    assert "line 2: y 'much' is no number" in str(result.exception)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("freq", ["W", "d", ""])
def test_an_unknown_frequency_is_refused(tmp_path: Path, freq: str) -> None:
    result = run(tmp_path / "series.csv", freq=freq)
    assert isinstance(result.exception, BadInput)
    assert "--freq" in str(result.exception)
