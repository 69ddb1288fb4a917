"""Build → gate → publish → serve as tasks: those of `build_marts`, and those of a backfill's month."""

from __future__ import annotations

from typing import Any

from airflow.sdk import TriggerRule, task
from airflow.sdk.exceptions import AirflowSkipException

from finops.core.errors import Superseded
from finops_airflow import notes
from finops_airflow.assets import PUBLISHED
from finops_airflow.defaults import BUILDS_POOL
from finops_airflow.steps import marts
from finops_airflow.tasks import serve


def build_and_publish(*, after: Any = None, priority_weight: int = 1) -> None:
    """Declare the tasks that build, check, publish and serve the run's billing period, after those given, if any.

    What a newer build has replaced meanwhile is skipped: the run of that build publishes it.
    """
    in_pool: Any = {"pool": BUILDS_POOL, "priority_weight": priority_weight}

    # After a landing of which a part failed: what did land is built.
    @task(**in_pool, trigger_rule=TriggerRule.ALL_DONE)
    def build(*, dag_run: Any = None, ti: Any = None) -> Any:
        if after is not None and dag_run.partition_key is None:
            raise AirflowSkipException("the run names no month, and what has landed beside it is not its own")
        # Whoever clears the task wants what is held back to be tried again.
        report = marts.build_marts(dag_run.partition_key, retry=ti.try_number > 1)
        if report is None:
            raise AirflowSkipException("nothing is pending")
        return report

    @task(**in_pool)
    def gate(built: Any, *, ti: Any = None) -> None:
        with notes.left_by(ti, lambda: marts.note_of_build(built["build_id"])):
            unless_superseded(marts.pass_gate, built["build_id"])

    @task(**in_pool, outlets=[PUBLISHED])
    def publish(built: Any, *, dag_run: Any = None, outlet_events: Any = None, ti: Any = None) -> None:
        months = unless_superseded(marts.publish_marts, built["build_id"])
        notes.leave(ti, lambda: marts.note_of_publication(built["build_id"], months))
        # Of a run for one month, Airflow names that month on the asset by itself.
        if months != [dag_run.partition_key]:
            outlet_events[PUBLISHED].add_partitions(months)

    # Whatever became of the build: it names deliveries and files also where nothing was to be built, or nothing could.
    @task(trigger_rule=TriggerRule.ALL_DONE)
    def held_back(*, dag_run: Any = None) -> None:
        marts.fail_on_held_back(dag_run.partition_key)

    built = build()
    if after is not None:
        after >> built
    gate(built) >> publish(built) >> [serve(), held_back()]


def unless_superseded(step: Any, *arguments: str) -> Any:
    """Run a step of a build; skip the task where a newer build has taken its place."""
    try:
        return step(*arguments)
    except Superseded as newer:
        raise AirflowSkipException(str(newer)) from None
