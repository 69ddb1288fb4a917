"""Lands new usage telemetry, once an hour.

It reads each source in `telemetry.yml` and lands the days that are new or changed, rolled up to the hour. A file that
was read before costs one look-up, so an hour without changes takes seconds. Without the file, or without a source in
it, there is nothing to do.

A source that fails does not stop the others. A file that is still being written waits for the next hour. A file that is
refused fails its source's `land_telemetry` with file, line and value; whatever else is new has landed. Mend the file
and clear the task, or wait for the next hour. `finops telemetry status` shows what has landed.

For past days, put their files where the source looks: the next run lands them.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import task

from finops_airflow import steps
from finops_airflow.defaults import INGEST_POOL, finops_dag


@task(pool=INGEST_POOL, map_index_template="{{ task.op_kwargs['name'] }}")
def land_telemetry(name):
    return steps.land_telemetry(name)


with finops_dag(
    "ingest_telemetry",
    schedule="35 * * * *",
    deadline=timedelta(hours=1),
    tags=["ingest", "telemetry"],
    doc_md=__doc__,
):
    land_telemetry.expand(name=task(steps.telemetry_sources)())
