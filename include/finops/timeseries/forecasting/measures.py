"""How good forecasts were: MASE, sMAPE, bias, coverage, and OWA as the M4 competition defines it.

M4: Makridakis, Spiliotis & Assimakopoulos (2020). MASE: Hyndman & Koehler (2006).
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from finops.timeseries.forecasting.grid import Floats

SEASONS = {"D": 7, "h": 24}
"""The rhythm that MASE's denominator and naive 2 use for days and for hours. M4 itself takes 1 for its daily series."""


def smape(actual: Floats, said: Floats) -> float:
    """Return the symmetric mean absolute percentage error, 0 to 200; two zeros count as no error."""
    total = np.abs(actual) + np.abs(said)
    return float(np.mean(np.where(total > 0, 200 * np.abs(actual - said) / np.where(total > 0, total, 1.0), 0.0)))


def naive_error(history: Floats, season: int) -> float:
    """Return the mean absolute change from season to season in history: MASE's denominator. NaN where there is none."""
    if len(history) <= season:
        season = 1
    if len(history) <= season:
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(np.nanmean(np.abs(history[season:] - history[:-season])))


def mase(actual: Floats, said: Floats, history: Floats, season: int) -> float:
    """Return the mean absolute error relative to the seasonal naive error in history; NaN where that is zero."""
    scale = naive_error(history, season)
    return float(np.mean(np.abs(actual - said)) / scale) if scale > 0 else float("nan")


def bias(actual: Floats, said: Floats) -> float:
    """Return forecast minus actual as a part of the actual total; NaN where that is zero."""
    total = float(np.sum(actual))
    return float(np.sum(said) - total) / abs(total) if total else float("nan")


def coverage(actual: Floats, low: Floats, high: Floats) -> float:
    """Return the part of actual values within bounds, both included, 0 to 1."""
    slack = 1e-9 * np.abs(actual)
    return float(np.mean((actual >= low - slack) & (actual <= high + slack)))


def by_series(tested: pd.DataFrame, history: pd.DataFrame, model: str, season: int) -> pd.DataFrame:
    """Return one row per series: points, mase, smape, bias and, where bounds are there, coverage_80 and coverage_95.

    ``tested`` has ``unique_id``, ``y``, a column named as the model, and ``lo_80`` to ``hi_95``, as a backtest returns;
    its ``origin``, where it has one, parts the values of history that were known.
    """
    past = {str(name): rows.sort_values("ds") for name, rows in history.groupby("unique_id")}
    found = []
    for name, rows in tested.groupby("unique_id", sort=True):
        actual, said = rows["y"].to_numpy(dtype=float), rows[model].to_numpy(dtype=float)
        known = past[str(name)]
        if "origin" in rows:
            known = known[known["ds"] <= rows["origin"].min()]
        row: dict[str, object] = {
            "unique_id": name,
            "points": len(rows),
            "mase": mase(actual, said, known["y"].to_numpy(dtype=float), season),
            "smape": smape(actual, said),
            "bias": bias(actual, said),
        }
        for level in (80, 95):
            if f"lo_{level}" in rows:
                low, high = (rows[f"{side}_{level}"].to_numpy(dtype=float) for side in ("lo", "hi"))
                row[f"coverage_{level}"] = coverage(actual, low, high)
        found.append(row)
    return pd.DataFrame(found)


def owa(ours: pd.DataFrame, naive2: pd.DataFrame) -> float:
    """Return M4's overall weighted average of two tables by series: mean sMAPE and mean MASE, each over naive 2's.

    Series whose MASE has no denominator are left out of MASE on both sides. Below 1 is better than naive 2.
    """
    both = ours.set_index("unique_id")[["smape", "mase"]].join(
        naive2.set_index("unique_id")[["smape", "mase"]].add_suffix("_naive2")
    )
    scaled = both.dropna(subset=["mase", "mase_naive2"])
    by_smape = both["smape"].mean() / both["smape_naive2"].mean()
    by_mase = scaled["mase"].mean() / scaled["mase_naive2"].mean()
    return float((by_smape + by_mase) / 2)
