"""``finops anomalies`` scores any file of series, and says in one line what is wrong with a file that is none."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from finops.cli import app
from finops.core.errors import BadInput

HEADER = ["unique_id", "ds", "score", "is_anomaly", "expected", "lo", "hi", "kind"]


def _series(folder: Path) -> Path:
    file = folder / "series.csv"
    days = [f"2024-{month:02}-{day:02}" for month in range(1, 7) for day in range(1, 29)]
    lines = [f"steady,{ds},{500 if ds == '2024-05-20' else 100 + at % 3}" for at, ds in enumerate(days)]
    file.write_text("\n".join(["unique_id,ds,y", *lines, "empty,2024-01-01,"]) + "\n")
    return file


def test_each_point_gets_a_score_and_the_odd_one_is_an_anomaly(tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    found = CliRunner().invoke(app, ["anomalies", "--series", str(_series(tmp_path)), "--out", str(out)])
    assert found.exit_code == 0, found.output
    rows = list(csv.DictReader(out.open()))
    assert list(rows[0]) == HEADER
    assert [row["ds"] for row in rows if row["is_anomaly"] == "True"] == ["2024-05-20"]
    assert max(rows, key=lambda row: float(row["score"]))["ds"] == "2024-05-20"


def test_the_hours_in_which_gpus_were_forgotten_are_anomalies_and_nights_are_not(tmp_path: Path) -> None:
    """Six weeks of a cluster that works by day; eight machines more run on one night."""
    file, out = tmp_path / "hours.csv", tmp_path / "scores.csv"
    forgotten = range(35 * 24 + 1, 35 * 24 + 5)
    lines = []
    for hour in range(42 * 24):
        cost = (96 if 8 <= hour % 24 < 19 else 24) + hour * 7 % 5 + (200 if hour in forgotten else 0)
        lines.append(f"cluster,2024-{3 + hour // 744:02}-{1 + hour % 744 // 24:02}T{hour % 24:02}:00,{cost}")
    file.write_text("\n".join(["unique_id,ds,y", *lines]) + "\n")
    arguments = ["anomalies", "--series", str(file), "--freq", "h", "--out", str(out)]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.output
    odd = [row["ds"] for row in csv.DictReader(out.open()) if row["is_anomaly"] == "True"]
    assert odd[0] == "2024-04-05 01:00:00"
    assert all(ds.startswith("2024-04-05 0") for ds in odd)


def test_series_of_which_nothing_can_be_said_are_counted_with_their_reason(tmp_path: Path) -> None:
    arguments = ["anomalies", "--series", str(_series(tmp_path)), "--out", str(tmp_path / "o.csv")]
    text = CliRunner().invoke(app, arguments)
    assert "Skipped 1 series: it has no finite value" in text.output
    figures = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert figures["series"] == 1
    assert figures["alerts_by_kind"] == {"spike": 1}
    assert [each["unique_id"] for each in figures["skipped"]] == ["empty"]


@pytest.mark.parametrize(
    ("text", "freq", "says"),
    [
        ("unique_id,ds\na,2024-01-01\n", "D", "has no column y"),
        ("unique_id,ds,y\na,2024-01-01,much\n", "D", "'much'"),
        ("unique_id,ds,y\na,someday,1\n", "h", "'someday'"),
        ("unique_id,ds,y\na,2024-01-01,1\n", "W", "--freq 'W'"),
    ],
)
def test_a_file_that_holds_no_series_is_refused_in_one_line(tmp_path: Path, text: str, freq: str, says: str) -> None:
    file, out = tmp_path / "bad.csv", tmp_path / "o.csv"
    file.write_text(text)
    found = CliRunner().invoke(app, ["anomalies", "--series", str(file), "--freq", freq, "--out", str(out)])
    assert isinstance(found.exception, BadInput)
    assert says in str(found.exception)
    assert "\n" not in str(found.exception)
    assert not out.exists()
