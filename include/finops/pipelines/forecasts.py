"""From what is published to forecasts, nowcasts and their scores, by run date: forecast → gate → publish → page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from finops.core.progress import Progress
from finops.core.settings import Settings
from finops.pipelines import results

FEATURE = "forecasting"
REQUESTS = "request_forecasts"
"""Forecasts of requests: made of KPIs, and published apart from those of bills."""


@dataclass(frozen=True, slots=True)
class Forecasted:
    """A run's publication, the run date, and where the page is."""

    build_id: str
    run_date: date
    page: Path


def is_due(settings: Settings) -> bool:
    """Tell whether bills or ``forecasting.yml`` are newer than the published forecasts.

    Raise NotReady before any bills are published.
    """
    return results.made_of(settings, FEATURE) != _digest(settings)


def run(settings: Settings, run_date: date | None = None, progress: Progress | None = None) -> Forecasted:
    """Forecast by a run date, or by the day after the last day that has bills; publish, and write the page.

    The rows of other run dates stay. A past run date is told nothing of later days. Raise NotReady before any bills are
    published, BadInput for an invalid ``forecasting.yml`` or a run date without history, Finding if it is refused.
    """
    from finops.forecasting import service
    from finops.forecasting.tables import TABLES, TOTALS

    with results.running(settings, FEATURE):
        # Of a past run date, the forecasts of today are as old as they were.
        made_of = _digest(settings) if run_date is None else results.made_of(settings, FEATURE)
        found = service.run(settings, run_date=run_date, progress=progress)
        version = results.publish(settings, FEATURE, TABLES, found, made_of)
    (frame,) = found[TOTALS.name].values()
    made_by = run_date if run_date is not None else max(_column(frame, "run_date"))
    return Forecasted(version.build_id, made_by, service.write_page(settings))


def run_requests(settings: Settings, run_date: date | None = None) -> str | None:
    """Forecast the requests of endpoints by a run date, or by the day after those that are counted; publish them.

    Return the build; None where the same KPIs were forecast by that run date before, or where no request is counted.
    Raise NotReady before any bills are published, Finding if the gate refuses.
    """
    from finops.forecasting import requests
    from finops.forecasting.tables import REQUEST_TABLES
    from finops.stores import published

    with results.running(settings, REQUESTS):
        day = run_date or requests.run_date_of(settings)
        made_of = results.digest(settings, None, [results.KPIS])
        is_known = results.made_of(settings, REQUESTS) == made_of
        if day is None or (is_known and requests.is_published(published.latest(settings), day)):
            return None
        found = requests.run(settings, day)
        return results.publish(settings, REQUESTS, REQUEST_TABLES, found, made_of).build_id


def _digest(settings: Settings) -> str:
    from finops.policy import forecasting

    return results.digest(settings, forecasting.load(settings).model_dump(mode="json"))


def _column(frame: Any, name: str) -> list[date]:
    return list(frame[name])
