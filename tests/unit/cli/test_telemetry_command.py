"""``finops telemetry`` lands what is configured or named, says what it did, and exits with 0, 1 or 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.telemetry.delivered_files import a_row, at, write
from typer.testing import CliRunner, Result

from finops.cli import app
from finops.core.telemetry import TelemetryKind
from finops.telemetry import service
from finops.telemetry.models import IngestReport, Rejection


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with two configured sources, one file each."""
    (tmp_path / "config").mkdir()
    monkeypatch.setenv("FINOPS_HOME", str(tmp_path))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "config" / "telemetry.yml").write_text(
        'sources:\n  - {name: gpu, kind: resource_metrics, from: "{home}/gpu"}\n'
        '  - {name: runs, kind: training_runs, from: "{home}/runs/*.csv"}\n',
        encoding="utf-8",
    )
    write(tmp_path / "gpu" / "one.csv", [at(0), at(0), a_row(bucket_start="2025-02-01")])
    write(tmp_path / "runs" / "one.csv", [a_row(TelemetryKind.TRAINING_RUNS)])
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["telemetry", *arguments])


def test_every_configured_source_lands_and_a_second_run_finds_nothing_new(home: Path) -> None:
    first, second = run("ingest"), run("ingest")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "landed gpu resource_metrics 2025-01-31: 1 rows\n" in first.stdout
    assert "gpu: 2 days landed, 0 unchanged, 0 rejected, 1 files read with 3 rows, 0 known, 1 rows repeated" in (
        first.stdout
    )
    assert "runs: 0 days landed, 0 unchanged, 0 rejected, 0 files read with 0 rows, 1 known" in second.stdout


def test_json_has_every_day_and_count(home: Path) -> None:
    found = json.loads(run("ingest", "--source", "gpu", "--json").stdout)

    assert found["is_dry_run"] is False
    [gpu] = found["sources"]
    assert (gpu["source"], gpu["kind"], gpu["rows"], gpu["repeated"], gpu["rejected"]) == (
        *("gpu", "resource_metrics"),
        *(3, 1, []),
    )
    assert [(each["day"], each["row_count"]) for each in gpu["landed"]] == [("2025-01-31", 1), ("2025-02-01", 1)]


def test_status_says_by_source_and_kind_what_has_landed(home: Path) -> None:
    run("ingest")
    gpu, runs = json.loads(run("status", "--json").stdout)["telemetry"]

    assert (gpu["source"], gpu["days"], gpu["oldest_day"], gpu["newest_day"]) == ("gpu", 2, "2025-01-31", "2025-02-01")
    assert (runs["kind"], runs["row_count"], runs["set_apart"]) == ("training_runs", 1, 0)
    assert "2025-02-01" in run("status").stdout


def test_status_names_a_configured_source_of_which_nothing_has_landed(home: Path) -> None:
    run("ingest", "--source", "gpu")
    gpu, runs = json.loads(run("status", "--json").stdout)["telemetry"]

    assert (gpu["days"], runs["source"], runs["days"], runs["newest_day"], runs["landed_at"]) == (
        *(2, "runs", 0),
        *(None, None),
    )
    assert "runs" in run("status").stdout


def test_a_dry_run_lands_nothing(home: Path) -> None:
    done = run("ingest", "--dry-run", "--day", "2025-02-01", "--source", "gpu")

    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "new gpu resource_metrics 2025-02-01: 1 rows")
    assert [each["days"] for each in json.loads(run("status", "--json").stdout)["telemetry"]] == [0, 0]


def test_a_folder_needs_no_configuration(home: Path) -> None:
    (home / "config" / "telemetry.yml").unlink()
    done = run("ingest", "--kind", "resource_metrics", "--from", str(home / "gpu"))

    assert done.exit_code == 0
    assert "landed files resource_metrics 2025-01-31: 1 rows" in done.stdout


def test_without_any_source_there_is_nothing_to_do(home: Path) -> None:
    (home / "config" / "telemetry.yml").unlink()
    assert (run("ingest").exit_code, run("ingest").stdout) == (0, "no telemetry source\n")
    assert run("status").stdout == "No telemetry is configured, and none has landed.\n"


def test_a_past_day_of_an_inventory_is_told_and_no_failure(home: Path) -> None:
    entry = "{name: aws, kind: resource_inventory, type: aws_inventory, regions: [us-east-1]}"
    (home / "config" / "telemetry.yml").write_text(f"sources: [{entry}]\n", encoding="utf-8")
    said = "aws: 2025-01-31 is over, and aws_inventory tells what is now; the day keeps what has landed"
    found = run("ingest", "--day", "2025-01-31")
    assert (found.exit_code, found.stderr) == (0, f"finops: warning: {said}\n")
    [source] = json.loads(run("ingest", "--day", "2025-01-31", "--json").stdout)["sources"]
    assert (source["notes"], source["rejected"], source["landed"]) == ([said], [], [])


def test_a_source_that_cannot_be_read_does_not_stop_the_others(home: Path) -> None:
    (home / "gpu" / "one.csv").unlink()
    (home / "gpu").rmdir()
    done = run("ingest")

    assert done.exit_code == 2
    assert f"finops: refused: gpu: {home / 'gpu'} does not exist; correct `from` of source gpu" in done.stderr
    assert "landed runs" in done.stdout


def test_a_bad_file_is_exit_status_two_and_one_that_is_still_written_is_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "gpu" / "bad.csv", [at(0, average="x")])
    done = run("ingest", "--source", "gpu")
    assert done.exit_code == 2
    assert "finops: refused: gpu: bad.csv, line 2: average 'x' is no number" in done.stderr

    waits = Rejection("gpu", TelemetryKind.RESOURCE_METRICS, "one.csv: changed", "one.csv", is_waiting=True)
    report = IngestReport("gpu", TelemetryKind.RESOURCE_METRICS, rejections=(waits,))
    monkeypatch.setattr(service, "ingest", lambda *_, **__: report)
    done = run("ingest", "--source", "gpu")
    assert (done.exit_code, done.stderr) == (1, "finops: waiting: one.csv: changed\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--source", "tpu"), "there is no source 'tpu' in telemetry.yml; it has gpu, runs"),
        (("--day", "31.1.2025"), "day '31.1.2025' is not of the form YYYY-MM-DD"),
        (("--kind", "checkpoints"), "--kind needs --from"),
        (("--from", "."), "--from needs --kind, one of resource_metrics"),
        (("--from", ".", "--kind", "checkpoints", "--source", "../x"), "a name has lower-case letters"),
    ],
)
def test_an_option_that_cannot_be_used_is_one_line(home: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in str(run("ingest", *arguments).exception)
