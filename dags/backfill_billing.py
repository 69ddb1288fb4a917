"""Lands one billing period of every provider, builds and publishes it. Use it with `airflow backfill create`.

There is one run per month; the partition key is the billing period. A backfill over several months lands, builds and
publishes each month once, two at a time, next to the daily DAGs, which go first. After an interruption it continues
where it stopped: see `docs/cookbooks/backfill.md`.

On its own schedule it takes the month that has just ended, on the first day of the next. Unpause this DAG first:
while it is paused, the runs of a backfill stay queued without a message.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronPartitionTimetable, task

from finops.core.errors import BadInput
from finops_airflow.building import build_and_publish
from finops_airflow.defaults import INGEST_POOL, finops_dag
from finops_airflow.steps import bills
from finops_airflow.tasks import all_landed, land


@task(pool=INGEST_POOL, map_index_template="{{ task.op_kwargs['name'] }}")
def land_source(name, *, dag_run, ti):
    if dag_run.partition_key is None:
        raise BadInput("a manual run needs a partition key, the billing period (YYYY-MM)")
    return land(name, dag_run.partition_key, ti)


with finops_dag(
    "backfill_billing",
    schedule=CronPartitionTimetable("0 0 1 * *", timezone="UTC", run_offset=-1, key_format="%Y-%m"),
    deadline=timedelta(hours=12),
    tags=["ingest", "backfill"],
    doc_md=__doc__,
    max_active_runs=2,
):
    reports = land_source.expand(name=task(bills.sources_of)())
    # When every provider was asked, so that the month is built once; a bill that was rejected keeps no other waiting.
    build_and_publish(after=reports)
    all_landed(reports)
