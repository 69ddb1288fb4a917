"""How good forecasts are: made anew from what was known at past days, and held against what came.

Every model is tested on the same days as ours. Six forecasts of four weeks begin two weeks apart; forecasts of the
rest of each of the last three whole months begin after its fifteenth day. Days whose charges may still be arriving are
left out. Formulas: MASE as Hyndman & Koehler (2006) with the weekly naive forecast, sMAPE as M4.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from finops.core.sql import compose
from finops.forecasting import outlook
from finops.forecasting.models import ALL, TEAM, Hierarchy
from finops.forecasting.tables import SCORES
from finops.stores.published import Publication
from finops.stores.results import published_rows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

HORIZON = 28
ORIGINS = 6
_APART = 14
_MONTHS = 3
_MIDDLE = 15
_LEAST_DAYS = 21
"""Days of history from which a forecast is tested."""
_SEASON = 7

OURS = "ours"
_NOT_MODELS = frozenset(
    ("unique_id", "origin", "step", "ds", "y", "model", "lo_80", "hi_80", "lo_95", "hi_95", "trial", "scale")
)


def rows(tree: Hierarchy, first_open: pd.Timestamp, promised: pd.DataFrame | None = None) -> list[dict[str, Any]]:
    """Return the rows of ``mart_forecast_scores`` of a run.

    ``first_open`` is the first day that is not settled. ``promised`` has level, series, billing_currency, promised and
    actual of month totals that earlier runs published.
    """
    settled = int((tree.days < first_open).sum())
    tested = _tested(tree, [settled - _APART * n for n in range(ORIGINS)])
    months = _months(tree, settled)
    found = []
    for group, members in _groups(tree):
        part = tested[tested["unique_id"].isin(members)] if len(tested) else tested
        if len(part):
            errors = _month_errors(months, members)
            promise = None if promised is None else _promise_error(promised, group)
            found += [
                {"run_date": tree.run_date, **group, **each, "month_error": errors.get(each["model"])}
                | {"promise_error": promise if each["model"] == OURS else None}
                for each in _of_group(part)
            ]
    return found


def published(version: Publication | None, run_date: date, configuration: str) -> pd.DataFrame | None:
    """Return the published rows of a run date whose series were made by this configuration; None where none are.

    Testing takes longer than forecasting, and bills of one more hour change little of six months: once a day will do.
    """
    if version is None or "configuration" not in version.manifest.get("columns", {}).get(SCORES.name, ()):
        return None
    others = compose(
        "run_date <> cast({day} as date) or configuration is distinct from {configuration}",
        day=run_date.isoformat(),
        configuration=configuration,
    )
    found = published_rows(version, SCORES, [f"{run_date:%Y-%m}"], but=others)
    return found.drop(columns="billing_period") if len(found) else None


def _groups(tree: Hierarchy) -> Iterator[tuple[dict[str, str], set[str]]]:
    """Yield what is scored together: each level of a currency, and each team."""
    for (currency, level), part in tree.nodes.groupby(["billing_currency", "level"], sort=True):
        names = {"billing_currency": currency, "level": level}
        yield {**names, "cost_center": ALL}, set(part["unique_id"])
        if level == TEAM:
            for team, own in part.groupby("cost_center"):
                yield {**names, "cost_center": team}, set(own["unique_id"])


def _tested(tree: Hierarchy, ends: list[int]) -> pd.DataFrame:
    """Return the backtest of forecasts that end with each of some numbers of days."""
    import pandas as pd

    found = [_backtest(tree, end, HORIZON) for end in ends if end >= HORIZON + _LEAST_DAYS]
    found = [each for each in found if len(each)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["unique_id"])


def _backtest(tree: Hierarchy, end: int, horizon: int) -> pd.DataFrame:
    """Return what is said of the ``horizon`` days up to day number ``end`` from what was known before them."""
    import numpy as np
    import pandas as pd

    from finops.timeseries import panel as panels
    from finops.timeseries.forecasting import Options, backtest

    values = tree.values[:, :end]
    known = np.isfinite(values[:, : end - horizon]).sum(axis=1) >= min(_LEAST_DAYS, end - horizon)
    names = tree.nodes["unique_id"].to_numpy()[known]
    if not len(names):
        return pd.DataFrame(columns=["unique_id"])
    # Equal series, such as a parent and its only child, are tested once, as they are forecast once.
    rows, place = outlook.distinct(values[known])
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(names[rows], end),
            "ds": np.tile(tree.days[:end], len(rows)),
            "y": values[known][rows].ravel(),
        }
    )
    copies = pd.DataFrame({"unique_id": names[rows][place], "name": names})
    tested = backtest(panels.clean(frame.dropna(), "D"), horizon, 1, Options(adds_up=True)).merge(
        copies, on="unique_id"
    )
    tested = tested.drop(columns="unique_id").rename(columns={"name": "unique_id"})
    scale = pd.Series(_naive_error(values[known][:, : end - horizon]), index=names)
    return tested.assign(trial=end, scale=tested["unique_id"].map(scale))


def _naive_error(history: np.ndarray) -> np.ndarray:
    """Return the mean absolute change from week to week of each series; NaN where it never changed."""
    import numpy as np

    changes = np.abs(history[:, _SEASON:] - history[:, :-_SEASON])
    known = np.isfinite(changes)
    count = known.sum(axis=1)
    found = np.where(known, changes, 0.0).sum(axis=1) / np.where(count > 0, count, 1)
    return np.where((count > 0) & (found > 0), found, np.nan)


def _of_group(tested: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the scores of each model on some series."""
    import numpy as np

    actual, scale = tested["y"].to_numpy(float), tested["scale"].to_numpy(float)
    by_series = tested["unique_id"].to_numpy()
    counts = {
        "horizon_days": HORIZON,
        "series_count": tested["unique_id"].nunique(),
        "trial_count": len(tested[["unique_id", "trial"]].drop_duplicates()),
        "point_count": len(tested),
    }
    for model in [name for name in tested.columns if name not in _NOT_MODELS]:
        said = tested[model].to_numpy(float)
        total = np.abs(actual) + np.abs(said)
        percent = np.where(total > 0, 200 * np.abs(actual - said) / np.where(total > 0, total, 1.0), 0.0)
        spent = actual.sum()
        yield {
            "model": model,
            **counts,
            "mase": _mean_of_means(np.abs(actual - said) / scale, by_series),
            "smape": _mean_of_means(percent, by_series),
            "bias": float((said.sum() - spent) / abs(spent)) if abs(spent) > 0.005 else None,
            **_coverage(tested, actual, model == OURS),
        }


