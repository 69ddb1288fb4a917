"""Evaluates the budgets of `budgets.yml` after each forecast and each publication of KPIs.

For each budget and period: what is spent, what is expected at its end and how sure that is, the probability that it
will be used up, and until when it lasts. It is published (`mart_budgets`, `mart_budget_days`, `mart_budget_proposals`)
when anything has changed, with a page in `budgets/`. A threshold that is reached is told once in its period, through
`channels.yml`; what a restated bill lifts is told, too. What `budgets.yml` proposes on a breach is published;
`rightsize_resources` makes findings of it. Without budgets the task is skipped.

For a past day, give the parameter `run_date` as YYYY-MM-DD: it is evaluated as of that day, and nobody is told.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, PartitionedAssetTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from finops_airflow.assets import FORECASTS, KPIS
from finops_airflow.defaults import BUILDS_POOL, finops_dag
from finops_airflow.steps import budgets
from finops_airflow.tasks import serve


@task(pool=BUILDS_POOL)
def enforce(*, params):
    done = budgets.enforce_budgets(params["run_date"])
    if done is None:
        raise AirflowSkipException("budgets.yml holds no budget")
    return done


with finops_dag(
    "enforce_budgets",
    schedule=PartitionedAssetTimetable(assets=FORECASTS | KPIS),
    deadline=timedelta(hours=1),
    tags=["budgets"],
    doc_md=__doc__,
    params={
        "run_date": Param(None, type=["null", "string"], format="date", description="Evaluate as of this day, UTC")
    },
):
    enforce() >> serve()
