"""Writes the chargeback statements of a billing period: when its marts are published, and on demand.

The partition key is the billing period. To have the statements of another month written again, trigger the DAG and
give that month as the parameter `billing_period`. The statements are under `statements/billing_period=YYYY-MM/` in
FINOPS_HOME.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, PartitionedAssetTimetable, task

from finops.core.errors import BadInput
from finops_airflow import steps
from finops_airflow.assets import PUBLISHED
from finops_airflow.defaults import finops_dag
from finops_airflow.tasks import serve


@task
def write_statements(*, params, dag_run):
    period = params["billing_period"] or dag_run.partition_key
    if not period:
        raise BadInput("a run by hand needs a billing period: give the parameter billing_period as YYYY-MM")
    return steps.write_statements(period)


with finops_dag(
    "publish_chargeback",
    schedule=PartitionedAssetTimetable(assets=PUBLISHED),
    deadline=timedelta(hours=2),
    tags=["chargeback"],
    doc_md=__doc__,
    params={
        "billing_period": Param(
            None, type=["null", "string"], pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="Billing period, YYYY-MM"
        )
    },
):
    write_statements() >> serve()