def _mean_of_means(values: np.ndarray, names: np.ndarray) -> float | None:
    import pandas as pd

    found = pd.Series(values).groupby(names).mean().mean()
    return None if pd.isna(found) else float(found)


def _coverage(tested: pd.DataFrame, actual: np.ndarray, has_bounds: bool) -> dict[str, Any]:
    import numpy as np

    found: dict[str, Any] = {}
    for level in (80, 95):
        # Half a cent is what rounding of published figures may take.
        inside = (actual >= tested[f"lo_{level}"] - 0.005) & (actual <= tested[f"hi_{level}"] + 0.005)
        found[f"covered_{level}"] = int(np.sum(inside)) if has_bounds else None
        found[f"coverage_{level}"] = float(np.mean(inside)) if has_bounds else None
    return found


def _months(tree: Hierarchy, settled: int) -> pd.DataFrame:
    """Return the forecasts from mid-month of whole months: series, model, month's error and its actual usage."""
    import numpy as np
    import pandas as pd

    parts = []
    days = tree.days[:settled]
    ends = [n + 1 for n in range(len(days)) if days[n].is_month_end and n + 1 >= days[n].day + _LEAST_DAYS - _MIDDLE]
    for end in ends[-_MONTHS:]:
        length = days[end - 1].day
        tested = _backtest(tree, end, length - _MIDDLE)
        if not len(tested):
            continue
        month = pd.Series(np.nansum(tree.values[:, end - length : end], axis=1), index=tree.nodes["unique_id"])
        models = [name for name in tested.columns if name not in _NOT_MODELS]
        summed = tested.groupby("unique_id")[["y", *models]].sum()
        errors = summed[models].sub(summed["y"], axis=0).abs()
        parts.append(errors.assign(actual=month.reindex(errors.index).abs()))
    return pd.concat(parts) if parts else pd.DataFrame(columns=["actual"])


def _month_errors(months: pd.DataFrame, members: set[str]) -> dict[str, float]:
    """Return per model the error of month totals as a part of what was spent, over all series together."""
    part = months[months.index.isin(members)]
    spent = float(part["actual"].sum())
    if spent <= 0:
        return {}
    return {str(model): float(error) / spent for model, error in part.drop(columns="actual").sum().items()}


def _promise_error(promised: pd.DataFrame, group: dict[str, str]) -> float | None:
    part = promised[(promised["level"] == group["level"])]
    part = part[part["billing_currency"] == group["billing_currency"]]
    if group["cost_center"] != ALL:
        part = part[part["series"] == group["cost_center"]]
    spent = float(part["actual"].abs().sum())
    return float((part["promised"] - part["actual"]).abs().sum()) / spent if spent > 0 else None
