"""Forecasts of a hierarchy's usage by the engine, reconciled so that children sum to parents in whole units."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.core.money import digits_of
from finops.forecasting.events import Planned
from finops.forecasting.models import BOUNDS, TEAM, Hierarchy, Outlook

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Progress = Callable[[str, int, int], None]

_FIGURES = ("mean", *BOUNDS)


def of_days(tree: Hierarchy, horizon: int, planned: Planned, progress: Progress | None = None) -> Outlook:
    """Return the outlook by day for ``horizon`` days from the run date on."""
    import pandas as pd

    moments = pd.date_range(pd.Timestamp(tree.run_date), periods=horizon, freq="D")
    return _outlook(tree.nodes, tree.values, tree.days, moments, "D", planned, progress)


def of_hours(nodes: pd.DataFrame, values: np.ndarray, hours: pd.DatetimeIndex, moments: pd.DatetimeIndex) -> Outlook:
    """Return the outlook by hour: values ``[series, hour]`` are NaN where an hour is not known."""
    return _outlook(nodes, values, hours, moments, "h", None, None)


def _outlook(
    nodes: pd.DataFrame,
    values: np.ndarray,
    known_at: pd.DatetimeIndex,
    moments: pd.DatetimeIndex,
    freq: str,
    planned: Planned | None,
    progress: Progress | None,
) -> Outlook:
    import numpy as np

    is_known = np.isfinite(values).any(axis=1)
    nodes, values = nodes[is_known].reset_index(drop=True), values[is_known]
    if planned is not None:
        values = values - planned.past[is_known]
    rows, place = distinct(values)
    names = nodes["unique_id"].iloc[rows].tolist()
    steps, sums, models = _said(names, values[rows], known_at, moments, freq, planned, progress)
    steps = {name: each[place] for name, each in steps.items()}
    sums = {name: each[place] for name, each in sums.items()}
    mean, bounds = reconciled(nodes, moments, steps)
    units = _units(nodes)
    if planned is not None and planned.future.any():
        added = np.rint(planned.future[is_known] * units[:, None]).astype(np.int64)
        mean, bounds = mean + added, {name: each + added for name, each in bounds.items()}
        mean, bounds = _adding_up(nodes, mean, bounds)
    mean, bounds = teams_of(nodes, mean, bounds)
    moved = _nested(_moved(mean, sums, units))
    return Outlook(nodes, moments, mean, _nested(bounds), moved, [models[n] for n in place])


def _nested(bounds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return bounds of which those of 95 % enclose those of 80 %, which hold the means already."""
    import numpy as np

    low, high = bounds["lo_80"], bounds["hi_80"]
    wide_low, wide_high = np.minimum(bounds["lo_95"], low), np.maximum(bounds["hi_95"], high)
    return {"lo_80": low, "hi_80": high, "lo_95": wide_low, "hi_95": wide_high}


def _units(nodes: pd.DataFrame) -> np.ndarray:
    return 10.0 ** nodes["billing_currency"].map(digits_of).to_numpy(dtype=float)


def distinct(values: np.ndarray) -> tuple[list[int], list[int]]:
    """Return the rows to forecast, and per row which of them it is: a parent with one child is the same series."""
    first: dict[bytes, int] = {}
    rows: list[int] = []
    place: list[int] = []
    for number in range(len(values)):
        key = values[number].round(6).tobytes()
        if key not in first:
            first[key] = len(rows)
            rows.append(number)
        place.append(first[key])
    return rows, place


def _said(
    names: list[str],
    values: np.ndarray,
    known_at: pd.DatetimeIndex,
    moments: pd.DatetimeIndex,
    freq: str,
    planned: Planned | None,
    progress: Progress | None,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], list[str]]:
    """Return what the engine says of series: figures of moments and of sums ``[row, moment]``, and the models."""
    import numpy as np
    import pandas as pd

    from finops.timeseries import panel as panels
    from finops.timeseries.forecasting import Options, forecast

    step = pd.Timedelta(days=1) if freq == "D" else pd.Timedelta(hours=1)
    count = len(known_at)
    frame = pd.DataFrame(
        {"unique_id": np.repeat(names, count), "ds": np.tile(known_at, len(names)), "y": values.ravel()}
    ).dropna(subset=["y"])
    # An hour that is not known yet at the end of a series stands between its last value and the first moment asked.
    last = frame.groupby("unique_id")["ds"].max()
    gap = int((moments[0] - last.min()) / step) - 1
    known = None if planned is None or planned.known.empty else planned.known
    said = forecast(
        panels.clean(frame, "D" if freq == "D" else "h"),
        len(moments) + gap,
        options=Options(progress=progress, adds_up=True),
        known=known,
    )
    steps = _wide(said.frame, names, moments)
    sums = _wide(said.cumulative, names, moments)
    chosen = said.frame.groupby("unique_id")["model"].first().reindex(names).fillna("none").tolist()
    return steps, sums, chosen


