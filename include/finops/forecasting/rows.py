"""Rows of the published tables from figures in whole units."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from finops.core.money import digits_of, from_units
from finops.forecasting.models import ALL, BOUNDS, NODE, TEAM, TOTAL, Outlook

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

KEPT_LEVELS = (TOTAL, TEAM, "provider", "cost_center", "ai_project")
"""Levels of which every run date's days are kept; of the others, those of the newest run date of each month."""


def of_outlook(outlook: Outlook, run_date: date, stream: str, freq: str, *, but_nothing: bool = False) -> pd.DataFrame:
    """Return the rows of ``mart_forecasts``; ``but_nothing`` leaves out moments at which nothing is expected."""
    import numpy as np
    import pandas as pd

    count = len(outlook.moments)
    nodes = outlook.nodes[list(NODE)]
    frame = nodes.loc[nodes.index.repeat(count)].reset_index(drop=True)
    frame.insert(0, "run_date", run_date)
    frame["stream"], frame["freq"] = stream, freq
    frame["ds"] = np.tile(outlook.moments, len(nodes))
    frame["step"] = np.tile(np.arange(1, count + 1), len(nodes))
    digits = frame["billing_currency"].map(digits_of).to_numpy()
    figures = {"mean": outlook.mean, **outlook.bounds}
    is_there = np.ones(len(frame), dtype=bool)
    if but_nothing:
        is_there = np.any([each.ravel() != 0 for each in figures.values()], axis=0)
    for name, each in figures.items():
        frame[name] = pd.Series(_amounts(each.ravel(), digits, is_there), index=frame.index, dtype=object)
    frame["model"] = np.repeat(np.array(outlook.models, dtype=object), count)
    return frame[is_there].reset_index(drop=True)


def _amounts(units: np.ndarray, digits: np.ndarray, is_there: np.ndarray) -> list[object]:
    return [
        from_units(int(value), int(places)) if keep else None
        for value, places, keep in zip(units, digits, is_there, strict=True)
    ]


def of_nowcasts(estimates: pd.DataFrame, run_date: date) -> list[dict[str, Any]]:
    """Return the rows of ``mart_nowcasts``; a day's services sum to their provider, to the cent."""
    found = []
    for (currency, provider, day), part in estimates.groupby(["billing_currency", "provider", "charge_date"]):
        digits = digits_of(currency)
        rows = part.to_dict("records")
        whole = next(each for each in rows if not each["service_name"])
        services = [each for each in rows if each["service_name"]]
        means = _to_whole([each["mean"] for each in services], digits)
        seen = _to_whole([each["seen"] for each in services], digits)
        named = {"run_date": run_date, "billing_currency": currency, "provider": provider, "charge_date": day.date()}
        for each, mean, arrived in [(whole, sum(means), sum(seen)), *zip(services, means, seen, strict=True)]:
            bounds = {name: round(each[name] * 10**digits) for name in BOUNDS}
            bounds = {n: min(v, mean) if n.startswith("lo") else max(v, mean) for n, v in bounds.items()}
            amounts = {"seen_cost": arrived, "estimated_cost": mean, **bounds}
            found.append(
                {
                    **named,
                    "service_name": each["service_name"] or ALL,
                    "age_days": int(each["age"]),
                    "load_count": int(each["load_count"]),
                    "completeness": arrived / mean if mean else None,
                    **{name: from_units(value, digits) for name, value in amounts.items()},
                }
            )
    return found


def _to_whole(values: list[float], digits: int) -> list[int]:
    """Return amounts in whole units, whose sum is that of the amounts, rounded: the largest bears what is left."""
    whole = [round(each * 10**digits) for each in values]
    if whole:
        left = round(sum(values) * 10**digits) - sum(whole)
        whole[max(range(len(whole)), key=lambda n: abs(whole[n]))] += left
    return whole


def kept(before: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """Return a month's forecasts, those of other run dates and the fresh ones, without what is not kept.

    All levels of the newest run date are, and ``KEPT_LEVELS`` of the others.
    """
    import pandas as pd

    joined = pd.concat([each for each in (before, fresh) if len(each)], ignore_index=True) if len(before) else fresh
    newest = joined["run_date"].max()
    return joined[(joined["run_date"] == newest) | joined["level"].isin(KEPT_LEVELS)].reset_index(drop=True)
