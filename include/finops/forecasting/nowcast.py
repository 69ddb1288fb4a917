"""What the last days will have cost once all of their charges have arrived, with an interval.

A day's bill has a share of its final cost, which the arrival curve knows by its age; and days of a series are like
days of the same weekday before. Both are put together by Bayes' rule: each share c that may have arrived makes the
final cost x ÷ c, and counts as much as that cost is likely by the days before. So a day that was cut in the middle is
estimated at its usual cost with a wide interval, and a day that is whole stays what it is.

A bill's newest day is never taken for older than a day, whenever the file was written: had it been written later, it
would reach further. But a month's bill reaches no further than its month: the age of its last days is that of the file.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from finops.forecasting.arrivals import SETTLED, Curves
from finops.forecasting.models import KEY, USAGE

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

STOPPED = 14
"""A provider that has no usage for so many days before the run date is not waited for."""

_WEEKS = 4
_FREEDOM = 3.0
"""Degrees of freedom of Student's t by which a day differs from its like: heavy tails, since spend jumps."""
_LEAST_SPREAD = 0.04
_NOTHING = 0.005
_QUANTILES = (0.025, 0.10, 0.90, 0.975)

COLUMNS = (
    *("billing_currency", "provider", "service_name", "charge_date", "age", "load_count"),
    *("seen", "mean", "lo_80", "hi_80", "lo_95", "hi_95"),
)


def estimate(
    daily: pd.DataFrame, run_date: date, frontier: dict[str, date], as_of: dict[str, date], curves: Curves
) -> pd.DataFrame:
    """Return the estimate of each provider, service and day that is not settled; the columns are ``COLUMNS``.

    ``daily``: charges by ``KEY``, charge_date and stream. The row of a whole provider has the service ``""``, and its
    services add up to it. Settled days have no row.
    """
    import pandas as pd

    usage = daily[daily["stream"] == USAGE]
    parts = []
    for (currency, provider), rows in usage.groupby(["billing_currency", "provider"], sort=True):
        days = _open_days(run_date, frontier.get(provider), as_of.get(provider))
        if not days or rows.empty:
            continue
        wide = rows.pivot_table(index="service_name", columns="charge_date", values="amount", aggfunc="sum")
        wide = wide.reindex(columns=pd.date_range(wide.columns[0], pd.Timestamp(run_date) - pd.Timedelta(days=1)))
        found = [_of_provider(wide.fillna(0.0), provider, day, age, curves) for day, age in days.items()]
        parts.append(pd.concat(found).assign(billing_currency=currency, provider=provider))
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def _open_days(run_date: date, frontier: date | None, as_of: date | None) -> dict[pd.Timestamp, int]:
    """Return the days before the run date that are not settled, with their age."""
    import pandas as pd

    if frontier is None or (run_date - frontier).days > STOPPED:
        return {}
    ends_its_month = (frontier + timedelta(days=1)).day == 1
    found = {}
    for back in range(STOPPED + SETTLED, 0, -1):
        day = pd.Timestamp(run_date) - pd.Timedelta(days=back)
        by_reach = (pd.Timestamp(frontier) - day).days + 1
        by_file = by_reach if as_of is None else (pd.Timestamp(as_of) - day).days
        age = by_file if ends_its_month else min(by_reach, by_file)
        if age < SETTLED:
            found[day] = age
    return found


def _of_provider(wide: pd.DataFrame, provider: str, day: pd.Timestamp, age: int, curves: Curves) -> pd.DataFrame:
    """Return a day's rows: the provider's, and its services', which are moved so that they add up to it."""
    import numpy as np
    import pandas as pd

    position = wide.columns.get_loc(day)
    settled = wide.to_numpy()[:, : max(position - (SETTLED - age) + 1, 0)]
    values = wide[day].to_numpy()
    whole = _one(values.sum(), settled.sum(axis=0), position, provider, "", age, curves)
    services = np.array(
        [_one(values[n], settled[n], position, provider, name, age, curves) for n, name in enumerate(wide.index)]
    ).reshape(len(wide), 5)
    missing = services[:, 0] - values
    target = whole[0] - values.sum()
    moved = missing * target / missing.sum() if abs(missing.sum()) > 1e-9 else np.zeros(len(values))
    if abs(missing.sum()) <= 1e-9 and values.sum():
        moved = values * target / values.sum()
    services += (moved - missing)[:, None]
    rows = np.vstack([whole, services])
    frame = pd.DataFrame(rows, columns=["mean", "lo_95", "lo_80", "hi_80", "hi_95"])
    frame["service_name"] = ["", *wide.index]
    frame["seen"] = [values.sum(), *values]
    frame["load_count"] = [curves.count(provider, name, age) for name in frame["service_name"]]
    is_there = (frame["seen"] != 0) | (frame["mean"].abs() > 0.005) | (frame["service_name"] == "")
    return frame[is_there].assign(charge_date=day, age=age)


def _one(
    seen: float, before: np.ndarray, position: int, provider: str, service: str, age: int, curves: Curves
) -> np.ndarray:
    """Return mean and quantiles of the final cost of one day of one series."""
    level, spread = usual(before, position)
    shares, weights = curves.shares(provider, service, age)
    return posterior(seen, level, spread, shares, weights)


