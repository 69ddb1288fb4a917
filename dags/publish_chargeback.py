"""Writes a billing period's chargeback statements: provisional whenever its marts are published, final once closed.

`plan` composes the month's statements, and those of the month after, which compare with it. `render` has one task for
each audience: every cost centre, and the whole company. `publish` proves that all are there and moves one link; until
then, and when a task fails, readers keep the last complete set. Clear a failed task and the run goes on; a run that was
killed is made good by the next. A month that `finops chargeback close` has closed keeps its final statements, byte for
byte, and its adjustments go into the statements of the first open month after it.

`deliver` brings provisional statements to the folders and buckets of `delivery.yml`, final ones to its mailboxes too.

The partition key is the billing period. What is to be written is read from the state store and the statements that are
there, not from the event, so an event too many writes nothing. The hourly `resync_marts` names months whose event was
lost, and a month that was closed, if somebody is to get its statements. To have a month written again, trigger the DAG
with the month as the parameter `billing_period`. The statements are under `statements/billing_period=YYYY-MM/` in
FINOPS_HOME.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, PartitionedAssetTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from finops.core.errors import BadInput
from finops_airflow import steps
from finops_airflow.assets import CLOSED, OUTDATED, PUBLISHED
from finops_airflow.defaults import STATEMENTS_POOL, finops_dag
from finops_airflow.tasks import serve


@task
def plan(*, params, dag_run):
    return steps.plan_statements(_period(params, dag_run), force=bool(params["billing_period"]))


# Each cost centre, not its place in a list: that is what somebody looks for.
@task(pool=STATEMENTS_POOL, map_index_template="{{ task.op_kwargs['audience'] }}")
def render(audience, drafts):
    steps.render_statement(audience, drafts)


# Nothing to render is no failure: a closed month still gets back what is missing.
@task(trigger_rule="none_failed")
def publish(planned, *, params, dag_run):
    return steps.publish_statements(_period(params, dag_run), planned)


@task
def deliver(billing_periods):
    delivered = steps.deliver_published(billing_periods)
    if delivered is None:
        raise AirflowSkipException("delivery.yml has no targets")
    return delivered


def _period(params, dag_run):
    period = params["billing_period"] or dag_run.partition_key
    if not period:
        raise BadInput("a run by hand needs a billing period: give the parameter billing_period as YYYY-MM")
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
