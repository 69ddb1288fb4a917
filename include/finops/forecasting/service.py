"""Forecasts what is published will become: rows of the four tables of a run date, and the page of the newest."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.core.atomic import write_whole
from finops.core.settings import Settings
from finops.core.sql import compose
from finops.forecasting import (
    arrivals,
    calendar_outlook,
    events,
    hourly,
    nowcast,
    outlook,
    page,
    promises,
    read,
    rows,
    scorecard,
    series,
    totals,
)
from finops.forecasting.models import CALENDAR, USAGE, Hierarchy, Input
from finops.forecasting.tables import FORECASTS, NOWCASTS, SCORES, TABLES, TOTALS
from finops.policy import forecasting as policy_file
from finops.policy.forecasting import Forecasting
from finops.stores import published
from finops.stores.published import Publication
from finops.stores.results import Results, published_rows

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]

PAGE = "index.html"
_STEPS = 6


@dataclass(frozen=True, slots=True)
class _Tree:
    """The hierarchy of a run: its series, keys and charges, late ones estimated."""

    tree: Hierarchy
    leaves: pd.DataFrame
    charges: pd.DataFrame
    late: pd.DataFrame


def run(settings: Settings, *, run_date: date | None = None, progress: Progress | None = None) -> Results:
    """Return the whole new content of the run date's month of every table.

    ``run_date`` is the first day that is forecast; without one it is the day after the newest usage, at most today.
    The same run date once more replaces its own rows alone; without ``run_date`` its scores are made once and kept,
    unless ``forecasting.yml`` has changed. Raise NotReady before anything with usage is published,
    BadInput for a run date in the future or an invalid ``forecasting.yml``.
    """
    policy = policy_file.load(settings)
    version = published.latest(settings)
    _say(progress, "reading", 0)
    given = read.given(settings, version, policy, run_date)
    fresh = forecast(given, policy, version, progress, keep_scores=run_date is None)
    return beside_others(version, fresh, given.run_date)


def beside_others(version: Publication, fresh: Mapping[str, pd.DataFrame], run_date: date) -> Results:
    """Return the whole content of the run date's month: fresh rows, and those that are published of other run dates."""
    month = f"{run_date:%Y-%m}"
    same = compose("run_date = cast({day} as date)", day=run_date.isoformat())
    found: dict[str, dict[str, Any]] = {}
    for table in TABLES:
        before = published_rows(version, table, [month], but=same)
        found[table.name] = {month: _joined(table.name, before, fresh[table.name])}
    return found


def forecast(
    given: Input,
    policy: Forecasting,
    version: Publication | None = None,
    progress: Progress | None = None,
    *,
    keep_scores: bool = False,
) -> Mapping[str, pd.DataFrame]:
    """Return the rows of one run date by table. ``version`` holds earlier promises, where there are any.

    ``keep_scores``: those that it has of this run date and policy stay, where there are any.
    """
    import pandas as pd

    _say(progress, "estimating late charges", 1)
    estimates = nowcast.estimate(given.daily, given.run_date, given.frontier, given.as_of, arrivals.learn(given.loads))
    made = _tree(given, estimates, policy)
    days = pd.date_range(pd.Timestamp(given.run_date), periods=totals.LONGEST, freq="D")
    planned = events.planned(policy.events, made.tree, made.leaves, days, policy.levels)
    _say(progress, "forecasting days", 2)
    usage = outlook.of_days(made.tree, totals.LONGEST, planned)
    calendar = calendar_outlook.of_days(made.charges, made.tree, days, policy.levels)
    _say(progress, "forecasting hours", 3)
    by_hour = hourly.outlook_of(given.hourly, given.run_date, estimates, policy.hourly_levels)
    _say(progress, "testing", 4)
    kept = scorecard.published(version, given.run_date, _digest(policy)) if keep_scores else None
    scores = _scores(made, estimates, policy, version) if kept is None else kept
    _say(progress, "adding up", 5)
    members = series.belonging(made.leaves, made.tree.nodes, policy.levels)
    known = totals.so_far(made.charges, made.late, members, made.leaves, made.tree)
    parts = [rows.of_outlook(usage, given.run_date, USAGE, "D")]
    parts.append(rows.of_outlook(calendar, given.run_date, CALENDAR, "D", but_nothing=True))
    if by_hour is not None:
        parts.append(rows.of_outlook(by_hour, given.run_date, USAGE, "h"))
    _say(progress, "done", _STEPS)
    return {
        FORECASTS.name: pd.concat(parts, ignore_index=True),
        TOTALS.name: _frame(TOTALS.name, totals.rows(made.tree, usage, calendar, known)),
        NOWCASTS.name: _frame(NOWCASTS.name, rows.of_nowcasts(estimates, given.run_date)),
        SCORES.name: scores,
    }


