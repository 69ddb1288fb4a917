"""``finops sample`` as a person or a script meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from finops.cli import app


def test_the_summary_is_json_that_a_script_can_read(tmp_path: Path) -> None:
    arguments = [
        "sample",
        "--out",
        str(tmp_path),
        "--months",
        "1",
        "--lines-per-month",
        "2000",
        "--provider",
        "gcp",
        "--json",
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert summary["periods"] == ["2025-01"]
    assert {total["provider"] for total in summary["totals"]} == {"gcp"}
    assert summary["totals"] == json.loads((tmp_path / "expected.json").read_text())
    assert not (tmp_path / "aws").exists()


def test_the_first_period_can_be_chosen(tmp_path: Path) -> None:
    arguments = [
        "sample",
        "--out",
        str(tmp_path),
        "--months",
        "2",
        "--lines-per-month",
        "2000",
        "--first-period",
        "2023-12",
    ]
    result = CliRunner().invoke(app, [*arguments, "--provider", "aws"])
    assert result.exit_code == 0
    assert "2023-12 to 2024-01" in result.stdout


def test_telemetry_can_be_left_out_and_that_of_an_earlier_sample_goes(tmp_path: Path) -> None:
    """Else what remains would be of resources that no bill has."""
    arguments = ["sample", "--out", str(tmp_path), "--months", "1", "--lines-per-month", "2000", "--provider", "aws"]
    told = CliRunner().invoke(app, arguments)
    assert "truths of the telemetry in" in told.stdout
    truths = json.loads((tmp_path / "telemetry" / "truths.json").read_text())
    assert {each["billing_period"] for each in truths} == {"2025-01"}

    untold = CliRunner().invoke(app, [*arguments, "--no-telemetry"])
    assert "truths" not in untold.stdout
    assert not (tmp_path / "telemetry").exists()


def test_bad_use_is_one_line_on_standard_error_and_status_2(tmp_path: Path) -> None:
    program = "import sys; from finops.cli import main; main()"
    command = [sys.executable, "-c", program, "sample", "--out", str(tmp_path), "--first-period", "2025-13"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "2025-13" in result.stderr
