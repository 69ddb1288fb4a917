"""A panel: many series in one long table, read and put in order, with a reason for whatever is left out.

Grain: one row per series (``unique_id``) and moment (``ds``); ``y`` is a float in whatever unit the series has.
Moments are naive and UTC and say when a day or an hour begins.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from finops.core.errors import BadInput
from finops.core.text import shown

Freq = Literal["D", "h"]
"""Grain of the moments: days or hours."""

COLUMNS = ("unique_id", "ds", "y")

_STEPS = {"D": pd.Timedelta(days=1), "h": pd.Timedelta(hours=1)}
_FINER = 0.75
"""A median distance below this part of a step means that the series is of a finer grain than was said."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A series of which nothing can be said, and why."""

    unique_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Series in order: sorted by series and moment, one row each, ``y`` finite or missing.

    ``notes`` say in words what was put right; ``skipped`` are the series that have no row in ``frame``.
    """

    frame: pd.DataFrame
    freq: Freq
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def read_csv(path: Path) -> pd.DataFrame:
    """Read a file with the columns ``unique_id``, ``ds`` and ``y``; others are ignored, an empty ``y`` is missing.

    Raise BadInput for a file that is no such table: a missing column, a bad moment, text in ``y``.
    """
    try:
        found = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInput(f"{path} does not exist; give a CSV file with the columns unique_id, ds and y") from None
    except (IsADirectoryError, PermissionError) as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); give a CSV file") from None
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        why = " ".join(str(error).split())
        raise BadInput(
            f"{path} is no CSV file in UTF-8 with a header ({why}); its columns are unique_id,ds,y"
        ) from None
    missing = [name for name in COLUMNS if name not in found.columns]
    if missing:
        there = shown(", ".join(map(str, found.columns)), 200)
        raise BadInput(f"{path} has no column {', '.join(missing)} (it has {there}); the columns are unique_id,ds,y")
    if found.empty:
        raise BadInput(f"{path} has a header and no row; give at least one unique_id,ds,y")
    return _typed(found, str(path))


def clean(frame: pd.DataFrame, freq: Freq) -> Panel:
    """Put series in order: moments in UTC, sorted, one row per moment, values finite or missing.

    Rows of one series and moment are summed, since for money each is a part of it. A gap stays a gap. A series that
    has no finite value is skipped. Raise BadInput for a frequency or a table of another form.
    """
    if freq not in _STEPS:
        raise BadInput(f"freq {freq!r} is not known; use D for days or h for hours")
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise BadInput(f"the series have no column {', '.join(missing)}; the columns are unique_id, ds and y")
    rows = _typed(frame.loc[:, list(COLUMNS)], "the series")
    notes: list[str] = []
    is_bad = ~np.isfinite(rows["y"].to_numpy())
    if is_bad.any():
        notes.append(f"{int(is_bad.sum()):,} values are missing or not finite")
        rows["y"] = rows["y"].mask(is_bad)
    repeated = int(rows.duplicated(["unique_id", "ds"]).sum())
    if repeated:
        notes.append(f"{repeated:,} rows repeat a series and moment and were summed")
    in_order = rows.groupby(["unique_id", "ds"], sort=True, as_index=False)["y"].sum(min_count=1)
    has_any = in_order["y"].notna().groupby(in_order["unique_id"]).transform("any")
    empty = in_order.loc[~has_any, "unique_id"].unique()
    skipped = tuple(Skipped(str(name), "it has no finite value") for name in empty)
    return Panel(in_order.loc[has_any].reset_index(drop=True), freq, tuple(notes), skipped)


def step_of(moments: pd.Series, freq: Freq) -> pd.Timedelta:
    """Return the distance of one series' sorted moments: the step of ``freq``, or their own median where finer."""
    said = _STEPS[freq]
    if len(moments) < 3:
        return said
    own = moments.diff().median()
    return own if pd.Timedelta(0) < own < _FINER * said else said


def _typed(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return the three columns as text, naive UTC moments and floats. Raise BadInput naming the first bad value."""
    names = frame["unique_id"]
    is_nameless = names.isna() | (names.astype(str).str.strip() == "")
    if is_nameless.any():
        raise BadInput(f"{source}, {_place(is_nameless)}: unique_id is empty; give each series a name")
    return pd.DataFrame(
        {"unique_id": names.astype(str), "ds": _moments(frame["ds"], source), "y": _numbers(frame["y"], source)}
    )


def _moments(given: pd.Series, source: str) -> pd.Series:
    if isinstance(given.dtype, pd.DatetimeTZDtype):
        found = given.dt.tz_convert("UTC").dt.tz_localize(None)
    elif pd.api.types.is_datetime64_dtype(given.dtype):
        found = given
    else:
        texts = given.astype(str).str.strip()
        found = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce").dt.tz_localize(None)
        # Bare numbers are counters, not years.
        found = found.mask(texts.str.fullmatch(r"[-+]?\d{1,7}|\d{9,}"))
    if (is_bad := found.isna()).any():
        value = shown(str(given[is_bad].iloc[0]), 60)
        raise BadInput(
            f"{source}, {_place(is_bad)}: ds {value!r} is no moment; write 2025-01-31 or 2025-01-31 13:00:00, UTC"
        )
    return found.astype("datetime64[us]")


def _numbers(given: pd.Series, source: str) -> pd.Series:
    if pd.api.types.is_numeric_dtype(given.dtype) and not pd.api.types.is_complex_dtype(given.dtype):
        return given.astype(float)
    is_empty = given.isna() | given.astype(str).str.strip().str.lower().isin({"", "nan", "na", "null", "none"})
    found = pd.to_numeric(given.where(~is_empty).map(_as_float_text), errors="coerce").astype(float)
    if (is_bad := found.isna() & ~is_empty).any():
        value = shown(str(given[is_bad].iloc[0]), 60)
        raise BadInput(f"{source}, {_place(is_bad)}: y {value!r} is no number; write 1234.5, or leave it empty")
    return found


def _as_float_text(value: Any) -> Any:
    # Decimal amounts arrive as objects; what pandas would read from text is the same number.
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _place(is_bad: pd.Series) -> str:
    first: Hashable = is_bad.to_numpy().argmax()
    return f"line {int(str(first)) + 2}"
