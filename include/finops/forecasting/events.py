"""Planned events: factors that the models are told, and amounts that are added beside them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops.forecasting.models import KEY, Hierarchy
from finops.forecasting.series import belonging
from finops.policy.forecasting import Event

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

logger = logging.getLogger(__name__)

_RECENT = 28
_LEAST_FACTOR = 1e-6
"""The models divide by a factor; an event that stops all spend leaves this much of it."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What events do to each series: ``known`` for the models (unique_id, ds, factor), and amounts per day.

    ``past`` and ``future`` are ``[series, day]`` in the currency, the amounts that are in history and those to come.
    """

    known: pd.DataFrame
    past: np.ndarray
    future: np.ndarray


def planned(
    events: Sequence[Event], tree: Hierarchy, leaves: pd.DataFrame, days: pd.DatetimeIndex, levels: Sequence[str]
) -> Planned:
    """Return what events do to the series of a hierarchy, in its days and in those to come.

    A series that has the selected spend beside other gets the factor of its share of the last four weeks, and an
    amount stands once in each series above. An event that selects no series is reported to the log and changes nothing.
    """
    import numpy as np
    import pandas as pd

    members = belonging(leaves, tree.nodes, levels)
    recent = np.nanmean(np.nan_to_num(tree.values[:, -_RECENT:]), axis=1)
    weight = _leaf_level(members, recent)
    factors, past, future = [], np.zeros_like(tree.values), np.zeros((len(tree.nodes), len(days)))
    for each in events:
        chosen = _selected(each, leaves)
        if not chosen.any():
            logger.warning("the event %r selects no series with a forecast of its own; it changes nothing", each.name)
            continue
        begins, ends = pd.Timestamp(each.from_day), pd.Timestamp(each.to_day)
        if each.factor is not None:
            share = _share(members, weight, chosen)
            factors.append(_factors(tree.nodes["unique_id"], share, float(each.factor), begins, ends))
        else:
            added = float(each.amount or 0) * (members @ _parts(weight, chosen))
            past += added[:, None] * ((tree.days >= begins) & (tree.days <= ends))[None, :]
            future += added[:, None] * ((days >= begins) & (days <= ends))[None, :]
    columns = ["unique_id", "ds", "factor"]
    known = pd.concat(factors, ignore_index=True) if factors else pd.DataFrame(columns=columns)
    return Planned(known, past, future)


def _selected(event: Event, leaves: pd.DataFrame) -> np.ndarray:
    import numpy as np

    found = np.ones(len(leaves), dtype=bool)
    for name, value in event.selection.items():
        found &= (leaves[name] == value).to_numpy()
    if event.amount is not None:
        found &= (leaves["billing_currency"] == event.currency).to_numpy()
    return found


def _leaf_level(members: np.ndarray, recent: np.ndarray) -> np.ndarray:
    """Return the recent level of each key: that of the series that has it alone, the deepest one."""
    import numpy as np

    deepest = [int(np.flatnonzero(column)[-1]) for column in members.T]
    return np.maximum(recent[deepest], 0.0)


def _parts(weight: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return how an amount is divided among the chosen keys: by their level, evenly where they have none."""
    found = weight * chosen
    found = found if found.sum() > 0 else chosen.astype(float)
    parts: np.ndarray = found / found.sum()
    return parts


def _share(members: np.ndarray, weight: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    import numpy as np

    whole, part = members @ weight, members @ (weight * chosen)
    is_all = (members @ chosen.astype(float)) == members.sum(axis=1)
    return np.where(is_all, 1.0, np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), 0.0))


def _factors(
    names: pd.Series, share: np.ndarray, factor: float, begins: pd.Timestamp, ends: pd.Timestamp
) -> pd.DataFrame:
    import pandas as pd

    effective = pd.Series((1 + share * (factor - 1)).clip(min=_LEAST_FACTOR), index=names)
    effective = effective[share > 0]
    days = pd.date_range(begins, ends)
    index = pd.MultiIndex.from_product([effective.index, days], names=["unique_id", "ds"])
    return (
        effective.rename("factor")
        .reindex(index.get_level_values(0))
        .to_frame()
        .assign(ds=index.get_level_values(1))
        .reset_index(names="unique_id")
    )


def leaves_of(charges: pd.DataFrame) -> pd.DataFrame:
    """Return the distinct keys of charges, in the order in which a hierarchy has them."""
    return charges[list(KEY)].drop_duplicates().reset_index(drop=True)
