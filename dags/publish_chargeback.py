"""Writes a billing period's chargeback statements: provisional after each publication of its marts, final once closed.

`plan` composes the statements of the month, and of the month after, which compare with it. `render` has one task per
audience: each cost centre, and the whole company. `publish` proves that all files are there and moves one link. Until
then, or when a task fails, readers keep the last complete set. Clear a failed task and the run continues; the next
run makes up for one that was killed. A month that `finops chargeback close` has closed keeps its final statements
byte for byte; its adjustments go into the statements of the first open month after it.

`deliver` sends provisional statements to the folders and buckets in `delivery.yml`, and final ones to the mailboxes
too.

The partition key is the billing period. The state store and the existing statements, not the event, say what is out
of date, so a surplus event writes nothing. The hourly `resync_marts` names months whose event was lost, and closed
months that are still to be delivered. To write a month again, trigger this DAG with the month as the parameter
`billing_period`. The note on the run links the statements, which are in
`statements/billing_period=YYYY-MM/` under FINOPS_HOME.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, PartitionedAssetTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from finops.core.errors import BadInput
from finops_airflow import notes
from finops_airflow.assets import CLOSED, OUTDATED, PUBLISHED
from finops_airflow.defaults import STATEMENTS_POOL, finops_dag
from finops_airflow.steps import statements
from finops_airflow.tasks import serve


@task
def plan(*, params, dag_run):
    return statements.plan_statements(_period(params, dag_run), force=bool(params["billing_period"]))


# Label each task with its cost centre: people look for that, not for its place in a list.
@task(pool=STATEMENTS_POOL, map_index_template="{{ task.op_kwargs['audience'] }}")
def render(audience, drafts):
    statements.render_statement(audience, drafts)


# Nothing to render is no failure: a closed month still gets back what is missing.
@task(trigger_rule="none_failed")
def publish(planned, *, params, dag_run, ti):
    published = statements.publish_statements(_period(params, dag_run), planned)
    if published:
        notes.leave(ti, lambda: statements.note_of_statements(published))
    return published


@task
def deliver(billing_periods):
    delivered = statements.deliver_published(billing_periods)
    if delivered is None:
        raise AirflowSkipException("delivery.yml has no targets")
    return delivered


def _period(params, dag_run):
    period = params["billing_period"] or dag_run.partition_key
    if not period:
        raise BadInput("a manual run needs a billing period: give the parameter billing_period as YYYY-MM")
    return period


with finops_dag(
    "publish_chargeback",
    schedule=PartitionedAssetTimetable(assets=PUBLISHED | OUTDATED | CLOSED),
    deadline=timedelta(hours=2),
    tags=["chargeback"],
    doc_md=__doc__,
    params={
        "billing_period": Param(
            None, type=["null", "string"], pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="Billing period, YYYY-MM"
        )
    },
):
    planned = plan()
    published = publish(planned)
    render.expand_kwargs(planned) >> published >> [serve(), deliver(published)]
