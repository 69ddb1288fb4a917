"""Forecasts spend after each publication of bills, and scores the forecasts of before.

The publication starts it, and so does `resync_marts`, which each hour asks for forecasts that are older than the bills
or than `forecasting.yml`; the partition key is the billing period that was published. While bills that have just landed
are on their way, `forecast` is skipped: their publication starts the next run. A surplus event does nothing.

A run forecasts by the day after the last day that has bills, and keeps the forecasts of other run dates, so that
yesterday's can be held against today. For a past run date, give the parameter `run_date` as YYYY-MM-DD: it is forecast
as if later days were not known, and replaces only its own rows. `finops forecast --run-date` does the same.

Forecasts are published as bills are: readers keep the last version until the new one has passed the gate.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, PartitionedAssetTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from finops_airflow.assets import FORECASTS, FORECASTS_DUE, PUBLISHED
from finops_airflow.defaults import BUILDS_POOL, finops_dag
from finops_airflow.steps import results
from finops_airflow.tasks import serve


@task(pool=BUILDS_POOL, outlets=[FORECASTS])
def forecast(*, params):
    build_id = results.forecast_spend(params["run_date"])
    if build_id is None:
        raise AirflowSkipException("the forecasts are up to date, or more bills are on their way")
    return build_id


with finops_dag(
    "forecast_spend",
    schedule=PartitionedAssetTimetable(assets=PUBLISHED | FORECASTS_DUE),
    deadline=timedelta(hours=2),
    tags=["forecasts"],
    doc_md=__doc__,
    params={
        "run_date": Param(None, type=["null", "string"], format="date", description="Forecast as of this day, UTC")
    },
):
    forecast() >> serve()
