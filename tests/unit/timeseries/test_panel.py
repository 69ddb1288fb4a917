"""A panel is in order, whatever a file looks like, and says what it left out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from finops.core.errors import BadInput
from finops.timeseries.panel import clean, read_csv, step_of


def written(folder: Path, text: str) -> Path:
    path = folder / "series.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_one_moment_are_summed_since_each_is_a_part_of_the_cost(tmp_path):
    panel = clean(read_csv(written(tmp_path, "unique_id,ds,y\nA,2025-01-02,3\nA,2025-01-01,2\nA,2025-01-02,1\n")), "D")
    assert panel.frame["y"].tolist() == [2.0, 4.0]
    assert panel.notes == ("1 rows repeat a series and moment and were summed",)


def test_moments_with_an_offset_become_utc(tmp_path):
    panel = clean(read_csv(written(tmp_path, "unique_id,ds,y\nA,2025-01-01T01:00:00+02:00,1\n")), "h")
    assert panel.frame["ds"].tolist() == [pd.Timestamp("2024-12-31 23:00:00")]


def test_a_series_without_a_finite_value_is_skipped_with_its_reason(tmp_path):
    panel = clean(read_csv(written(tmp_path, "unique_id,ds,y\nA,2025-01-01,\nA,2025-01-02,inf\nB,2025-01-01,1\n")), "D")
    assert [(each.unique_id, each.reason) for each in panel.skipped] == [("A", "it has no finite value")]
    assert panel.frame["unique_id"].unique().tolist() == ["B"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("unique_id,ds\nA,2025-01-01\n", "has no column y"),
        ("unique_id,ds,y\nA,soon,1\n", "line 2: ds 'soon' is no moment"),
        ("unique_id,ds,y\nA,2025-01-01,1\nA,2025-02-30,1\n", "line 3: ds '2025-02-30' is no moment"),
        ("unique_id,ds,y\nA,17,1\n", "ds '17' is no moment"),
        ("unique_id,ds,y\nA,2025-01-01,much\n", "y 'much' is no number"),
        ("unique_id,ds,y\n,2025-01-01,1\n", "unique_id is empty"),
        ("unique_id,ds,y\n", "no row"),
        ("", "no CSV file"),
    ],
)
def test_bad_input_is_one_line_that_names_file_column_and_value(tmp_path, text, words):
    with pytest.raises(BadInput) as caught:
        read_csv(written(tmp_path, text))
    assert words in str(caught.value)
    assert "series.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_decimal_amounts_are_numbers():
    rows = {"unique_id": ["A", "A"], "ds": pd.date_range("2025", periods=2), "y": [Decimal("1.5"), None]}
    assert clean(pd.DataFrame(rows), "D").frame["y"].iloc[0] == 1.5


def test_data_of_five_minutes_keeps_its_own_step():
    moments = pd.Series(pd.date_range("2025", periods=9, freq="5min"))
    assert step_of(moments, "h") == pd.Timedelta(minutes=5)


def test_days_with_gaps_stay_days():
    moments = pd.Series(pd.to_datetime(["2025-01-01", "2025-01-04", "2025-01-09"]))
    assert step_of(moments, "D") == pd.Timedelta(days=1)
