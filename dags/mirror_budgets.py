"""Shows what would make the budgets in AWS, Azure and Google Cloud those of `budgets.yml`, on demand.

With the parameter `apply` it is done. Look at a run without it first. Budgets of others are never touched. The message
names each cloud that failed; the others are done. Trigger it again: what is there already stays as it is.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, task

from finops_airflow.defaults import finops_dag
from finops_airflow.steps import budgets


@task
def mirror_budgets(*, params):
    return budgets.mirror_budgets(apply=params["apply"])


with finops_dag(
    "mirror_budgets",
    schedule=None,
    deadline=timedelta(hours=1),
    tags=["budgets"],
    doc_md=__doc__,
    params={"apply": Param(False, type="boolean", description="Do it; otherwise nothing is changed.")},
):
    mirror_budgets()
