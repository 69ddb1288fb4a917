"""Forecasts of a tree that add up: children sum to their parent, to the smallest unit.

All levels are forecast; the discrepancies are then spread by how uncertain each forecast is. This is the minimum trace
reconciliation of Wickramasuriya, Athanasopoulos & Hyndman (2019) with a diagonal covariance, which on a tree takes one
pass up and one down. Rounding goes from the top down, by largest remainders, in integers of the smallest unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pandas as pd

from finops.core.errors import BadInput
from finops.timeseries.forecasting.grid import Floats

CENT = Decimal("0.01")
_BOUNDS = ("lo_80", "hi_80", "lo_95", "hi_95")
_MOST_UNITS = 4e18

Integers = npt.NDArray[np.int64]


def reconcile(frame: pd.DataFrame, parents: Mapping[str, str], unit: Decimal = CENT) -> pd.DataFrame:
    """Return forecasts (``unique_id``, ``ds``, ``mean``, bounds) whose children sum to their parent.

    ``parents`` names each child's parent; the children of a parent are all its parts. Series outside of it are
    rounded. ``mean`` and bounds become Decimal, whole units; bounds move with the mean and hold it. Raise BadInput
    for a tree that is none, a parent or child without a forecast, and amounts that have too many units.
    """
    if frame.empty:
        return frame.copy()
    wide = {name: frame.pivot(index="unique_id", columns="ds", values=name) for name in ("mean", *_BOUNDS)}
    names = [str(each) for each in wide["mean"].index]
    order = _from_the_top(names, parents)
    _checked(wide["mean"], names, parents, unit)
    place = {name: row for row, name in enumerate(names)}
    children = {place[name]: [place[each] for each in below] for name, below in order if below}
    top_down = [place[name] for name, _ in order]
    means = wide["mean"].to_numpy(dtype=float) / float(unit)
    variances = ((wide["hi_95"] - wide["lo_95"]).to_numpy(dtype=float) / float(unit)) ** 2
    least = 1e-9 * (1.0 + means**2)
    whole = _rounded(_spread(means, np.fmax(variances, least), children, top_down), children, top_down)
    return _filled(frame, wide, whole, unit)


def _spread(means: Floats, variances: Floats, children: dict[int, list[int]], top_down: list[int]) -> Floats:
    """Return means that add up, from means ``[node, ds]`` and their variances."""
    known, doubt = means.copy(), variances.copy()
    sums, doubts = np.zeros_like(means), np.zeros_like(means)
    for node in reversed(top_down):
        if below := children.get(node):
            sums[node], doubts[node] = known[below].sum(axis=0), doubt[below].sum(axis=0)
            total = doubts[node] + variances[node]
            known[node] = (sums[node] * variances[node] + means[node] * doubts[node]) / total
            doubt[node] = doubts[node] * variances[node] / total
    final = known.copy()
    for node in top_down:
        if below := children.get(node):
            moved = known[below] + doubt[below] / doubts[node] * (final[node] - sums[node])
            final[below] = _not_below_zero(moved, known[below], final[node])
    return final


def _not_below_zero(moved: Floats, before: Floats, total: Floats) -> Floats:
    """Keep parts at zero or more where all were so before; the others bear it in proportion."""
    is_negative = (moved < 0).any(axis=0) & (before >= 0).all(axis=0) & (total >= 0)
    cut = np.maximum(moved, 0.0)
    held = cut.sum(axis=0)
    cut = cut * np.where(held > 0, total / np.where(held > 0, held, 1.0), 0.0)
    return np.where(is_negative, cut, moved)


def _rounded(final: Floats, children: dict[int, list[int]], top_down: list[int]) -> Integers:
    """Return whole units ``[node, ds]``: parents first, then their children by largest remainders."""
    whole: Integers = np.rint(final).astype(np.int64)
    for node in top_down:
        if below := children.get(node):
            whole[below] = _by_largest_remainder(final[below], whole[node])
    return whole


def _by_largest_remainder(parts: Floats, total: Integers) -> Integers:
    floors = np.floor(parts).astype(np.int64)
    left = total - floors.sum(axis=0)
    count = len(parts)
    floors += left // count
    rank = np.argsort(np.argsort(np.floor(parts) - parts, axis=0, kind="stable"), axis=0, kind="stable")
    return np.asarray(floors + (rank < left % count))


def _from_the_top(names: list[str], parents: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Return every node with its children, parents before children."""
    below: dict[str, list[str]] = {}
    for child in sorted(parents):
        below.setdefault(parents[child], []).append(child)
    order: list[tuple[str, list[str]]] = []
    waiting = [name for name in names if name not in parents]
    while waiting:
        name = waiting.pop()
        order.append((name, below.get(name, [])))
        waiting.extend(below.get(name, []))
    known = set(names)
    lost = sorted((set(parents) | set(parents.values())) - known)
    if lost:
        raise BadInput(f"the hierarchy names {lost[0]!r}, which has no forecast; forecast every node, or leave it out")
    if len(order) < len(known):
        circle = sorted(known - {name for name, _ in order})
        raise BadInput(f"the hierarchy runs in a circle at {circle[0]!r}; each node has one parent above it")
    return order


def _checked(means: pd.DataFrame, names: list[str], parents: Mapping[str, str], unit: Decimal) -> None:
    in_tree = set(parents) | set(parents.values())
    rows = means.loc[[name for name in names if name in in_tree]]
    if (is_lost := rows.isna().any(axis=1)).any():
        raise BadInput(
            f"{rows.index[is_lost][0]!r} has no forecast of every moment that others have; forecast them alike"
        )
    if float(np.nanmax(np.abs(means.to_numpy(dtype=float)), initial=0)) / float(unit) > _MOST_UNITS:
        raise BadInput(f"amounts are too large to count in units of {unit}; take a larger unit")


def _filled(frame: pd.DataFrame, wide: dict[str, pd.DataFrame], whole: Integers, unit: Decimal) -> pd.DataFrame:
    rows = wide["mean"].index.get_indexer(pd.Index(frame["unique_id"]))
    columns = wide["mean"].columns.get_indexer(pd.Index(frame["ds"]))
    units = whole[rows, columns]
    found = frame.copy()
    found["mean"] = [int(each) * unit for each in units]
    moved = units - frame["mean"].to_numpy(dtype=float) / float(unit)
    for name in _BOUNDS:
        bound = frame[name].to_numpy(dtype=float) / float(unit)
        shifted = bound + moved
        shifted = np.where(bound >= 0, np.maximum(shifted, 0.0), shifted)
        rounded = np.floor(shifted) if name.startswith("lo") else np.ceil(shifted)
        held = np.minimum(rounded, units) if name.startswith("lo") else np.maximum(rounded, units)
        found[name] = [int(each) * unit for each in held]
    return found