def usual(before: np.ndarray, position: int) -> tuple[float, float]:
    """Return what a day costs by the days of the same weekday before it, and how far days are from that.

    ``before`` are settled days from day 0 on, ``position`` is the day's number. The level is the median of the last
    four such days; the spread is the scaled median distance of recent days from theirs, and no less than 4 %.
    """
    import numpy as np

    if not len(before):
        return 0.0, 0.0
    level = _like(before, position)
    recent = range(max(len(before) - 28, 7), len(before))
    distances = [abs(before[n] - _like(before[:n], n)) for n in recent]
    scale = float(np.mean(np.abs(before[-28:])))
    spread = 1.4826 * float(np.median(distances)) if distances else scale
    return level, max(spread, _LEAST_SPREAD * abs(level), 0.01 * scale)


def _like(before: np.ndarray, position: int) -> float:
    import numpy as np

    places = [n for n in range(position - 7, -1, -7) if n < len(before)][:_WEEKS]
    return float(np.median(before[places])) if places else float(np.mean(before[-7:])) if len(before) else 0.0


def posterior(seen: float, level: float, spread: float, shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return mean and the quantiles 2.5, 10, 90 and 97.5 % of the final cost of which ``seen`` has arrived.

    Where nothing has arrived, no share says anything: it is what the days before say. Without days before, all shares
    count by their probability alone.
    """
    import numpy as np

    if seen <= 0 or not np.any(shares > 0):
        spreads = spread * np.array([0.0, -3.18, -1.64, 1.64, 3.18])  # Student's t with three degrees of freedom
        found = level + spreads
        return np.maximum(found, min(seen, 0.0) if level >= 0 else found)
    known = shares > 0
    shares, weights = shares[known], weights[known]
    finals = seen / shares
    if spread > 0:
        # The density of seeing x, given the share c, is that of the final cost x ÷ c, divided by c.
        weights = weights / shares * (1 + ((finals - level) / spread) ** 2 / _FREEDOM) ** (-(_FREEDOM + 1) / 2)
    order = np.argsort(finals)
    finals, weights = finals[order], weights[order] / weights.sum()
    reached = np.cumsum(weights) - weights / 2
    quantiles = np.interp(_QUANTILES, reached, finals)
    mean = float(finals @ weights)
    # With a long tail the mean may lie beyond the bounds of 80 %, which then reach to it.
    low_95, low_80, high_80, high_95 = quantiles
    return np.array([mean, low_95, min(low_80, mean), max(high_80, mean), max(high_95, mean)])


def completed(daily: pd.DataFrame, estimates: pd.DataFrame) -> pd.DataFrame:
    """Return rows, as those of ``daily``, of what is still to arrive, with ``spread``: one standard deviation.

    A service's missing cost is divided among its keys by what each has less than it usually has, so that an account
    whose charges are all still to come gets its part.
    """
    import pandas as pd

    services = estimates[estimates["service_name"] != ""]
    is_open = ((services["mean"] - services["seen"]).abs() > _NOTHING) | (
        services["hi_95"] - services["lo_95"] > _NOTHING
    )
    usage = daily[daily["stream"] == USAGE]
    if not services.empty:
        usage = usage[usage["charge_date"] >= services["charge_date"].min() - pd.Timedelta(days=7 * _WEEKS + SETTLED)]
    grain = ["billing_currency", "provider", "service_name"]
    by_service = dict(iter(usage.groupby(grain)))
    rows = services[is_open].to_dict("records")
    parts = [_divided(by_service[tuple(row[name] for name in grain)], row) for row in rows]
    columns = [*KEY, "charge_date", "stream", "amount", "spread"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _divided(of_service: pd.DataFrame, row: dict[str, object]) -> pd.DataFrame:
    import pandas as pd

    day = pd.Timestamp(str(row["charge_date"]))
    seen = of_service[of_service["charge_date"] == day].groupby(list(KEY))["amount"].sum()
    from_day, to_day = day - pd.Timedelta(days=7 * _WEEKS + SETTLED), day - pd.Timedelta(days=SETTLED)
    recent = of_service[of_service["charge_date"].between(from_day, to_day)]
    usual_cost = recent.groupby(list(KEY))["amount"].sum() / (7 * _WEEKS + 1)
    keys = seen.index.union(usual_cost.index)
    seen, usual_cost = seen.reindex(keys, fill_value=0.0), usual_cost.reindex(keys, fill_value=0.0)
    missing = float(row["mean"]) - float(row["seen"])  # type: ignore[arg-type]
    share = (usual_cost - seen).clip(lower=0.0) if missing > 0 else seen.abs()
    share = share if share.sum() > 0 else usual_cost.abs() + seen.abs()
    share = share / share.sum() if share.sum() > 0 else share + 1.0 / max(len(share), 1)
    deviation = (float(row["hi_95"]) - float(row["lo_95"])) / 3.92  # type: ignore[arg-type]
    frame = share.index.to_frame(index=False)
    return frame.assign(
        charge_date=day, stream=USAGE, amount=(share * missing).to_numpy(), spread=(share * deviation).to_numpy()
    )
