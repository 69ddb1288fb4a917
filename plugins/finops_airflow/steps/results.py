"""Results of features on all that is published: forecasts and incidents."""

from __future__ import annotations

import logging
from collections.abc import Callable

from finops.core.errors import NotReady
from finops.core.machine import one_line_errors
from finops.core.settings import Settings
from finops.pipelines import forecasts, incidents, results
from finops_airflow.steps.common import day_of, written

logger = logging.getLogger(__name__)


@one_line_errors()
def forecast_spend(run_date: str | None) -> str | None:
    """Forecast by a run date (YYYY-MM-DD), or by what is published now; return the build, None when nothing is due.

    Nothing is while bills that have just landed are on their way: their publication asks again.
    """
    settings = Settings()
    if run_date is None and (_waits_for_bills(settings) or not forecasts.is_due(settings)):
        return None
    return forecasts.run(settings, day_of(run_date)).build_id


@one_line_errors()
def detect_anomalies(run_date: str | None) -> str | None:
    """Detect anomalies as of a run date (YYYY-MM-DD), or of what is published now; None when nothing is due."""
    settings = Settings()
    if run_date is None and (_waits_for_kpis(settings) or not incidents.is_due(settings)):
        return None
    version = incidents.run(settings, day_of(run_date))
    incidents.write_pages(settings)
    return version.build_id


@one_line_errors()
def outdated_forecasts() -> list[str]:
    """Return the last published month when its forecasts are out of date; none before anything is published."""
    return _last_month_if(forecasts.is_due)


@one_line_errors()
def outdated_incidents() -> list[str]:
    """Return the last published month when the incidents are out of date, and forecasts and KPIs are not."""

    def are_due(settings: Settings) -> bool:
        return not forecasts.is_due(settings) and not _waits_for_kpis(settings) and incidents.is_due(settings)

    return _last_month_if(are_due)


def _last_month_if(is_due: Callable[[Settings], bool]) -> list[str]:
    settings = Settings()
    try:
        if _waits_for_bills(settings) or not is_due(settings):
            return []
    except NotReady:
        return []
    return written([results.last_month(settings)])


def _waits_for_kpis(settings: Settings) -> bool:
    if found := incidents.kpis_on_their_way(settings):
        logger.info("KPIs that are out of date, whose publication asks again: %s", ", ".join(found))
    return bool(found)


def _waits_for_bills(settings: Settings) -> bool:
    if found := results.bills_on_their_way(settings):
        logger.info("on their way to readers, whose publication asks again: %s", ", ".join(found))
    return bool(found)
