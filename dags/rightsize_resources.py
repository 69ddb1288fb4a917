"""Finds what could be saved each day, asks for approval of the actions that follow, and applies those that get it.

`go_on` finishes what was left half way and applies what was approved by `finops rightsizing approve`; `verify` reads
again what was changed 3, 7 and 30 days ago; `account` publishes what actions have saved. `find` forecasts the requests
of endpoints, where they are not yet, and publishes the findings (`mart_findings`, the page in `rightsizing/`), and
`plan` makes actions of those that pass the guardrails of `rightsizing.yml`. While that says `dry_run: true`, as it does
at first, nothing is planned, and nobody is asked.

For each new action `approve` waits, without holding a slot, for an approver that the file names; `approve_again` asks
for a second one where much is at stake. A rejection, or time that runs out, ends the action. `apply` does it:
guardrails and the live state are checked again, every step is journalled, and what cannot be finished goes back. Clear
a failed task and it goes on from the journal. A run waits for its own actions alone; the next day's starts beside it.

For a past day, give the parameter `run_date` as YYYY-MM-DD: its findings are made and played again, and actions count
from that day on.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from finops_airflow.approvals import ActionApproval
from finops_airflow.defaults import BUILDS_POOL, finops_dag
from finops_airflow.steps import actions
from finops_airflow.tasks import serve


@task
def go_on():
    return actions.go_on_with_actions()


@task(trigger_rule="all_done")
def verify():
    return actions.verify_actions()


@task(pool=BUILDS_POOL, trigger_rule="all_done")
def account():
    return actions.settle_savings()


@task(pool=BUILDS_POOL)
def find(*, params):
    return actions.find_waste(params["run_date"])


@task
def plan(*, params):
    planned = actions.plan_actions(params["run_date"])
    if not planned:
        raise AirflowSkipException("no finding becomes a new action; the log says why")
    return planned


# What is rejected is skipped; what the first approval was enough for goes on.
@task(trigger_rule="none_failed")
def apply(asked):
    done = actions.apply_action(asked["action_id"])
    if done is None:
        raise AirflowSkipException("it is not approved")
    return done


@task_group
def act(asked):
    approve = ActionApproval(task_id="approve", asked=asked)
    approve >> ActionApproval(task_id="approve_again", asked=asked) >> apply(asked)


with finops_dag(
    "rightsize_resources",
    schedule="30 6 * * *",
    # People take their time; what is late is an approval that nobody gives.
    deadline=timedelta(days=4),
    max_active_runs=8,
    tags=["rightsizing"],
    doc_md=__doc__,
    params={"run_date": Param(None, type=["null", "string"], format="date", description="Play this day again, UTC")},
):
    done, found = go_on(), find()
    done >> verify() >> account() >> serve()
    planned = plan()
    [done, found] >> planned
    act.expand(asked=planned)
