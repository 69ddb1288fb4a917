"""Lands new usage telemetry, once an hour.

It reads each source in `telemetry.yml` and lands the days that are new or changed, rolled up to the hour. A file that
was read before costs one look-up, so an hour without changes takes seconds. Without the file, or without a source in
it, there is nothing to do.

A source that fails does not stop the others. A file that is still being written waits for the next hour. A file that is
refused fails its source's `land_telemetry` with file, line and value; whatever else is new has landed. Mend the file
and clear the task, or wait for the next hour. `finops telemetry status` shows what has landed.

Then it names the months whose KPIs are older than what has landed or is published: that starts `build_kpis` for each.

A monitoring system is asked for today's full hours and for past days that are not whole yet. One that does not answer
fails the task, which is tried again; what has landed stays. A cloud is asked once a day what resources there are.

For past days, put their files where the source looks: the next run lands them. Of a monitoring system, ask for them
with `finops telemetry ingest --source NAME --day YYYY-MM-DD`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import TriggerRule, task

from finops_airflow.assets import KPIS_DUE
from finops_airflow.defaults import INGEST_POOL, finops_dag
from finops_airflow.steps import kpis, telemetry
from finops_airflow.tasks import all_landed, name_periods
from finops_airflow.timetables import CronWithRuntimePartitions


@task(pool=INGEST_POOL, map_index_template="{{ task.op_kwargs['name'] }}")
def land_telemetry(name):
    return telemetry.land_telemetry(name)


# Whatever became of the sources: what did land counts, and so does what was published meanwhile.
@task(outlets=[KPIS_DUE], trigger_rule=TriggerRule.ALL_DONE)
def ask_for_outdated_kpis(_, *, outlet_events):
    return name_periods(kpis.outdated_kpis(), KPIS_DUE, outlet_events, "the KPIs of every month are up to date")


with finops_dag(
    "ingest_telemetry",
    schedule=CronWithRuntimePartitions("35 * * * *", timezone="UTC"),
    deadline=timedelta(hours=1),
    tags=["ingest", "telemetry"],
    doc_md=__doc__,
):
    landed = land_telemetry.expand(name=task(telemetry.telemetry_sources)())
    ask_for_outdated_kpis(landed)
    all_landed(landed)
