"""From what is published to what is to come: forecast → gate → publish → page. One run at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.core.settings import Settings
from finops.pipelines import results

if TYPE_CHECKING:
    from finops.stores.published import Publication

FEATURE = "forecasting"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Forecasted:
    """A run's publication, the run date, and where the page is."""

    build_id: str
    run_date: date
    page: Path


def run(settings: Settings, run_date: date | None = None, progress: Progress | None = None) -> Forecasted:
    """Forecast from a run date on, publish what passes the gate, and write the page of the newest run date.

    Raise NotReady before anything is published, Finding where the gate refuses the rows: readers keep those before.
    """
    from finops.forecasting import service
    from finops.forecasting.tables import TABLES, TOTALS

    with results.running(settings, FEATURE):
        given = _version(settings)
        found = service.run(settings, run_date=run_date, progress=progress)
        version = results.publish(settings, FEATURE, TABLES, found, service.made_of(given, settings))
    (frame,) = found[TOTALS.name].values()
    newest = run_date if run_date is not None else max(_column(frame, "run_date"))
    return Forecasted(version.build_id, newest, service.write_page(settings))


def _version(settings: Settings) -> Publication:
    from finops.transform.results import service

    return service.require_published(settings)


def _column(frame: Any, name: str) -> list[date]:
    return list(frame[name])