def write_page(settings: Settings) -> Path:
    """Write the page of the newest run date from the published tables, whole or not at all; return its path.

    Raise NotReady before forecasts are published.
    """
    path = settings.forecasts_dir / PAGE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page.written(settings, published.latest(settings)))
    return path


def summary(settings: Settings, run_date: date) -> dict[str, Any]:
    """Return what was published of a run date in short, as JSON has it: amounts are texts of exact decimals."""
    version = published.latest(settings)
    query = compose(
        "select billing_currency, period, mean, lo_80, hi_80 from ({rows}) where run_date = ? and level = 'total' "
        "order by billing_currency desc, last_day, period",
        rows=version.mart_sql(TOTALS.name, [f"{run_date:%Y-%m}"]),
    )
    with version.connect() as connection:
        found = connection.execute(query, [run_date]).fetchall()
    names = ("billing_currency", "period", "mean", "lo_80", "hi_80")
    totals_of_all = [dict(zip(names, map(_told, row), strict=True)) for row in found]
    return {"run_date": run_date.isoformat(), "totals": totals_of_all}


def _told(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value)


def _tree(given: Input, estimates: pd.DataFrame, policy: Forecasting) -> _Tree:
    import pandas as pd

    late = nowcast.completed(given.daily, estimates)
    both = pd.concat([given.daily, late.drop(columns="spread")], ignore_index=True) if len(late) else given.daily
    names = series.names_of(both, given.run_date, policy)
    charges = series.combined(both, names)
    tree = series.hierarchy(charges, given.run_date, policy.levels)
    logger.info("%d series of %d levels", len(tree.nodes), len(policy.levels) + 1)
    combined = series.combined(late, names, ("amount", "spread")) if len(late) else late
    return _Tree(tree, events.leaves_of(charges), charges, combined)


def _scores(made: _Tree, estimates: pd.DataFrame, policy: Forecasting, version: Publication | None) -> pd.DataFrame:
    import pandas as pd

    first_open = estimates["charge_date"].min() if len(estimates) else pd.Timestamp(made.tree.run_date)
    promised = promises.of_months(version, made.charges, made.tree, made.leaves, first_open, policy.levels)
    scores = _frame(SCORES.name, scorecard.rows(made.tree, first_open, promised))
    return scores.assign(configuration=_digest(policy))


def _digest(policy: Forecasting) -> str:
    text = json.dumps(policy.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _joined(table: str, before: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    if table == FORECASTS.name:
        return rows.kept(before.drop(columns="billing_period", errors="ignore"), fresh)
    if not len(before):
        return fresh
    return pd.concat([before.drop(columns="billing_period"), fresh], ignore_index=True)


def _frame(table: str, found: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    columns = next([c.name for c in each.columns] for each in TABLES if each.name == table)
    return pd.DataFrame(found, columns=[name for name in columns if name != "billing_period"], dtype=object)


def _say(progress: Progress | None, what: str, step: int) -> None:
    if progress is not None:
        progress(what, step, _STEPS)
