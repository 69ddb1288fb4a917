"""What periods cost: actual so far, late charges estimated, and what is expected of the days to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from finops.core.money import digits_of, from_units
from finops.forecasting import outlook
from finops.forecasting.models import BOUNDS, KEY, NODE, Z_80, Z_95, Hierarchy, Outlook

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MONTH, REST, NEXT_DAY = "month", "rest of month", "next 24 h"
LONGEST = 90


@dataclass(frozen=True, slots=True)
class Known:
    """What each series of a hierarchy has cost so far in the month of the run date: whole units, and their doubt.

    ``spread`` is one standard deviation of what late charges may still change.
    """

    cost: np.ndarray
    spread: np.ndarray


def last_of_month(day: date) -> date:
    """Return the last day of a day's month."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def rows(tree: Hierarchy, usage: Outlook, calendar: Outlook, known: Known) -> list[dict[str, Any]]:
    """Return the rows of ``mart_forecast_totals`` of a run.

    Bounds are those of the sum of usage from the run date on; the doubts of the calendar stream and of late charges are
    added to them as squares, as independent ones are.
    """
    place = {name: number for number, name in enumerate(usage.nodes["unique_id"])}
    found = []
    run_date = tree.run_date
    rest = (last_of_month(run_date) - run_date).days + 1
    for number, node in enumerate(tree.nodes.to_dict("records")):
        at = place.get(node["unique_id"])
        for period, steps in ((NEXT_DAY, 1), (REST, rest), ("30 days", 30), ("90 days", LONGEST), (MONTH, rest)):
            of_usage = _usage(usage, at, steps)
            so_far, doubt = (int(known.cost[number]), float(known.spread[number])) if period == MONTH else (0, 0.0)
            figures = _figures(of_usage, _usage(calendar, number, steps), so_far, doubt)
            first = run_date.replace(day=1) if period == MONTH else run_date
            days = {"period": period, "first_day": first, "last_day": run_date + timedelta(days=steps - 1)}
            digits = digits_of(node["billing_currency"])
            amounts = {name: from_units(value, digits) for name, value in figures.items()}
            found.append({"run_date": run_date, **{name: node[name] for name in NODE}, **days, **amounts})
    return found


def _usage(outlook: Outlook, at: int | None, steps: int) -> dict[str, int]:
    """Return mean and bounds of a series' sum of the first steps; zero of one that has none."""
    if at is None:
        return dict.fromkeys(("mean", *BOUNDS), 0)
    bounds = {name: int(each[at, steps - 1]) for name, each in outlook.sums.items()}
    return {"mean": int(outlook.mean[at, :steps].sum()), **bounds}


def _figures(usage: dict[str, int], calendar: dict[str, int], so_far: int, doubt: float) -> dict[str, int]:
    mean = so_far + usage["mean"] + calendar["mean"]
    found = {
        "actual_cost": so_far,
        "usage_cost": usage["mean"],
        "calendar_cost": calendar["mean"],
        "mean": mean,
    }
    for name in BOUNDS:
        sign, factor = (-1 if name.startswith("lo") else 1), (Z_80 if name.endswith("80") else Z_95)
        widths = (usage[name] - usage["mean"], calendar[name] - calendar["mean"], factor * doubt)
        found[name] = mean + sign * round(sum(float(each) ** 2 for each in widths) ** 0.5)
    return found


def so_far(
    charges: pd.DataFrame, late: pd.DataFrame, members: np.ndarray, leaves: pd.DataFrame, tree: Hierarchy
) -> Known:
    """Return what each series has cost in the month so far, rounded from the total down, so that children sum to it.

    ``charges`` hold both streams, late charges included; ``late`` has ``spread``, which all keys of a provider share
    on one day, and which is independent from day to day and from provider to provider. ``members`` says which of
    ``leaves`` a series has.
    """
    import numpy as np
    import pandas as pd

    first = pd.Timestamp(tree.run_date.replace(day=1))
    index = pd.MultiIndex.from_frame(leaves[list(KEY)])
    month = charges[charges["charge_date"] >= first].groupby(list(KEY))["amount"].sum()
    cost = (members @ month.reindex(index).fillna(0.0).to_numpy(float))[:, None]
    figures = dict.fromkeys(("mean", *BOUNDS), cost)
    whole, _ = outlook.teams_of(tree.nodes, *outlook.reconciled(tree.nodes, pd.DatetimeIndex([first]), figures))
    units = 10.0 ** leaves["billing_currency"].map(digits_of).to_numpy(dtype=float)
    doubt = np.zeros(len(members))
    if not late.empty:
        for (provider, _), part in late[late["charge_date"] >= first].groupby(["provider", "charge_date"]):
            by_key = part.groupby(list(KEY))["spread"].sum().reindex(index).fillna(0.0).to_numpy(float)
            doubt += (members @ (by_key * units * (leaves["provider"] == provider).to_numpy())) ** 2
    return Known(whole[:, 0], np.sqrt(doubt))
