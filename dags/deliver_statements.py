"""Delivers the statements of a billing period to the folders, buckets and mailboxes in `delivery.yml`, on demand.

Trigger it with the month as the parameter `billing_period`. Check the statements first: people get them by mail. The
message names each target that failed. Clear the task, or trigger the month again: only what is missing is sent.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, task

from finops_airflow.defaults import finops_dag
from finops_airflow.steps import statements


@task
def deliver_statements(*, params):
    return statements.deliver_statements(params["billing_period"])


with finops_dag(
    "deliver_statements",
    schedule=None,
    deadline=timedelta(hours=2),
    tags=["chargeback"],
    doc_md=__doc__,
    params={
        "billing_period": Param(
            type="string", pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="Billing period, YYYY-MM"
        )
    },
):
    deliver_statements()
