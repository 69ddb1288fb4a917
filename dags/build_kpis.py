"""Builds, checks and publishes a month's KPIs after its bills are published or its telemetry has landed.

The publication of bills starts it, and so does `ingest_telemetry`, which each hour names the months whose KPIs are out
of date; the partition key is the billing period. It reads bills as they are published, so telemetry never builds the
FOCUS fact. A surplus event does nothing: `build` is skipped. A manual run without a partition key builds the first
month that is pending; `finops kpis build` builds them all.

KPIs are published as bills are: readers keep the last version until `publish` replaces it. A month whose KPIs cannot be
built, or that `gate` refuses, stays on its last KPIs and is left alone until its bills, its telemetry or `kpis.yml`
change; clear `build` to try it again with the same.

`serve` copies what changed into the PostgreSQL schema for BI tools; it is skipped when FINOPS_SERVING_URL is not set.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import PartitionedAssetTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from finops_airflow.assets import KPIS, KPIS_DUE, PUBLISHED
from finops_airflow.building import unless_superseded
from finops_airflow.defaults import BUILDS_POOL, finops_dag
from finops_airflow.steps import kpis
from finops_airflow.tasks import serve


@task(pool=BUILDS_POOL)
def build(*, dag_run=None, ti=None):
    # Whoever clears the task wants a month that failed to be tried again.
    report = kpis.build_kpis(dag_run.partition_key, retry=ti.try_number > 1)
    if report is None:
        raise AirflowSkipException("the KPIs are up to date")
    return report


@task(pool=BUILDS_POOL)
def gate(built):
    unless_superseded(kpis.pass_kpi_gate, built["build_id"], *built["billing_periods"])


@task(pool=BUILDS_POOL, outlets=[KPIS])
def publish(built, *, dag_run=None, outlet_events=None):
    unless_superseded(kpis.publish_kpis, built["build_id"])
    # Of a run for one month, Airflow names that month on the asset by itself.
    if dag_run.partition_key is None:
        outlet_events[KPIS].add_partitions(built["billing_periods"])


with finops_dag(
    "build_kpis",
    schedule=PartitionedAssetTimetable(assets=PUBLISHED | KPIS_DUE),
    deadline=timedelta(hours=2),
    tags=["kpis"],
    doc_md=__doc__,
):
    built = build()
    gate(built) >> publish(built) >> serve()