def _wide(frame: pd.DataFrame, names: list[str], moments: pd.DatetimeIndex) -> dict[str, np.ndarray]:
    found = {}
    for name in _FIGURES:
        wide = frame.pivot(index="unique_id", columns="ds", values=name).reindex(index=names, columns=moments)
        found[name] = wide.fillna(0.0).to_numpy(dtype=float)
    return found


def reconciled(
    nodes: pd.DataFrame, moments: pd.DatetimeIndex, steps: dict[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return means and bounds in whole units, of which children's means sum to their parent's."""
    import numpy as np
    import pandas as pd

    from finops.timeseries.forecasting.hierarchy import reconcile

    found = {name: np.zeros(steps["mean"].shape, dtype=np.int64) for name in _FIGURES}
    for currency, part in nodes.groupby("billing_currency"):
        rows = part.index.to_numpy()
        columns = {name: steps[name][rows].ravel() for name in _FIGURES}
        ids = np.repeat(part["unique_id"].to_numpy(), len(moments))
        frame = pd.DataFrame({"unique_id": ids, "ds": np.tile(moments, len(rows)), **columns})
        parents = {k: v for k, v in zip(part["unique_id"], part["parent"], strict=True) if isinstance(v, str)}
        unit = Decimal(1).scaleb(-digits_of(str(currency)))
        whole = reconcile(frame, parents, unit).sort_values(["unique_id", "ds"], kind="stable")
        order = np.argsort(part["unique_id"].to_numpy())
        for name in _FIGURES:
            units = np.array([int(each / unit) for each in whole[name]], dtype=np.int64)
            found[name][rows[order]] = units.reshape(len(rows), len(moments))
    return found["mean"], {name: found[name] for name in BOUNDS}


def _adding_up(
    nodes: pd.DataFrame, mean: np.ndarray, bounds: dict[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the figures with every parent moved to the sum of its children, from the deepest level up."""
    place = {name: number for number, name in enumerate(nodes["unique_id"])}
    summed = mean.copy()
    for depth in sorted(set(nodes["depth"]) - {nodes["depth"].max()}, reverse=True):
        for number in nodes.index[(nodes["depth"] == depth)]:
            children = [place[n] for n in nodes["unique_id"][nodes["parent"] == nodes["unique_id"][number]]]
            if children:
                summed[number] = summed[children].sum(axis=0)
    moved = summed - mean
    return summed, {name: each + moved for name, each in bounds.items()}


def teams_of(
    nodes: pd.DataFrame, mean: np.ndarray, bounds: dict[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the figures with each team's mean the sum of its cost centre's series of the hierarchy."""
    import numpy as np

    mean, bounds = mean.copy(), {name: each.copy() for name, each in bounds.items()}
    for number in nodes.index[nodes["level"] == TEAM]:
        row = nodes.loc[number]
        is_part = (nodes["level"] == "cost_center") & (nodes["cost_center"] == row["cost_center"])
        parts = nodes.index[is_part & (nodes["billing_currency"] == row["billing_currency"])]
        whole = mean[parts].sum(axis=0)
        for name, each in bounds.items():
            shifted = each[number] + whole - mean[number]
            shifted = np.where((each[number] >= 0) & (whole >= 0), np.maximum(shifted, 0), shifted)
            each[number] = np.minimum(shifted, whole) if name.startswith("lo") else np.maximum(shifted, whole)
        mean[number] = whole
    return mean, bounds


def _moved(mean: np.ndarray, sums: dict[str, np.ndarray], units: np.ndarray) -> dict[str, np.ndarray]:
    """Return the bounds of sums, as far from the means that add up as they were from those of the engine."""
    import numpy as np

    whole = np.cumsum(mean, axis=1)
    found = {}
    for name in BOUNDS:
        distance = (sums[name] - sums["mean"]) * units[:, None]
        bound = whole + (np.floor(distance) if name.startswith("lo") else np.ceil(distance))
        bound = np.where((sums[name] >= 0) & (whole >= 0), np.maximum(bound, 0), bound)
        held = np.minimum(bound, whole) if name.startswith("lo") else np.maximum(bound, whole)
        found[name] = held.astype(np.int64)
    return found
