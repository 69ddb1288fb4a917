"""Asks once an hour for the builds, for the statements and for the final statements that nobody has asked for.

The event of a landing is lost for good when `build_marts` was paused, or its run failed. The state store is not:
whatever has landed and was not built is named here again on an asset of its own, and `build_marts` takes it up. So it
is with `publish_chargeback`: open months are named whose statements are missing, or older than what is published of the
month or of one that they compare with, whoever has published it.

A month is closed by a person outside Airflow: one that was closed lately, and whose final statements some target of
`delivery.yml` still lacks, is named on a third, and `publish_chargeback` delivers them.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from finops_airflow import steps
from finops_airflow.assets import CLOSED, OUTDATED, RESYNC
from finops_airflow.defaults import finops_dag
from finops_airflow.timetables import CronWithRuntimePartitions


@task(outlets=[RESYNC])
def ask_for_overdue_builds(*, outlet_events):
    periods = steps.overdue_periods()
    if not periods:
        raise AirflowSkipException("everything that has landed is built")
    outlet_events[RESYNC].add_partitions(periods)
    return periods


@task(outlets=[OUTDATED])
def ask_for_outdated_statements(*, outlet_events):
    periods = steps.outdated_periods()
    if not periods:
        raise AirflowSkipException("the statements of every open month are of what is published")
    outlet_events[OUTDATED].add_partitions(periods)
    return periods


@task(outlets=[CLOSED])
def ask_for_final_statements(*, outlet_events):
    periods = steps.undelivered_periods()
    if not periods:
        raise AirflowSkipException("whoever is to have the statements of a month closed lately has them")
    outlet_events[CLOSED].add_partitions(periods)
    return periods


with finops_dag(
    "resync_marts",
    schedule=CronWithRuntimePartitions("45 * * * *", timezone="UTC"),
    deadline=timedelta(minutes=30),
    tags=["build"],
    doc_md=__doc__,
):
    ask_for_overdue_builds()
    ask_for_outdated_statements()
    ask_for_final_statements()
