"""Lands new usage telemetry, once an hour.

It reads each source in `telemetry.yml` and lands the days that are new or changed, rolled up to the hour. A file that
was read before costs one look-up, so an hour without changes takes seconds. Without the file, or without a source in
it, there is nothing to do.

A source that fails does not stop the others. A file that is still being written waits for the next hour. A file that is
refused fails its source's `land_telemetry` with file, line and value; whatever else is new has landed. Mend the file
and clear the task, or wait for the next hour. `finops telemetry status` shows what has landed.

A monitoring system is asked for today's full hours and for past days that are not whole yet. One that does not answer
fails the task, which is tried again; what has landed stays.

For past days, put their files where the source looks: the next run lands them. Of a monitoring system, ask for them
with `finops telemetry ingest --source NAME --day YYYY-MM-DD`.
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
