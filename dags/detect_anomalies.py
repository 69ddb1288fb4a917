"""Detects anomalies in spend after each forecast, and keeps the register of incidents with a page for each.

New forecasts or KPIs start it (KPIs say when machines train, which is no anomaly; until they are up to date it waits
for them), and so does `resync_marts`, which each hour asks for incidents that are older than the bills,
the forecasts, people's feedback or `anomalies.yml`; the partition key is the billing period. A surplus event does
nothing: `detect` is skipped. A run opens, updates and closes incidents; the same run once more changes none.

For a past day, give the parameter `run_date` as YYYY-MM-DD: incidents are detected as of that day.

Incidents are published as bills are: readers keep the last version until the new one has passed the gate.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, PartitionedAssetTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from finops_airflow.assets import FORECASTS, INCIDENTS, INCIDENTS_DUE, KPIS
from finops_airflow.defaults import BUILDS_POOL, finops_dag
from finops_airflow.steps import results
from finops_airflow.tasks import serve


@task(pool=BUILDS_POOL, outlets=[INCIDENTS])
def detect(*, params):
    build_id = results.detect_anomalies(params["run_date"])
    if build_id is None:
        raise AirflowSkipException("the incidents are up to date, or KPIs are on their way")
    return build_id


with finops_dag(
    "detect_anomalies",
    schedule=PartitionedAssetTimetable(assets=FORECASTS | KPIS | INCIDENTS_DUE),
    deadline=timedelta(hours=2),
    tags=["anomalies"],
    doc_md=__doc__,
    params={"run_date": Param(None, type=["null", "string"], format="date", description="Detect as of this day, UTC")},
):
    detect() >> serve()
