"""Builds, checks and publishes a billing period after it has landed.

The assets of the providers and of the hourly check start it; the partition key is the billing period. The state
store, not the event, says what is pending. So a surplus event does nothing (`build` is skipped), and the next run
makes up for one that was killed. Readers keep the last published version until `publish` replaces it.

A manual run without a partition key builds everything that is pending, as `finops build` does.

A provider's month that cannot be built, or that `gate` refuses, is held back on its last good version, and the others
are published. Then `held_back` fails and names it with its deliveries, the cause and what to do; open
`quality/<build_id>/index.html` under FINOPS_HOME for what the gate found. When nothing at all can be published, `build`
or `gate` fails too. A corrected delivery starts the next run by itself; clear `build` to try the same delivery again.

The note on the run says what the gate found and links its page.

`serve` copies what changed into the PostgreSQL schema for BI tools; it is skipped when FINOPS_SERVING_URL is not set.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import PartitionedAssetTimetable, TriggerRule, task
from airflow.sdk.exceptions import AirflowSkipException

from finops.core.providers import ANY_VENDOR, Provider
from finops_airflow import notes, steps
from finops_airflow.assets import LANDED, PUBLISHED, RESYNC
from finops_airflow.defaults import WAREHOUSE_POOL, finops_dag
from finops_airflow.tasks import serve


@task(pool=WAREHOUSE_POOL)
def build(*, dag_run, ti):
    # Whoever clears the task wants what is held back to be tried again.
    report = steps.build_marts(dag_run.partition_key, retry=ti.try_number > 1)
    if report is None:
        raise AirflowSkipException("nothing is pending")
    return report


@task(pool=WAREHOUSE_POOL)
def gate(built, *, ti):
    with notes.left_by(ti, steps.note_of_build):
        steps.pass_gate(built["build_id"])


@task(pool=WAREHOUSE_POOL, outlets=[PUBLISHED])
def publish(built, *, outlet_events, ti):
    months = steps.publish_marts(built["build_id"])
    notes.leave(ti, steps.note_of_publication)
    outlet_events[PUBLISHED].add_partitions(months)


# Whatever became of the build: it names deliveries and files also where nothing was to be built, or nothing could be.
@task(trigger_rule=TriggerRule.ALL_DONE)
def held_back(*, dag_run):
    steps.fail_on_held_back(dag_run.partition_key)


with finops_dag(
    "build_marts",
    schedule=PartitionedAssetTimetable(
        assets=LANDED[Provider.AWS] | LANDED[Provider.AZURE] | LANDED[Provider.GCP] | LANDED[ANY_VENDOR] | RESYNC
    ),
    deadline=timedelta(hours=4),
    tags=["build"],
    doc_md=__doc__,
):
    # One run at a time, not only one task: a build that another has replaced, from the shell say, is not published.
    built = build()
    gate(built) >> publish(built) >> [serve(), held_back()]
