"""The hierarchy of series: total → provider → … , with what is small combined, so that every level adds up.

The series are per billing currency; currencies are never added together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from finops.forecasting.models import ALL, KEY, OTHER, TEAM, TOTAL, USAGE, Hierarchy
from finops.policy.forecasting import DIMENSIONS, Forecasting

if TYPE_CHECKING:
    from datetime import date

    import numpy as np
    import pandas as pd

_TEAM = -1
_RECENT = 92
"""Days before the run date by whose spend a series is small."""
_LONGEST = 731
"""Days of history that are read: two years, which have every season twice."""


def names_of(daily: pd.DataFrame, run_date: date, policy: Forecasting) -> pd.DataFrame:
    """Return per key of the charges (``KEY``) the one that its series have, in columns ``new_…``: small ones combined.

    A child below ``smallest_share`` of its currency's spend (the absolute amounts of both streams, of the last three
    months) becomes ``(other)`` of its parent, and so does all below it. The share grows until there are no more than
    ``most_series``. A dimension that is no level is ``(all)``.
    """
    import pandas as pd

    unused = {name: ALL for name in DIMENSIONS if name not in policy.levels}
    recent = daily[daily["charge_date"] >= pd.Timestamp(run_date) - pd.Timedelta(days=_RECENT)]
    spent = recent.assign(amount=recent["amount"].abs()).groupby(list(KEY))["amount"].sum()
    leaves = daily[list(KEY)].drop_duplicates().reset_index(drop=True)
    leaves["spent"] = spent.reindex(pd.MultiIndex.from_frame(leaves[list(KEY)])).fillna(0.0).to_numpy()
    share = float(policy.smallest_share)
    while True:
        renamed = _renamed(leaves.assign(**unused), policy.levels, share)
        if _count(renamed, policy.levels) <= policy.most_series or share >= 1:
            break
        share = max(share * 1.5, 0.0005)
    return leaves[list(KEY)].join(renamed.add_prefix("new_"))


def combined(frame: pd.DataFrame, names: pd.DataFrame, amounts: Sequence[str] = ("amount",)) -> pd.DataFrame:
    """Return a frame with the keys of its series, its amounts added up by them and by all its other columns."""
    found = frame.merge(names, on=list(KEY), how="left").drop(columns=list(DIMENSIONS))
    found = found.rename(columns={f"new_{name}": name for name in DIMENSIONS})
    others = [name for name in frame.columns if name not in (*KEY, *amounts)]
    return found.groupby([*KEY, *others], as_index=False, sort=True)[list(amounts)].sum()


def _renamed(leaves: pd.DataFrame, levels: Sequence[str], share: float) -> pd.DataFrame:
    whole = leaves.groupby("billing_currency")["spent"].transform("sum")
    names = leaves[list(DIMENSIONS)].copy()
    is_small = whole < 0
    for depth, level in enumerate(levels):
        names.loc[is_small, level] = OTHER
        above = [leaves["billing_currency"], *(names[each] for each in levels[: depth + 1])]
        spent = leaves.groupby(above)["spent"].transform("sum")
        is_small = is_small | (spent < share * whole)
        names.loc[is_small, level] = OTHER
    return names


def _count(names: pd.DataFrame, levels: Sequence[str]) -> int:
    return sum(len(names[list(levels[: depth + 1])].drop_duplicates()) for depth in range(len(levels)))


def nodes_of(leaves: pd.DataFrame, levels: Sequence[str]) -> pd.DataFrame:
    """Return one row per series of every level above distinct keys, each after its parent."""
    import pandas as pd

    parts = []
    for depth, below in _above(levels).items():
        part = leaves[list(KEY)].assign(**below).drop_duplicates()
        level = TEAM if depth == _TEAM else levels[depth - 1] if depth else TOTAL
        parts.append(part.assign(level=level, depth=depth))
    nodes = pd.concat(parts, ignore_index=True).sort_values(["depth", *KEY], kind="stable", ignore_index=True)
    nodes["series"] = [_text(row, levels) for row in nodes.to_dict("records")]
    nodes["unique_id"] = nodes["billing_currency"] + "|" + nodes["level"] + "|" + nodes["series"]
    nodes["parent"] = _parents(nodes, levels)
    return nodes


def _above(levels: Sequence[str]) -> dict[int, dict[str, str]]:
    """Return per depth the dimensions that a series of it has all of; teams stand where cost centres are divided."""
    kept = {depth: tuple(levels[:depth]) for depth in range(len(levels) + 1)}
    if "cost_center" in levels[1:]:
        kept[_TEAM] = ("cost_center",)
    return {depth: {name: ALL for name in DIMENSIONS if name not in names} for depth, names in kept.items()}


def _text(row: dict[str, str], levels: Sequence[str]) -> str:
    if row["level"] == TEAM:
        return row["cost_center"]
    return " / ".join(row[name] for name in levels[: row["depth"]]) or TOTAL  # type: ignore[misc]


def _parents(nodes: pd.DataFrame, levels: Sequence[str]) -> list[str | None]:
    known = dict(zip(_places(nodes), nodes["unique_id"], strict=True))
    found: list[str | None] = []
    for row in nodes.to_dict("records"):
        depth = row["depth"]
        above = {name: ALL for name in levels[depth - 1 : depth]}
        place = (row["billing_currency"], depth - 1, *({**row, **above}[name] for name in DIMENSIONS))
        found.append(None if depth <= 0 else known[place])
    return found


def _places(nodes: pd.DataFrame) -> list[tuple[object, ...]]:
    return list(nodes[["billing_currency", "depth", *DIMENSIONS]].itertuples(index=False, name=None))


def belonging(leaves: pd.DataFrame, nodes: pd.DataFrame, levels: Sequence[str]) -> np.ndarray:
    """Return a matrix of nodes × rows of ``leaves``: 1 where the key is part of the series."""
    import numpy as np

    place = {key: number for number, key in enumerate(_places(nodes))}
    found = np.zeros((len(nodes), len(leaves)))
    for depth, below in _above(levels).items():
        keys = _places(leaves.assign(**below, depth=depth))
        found[[place[key] for key in keys], range(len(leaves))] = 1.0
    return found


def hierarchy(charges: pd.DataFrame, run_date: date, levels: Sequence[str]) -> Hierarchy:
    """Return the usage series of combined charges up to the day before the run date.

    A day without a charge costs nothing once the series has begun; before that it is not known.
    """
    import numpy as np
    import pandas as pd

    leaves = charges[list(KEY)].drop_duplicates().reset_index(drop=True)
    nodes = nodes_of(leaves, levels)
    usage = charges[charges["stream"] == USAGE]
    last = pd.Timestamp(run_date) - pd.Timedelta(days=1)
    first = max(usage["charge_date"].min(), last - pd.Timedelta(days=_LONGEST - 1))
    days = pd.date_range(first, last, freq="D")
    wide = usage.pivot_table(index=list(KEY), columns="charge_date", values="amount", aggfunc="sum")
    wide = wide.reindex(index=pd.MultiIndex.from_frame(leaves), columns=days)
    amounts = wide.fillna(0.0).to_numpy(float)
    members = belonging(leaves, nodes, levels)
    values = members @ amounts
    has_charge = (members @ wide.notna().to_numpy(float)) > 0
    born = np.maximum.accumulate(has_charge, axis=1)
    return Hierarchy(nodes, days, np.where(born, values, np.nan))
