"""Asks, once an hour, for builds, statements and deliveries whose event was lost.

The event of a landing is lost when `build_marts` was paused or its run failed. The state store is not: periods that
have landed and are not built are named on an asset of their own, which starts `build_marts`. The same holds for
`publish_chargeback`: open months are named whose statements are missing, or older than the published data of the
month or of one that they compare with.

A month is closed by a person outside Airflow. A month that was closed lately, and whose final statements some target
in `delivery.yml` still lacks, is named on a third asset, and `publish_chargeback` delivers them.
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
        raise AirflowSkipException("the statements of every open month are up to date")
    outlet_events[OUTDATED].add_partitions(periods)
    return periods


@task(outlets=[CLOSED])
def ask_for_final_statements(*, outlet_events):
    periods = steps.undelivered_periods()
    if not periods:
        raise AirflowSkipException("every target has the statements of the months closed lately")
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
