"""Asks, once an hour, for builds, statements, forecasts and deliveries whose event was lost.

The event of a landing is lost when `build_marts` was paused or its run failed. The state store is not: periods that
have landed and are not built are named on an asset of their own, which starts `build_marts`. The same holds for
`publish_chargeback`: open months are named whose statements are missing, or older than the published data of the
month or of one that they compare with.

A month is closed by a person outside Airflow. A month that was closed lately, and whose final statements some target
in `delivery.yml` still lacks, is named on a third asset, and `publish_chargeback` delivers them.

Forecasts or incidents that are older than the bills, or than what configures them, start `forecast_spend` and
`detect_anomalies`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import task

from finops_airflow.assets import CLOSED, FORECASTS_DUE, INCIDENTS_DUE, OUTDATED, RESYNC
from finops_airflow.defaults import finops_dag
from finops_airflow.steps import marts, results, statements
from finops_airflow.tasks import name_periods
from finops_airflow.timetables import CronWithRuntimePartitions


@task(outlets=[RESYNC])
def ask_for_overdue_builds(*, outlet_events):
    return name_periods(marts.overdue_periods(), RESYNC, outlet_events, "everything that has landed is built")


@task(outlets=[OUTDATED])
def ask_for_outdated_statements(*, outlet_events):
    otherwise = "the statements of every open month are up to date"
    return name_periods(statements.outdated_periods(), OUTDATED, outlet_events, otherwise)


@task(outlets=[CLOSED])
def ask_for_final_statements(*, outlet_events):
    otherwise = "every target has the statements of the months closed lately"
    return name_periods(statements.undelivered_periods(), CLOSED, outlet_events, otherwise)


@task(outlets=[FORECASTS_DUE])
def ask_for_outdated_forecasts(*, outlet_events):
    return name_periods(results.outdated_forecasts(), FORECASTS_DUE, outlet_events, "the forecasts are up to date")


@task(outlets=[INCIDENTS_DUE])
def ask_for_outdated_incidents(*, outlet_events):
    return name_periods(results.outdated_incidents(), INCIDENTS_DUE, outlet_events, "the incidents are up to date")


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
    ask_for_outdated_forecasts()
    ask_for_outdated_incidents()
