"""Usage apart from what is billed by the calendar, and the forecast of the latter.

FOCUS calls ``Usage`` what consumption cost, amortised commitments and their unused part included: that is what a model
can learn. Purchases, tax, credits and adjustments come when a contract or an invoice says so, and so do support fees
and subscriptions that clouds bill as usage on the first of the month. Corrections of earlier months have the date of
the correction, not that of the use. All of them are the calendar stream, forecast by rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops.forecasting.models import CALENDAR, KEY, USAGE, Z_80, Z_95
from finops.policy.forecasting import Calendar

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_MONTHS = 3
"""How many whole months before the run date the rule of the calendar looks at."""
_DAYS = 28
"""How many days it looks at where charges come daily."""
_FEW_DAYS = 3
"""Usage on no more days of each month than these is billed by the calendar."""
_LEAST_MONTHS = 2


def divided(charges: pd.DataFrame, calendar: Calendar) -> pd.DataFrame:
    """Return the charges with their stream, one row per key, day and stream.

    ``charges``: ``KEY``, ``charge_date``, ``charge_category``, ``charge_class``, ``amount``.
    """
    import numpy as np

    is_usage = (charges["charge_category"] == "Usage") & (charges["charge_class"] != "Correction")
    by_rule = charges["service_name"].map({each: calendar.has(each) for each in charges["service_name"].unique()})
    monthly = _monthly_services(charges[is_usage])
    keys = list(zip(charges["billing_currency"], charges["provider"], charges["service_name"], strict=True))
    is_monthly = np.fromiter((key in monthly for key in keys), dtype=bool, count=len(keys))
    # A column of no rows has no type of its own.
    is_calendar = ~is_usage | by_rule.astype(bool) | is_monthly
    stream = np.where(is_calendar, CALENDAR, USAGE)
    grain = [*KEY, "charge_date", "stream"]
    return charges.assign(stream=stream).groupby(grain, as_index=False, sort=True)["amount"].sum()


def _monthly_services(usage: pd.DataFrame) -> set[tuple[str, str, str]]:
    """Return (currency, provider, service) with usage on few days of each month, in two months or more."""
    day = usage["charge_date"].dt
    by_service = [usage["billing_currency"], usage["provider"], usage["service_name"]]
    by_month = usage.groupby([*by_service, day.to_period("M").rename("month")])["charge_date"].nunique()
    counted = by_month.groupby(level=[0, 1, 2]).agg(["max", "size"])
    return set(counted.index[(counted["max"] <= _FEW_DAYS) & (counted["size"] >= _LEAST_MONTHS)])


def forecast(calendar: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Return what the calendar stream is expected to cost: ``KEY``, ds, mean, bounds; days without a cost left out.

    A key with charges on half of the last 28 days costs their mean each day. Any other costs, on each day of the
    month, the median of that day in the last three whole months, where it was charged in two of them at least; days
    that a month lacks count as its last one. Anything rarer is one-off and is not forecast. Bounds are the normal
    quantiles of what the days, or the months, differed by.
    """
    import pandas as pd

    parts = []
    run_date = days[0]
    if not calendar.empty:
        for key, rows in calendar.groupby(list(KEY), sort=True):
            by_day = rows.groupby("charge_date")["amount"].sum()
            found = _daily(by_day, run_date, days) or _by_month(by_day, run_date, days)
            if found is not None:
                mean, spread = found
                part = pd.DataFrame({"ds": days, "mean": mean, "spread": spread})
                part = part[(part["mean"] != 0) | (part["spread"] != 0)]
                parts.append(part.assign(**dict(zip(KEY, key, strict=True))))
    columns = [*KEY, "ds", "mean", "spread"]
    made = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    made[["mean", "spread"]] = made[["mean", "spread"]].astype(float)
    made["ds"] = pd.to_datetime(made["ds"])
    return made


def bounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the bounds that its spread gives, instead of the spread."""
    found = frame.assign(
        lo_80=frame["mean"] - Z_80 * frame["spread"],
        hi_80=frame["mean"] + Z_80 * frame["spread"],
        lo_95=frame["mean"] - Z_95 * frame["spread"],
        hi_95=frame["mean"] + Z_95 * frame["spread"],
    )
    return found.drop(columns="spread")


def _daily(by_day: pd.Series, run_date: pd.Timestamp, days: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray] | None:
    import numpy as np
    import pandas as pd

    window = pd.date_range(end=run_date - pd.Timedelta(days=1), periods=_DAYS)
    recent = by_day[by_day.index >= window[0]]
    if len(recent) < _DAYS / 2:
        return None
    values = by_day.reindex(window, fill_value=0.0).to_numpy(float)
    # Without the days after the last one that has arrived, which are not over for this stream.
    values = values[: int(np.flatnonzero(values)[-1]) + 1] if np.any(values) else values
    ones = np.ones(len(days))
    return float(values.mean()) * ones, float(values.std()) * ones


def _by_month(
    by_day: pd.Series, run_date: pd.Timestamp, days: pd.DatetimeIndex
) -> tuple[np.ndarray, np.ndarray] | None:
    import numpy as np

    this = run_date.to_period("M")
    months = {this - back: back - 1 for back in range(1, _MONTHS + 1)}
    table = np.zeros((_MONTHS, 31))
    for day, amount in by_day.items():
        if (place := months.get(day.to_period("M"))) is not None:
            table[place, day.day - 1] = amount
    # What this month was charged already is newer than the oldest month, whose place it takes.
    for day, amount in by_day.items():
        if day.to_period("M") == this:
            table[-1, day.day - 1] = amount
    recurring = (table != 0).sum(axis=0) >= _LEAST_MONTHS
    if not recurring.any():
        return None
    level = np.where(recurring, np.median(table, axis=0), 0.0)
    spread = np.where(recurring, table.std(axis=0), 0.0)
    return _on_days(level, days), _on_days(spread, days)


def _on_days(by_number: np.ndarray, days: pd.DatetimeIndex) -> np.ndarray:
    """Return a figure of each day of the month on each day; the last of a short month has those that it lacks, too."""
    import numpy as np

    number = days.day.to_numpy()
    found = by_number[number - 1].copy()
    short = days.is_month_end & (number < 31)
    found[short] = [by_number[each - 1 :].sum() for each in number[short]]
    return np.asarray(found)
