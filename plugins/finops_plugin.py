"""Registers with Airflow what a DAG cannot bring along itself: what its scheduler has to rebuild."""

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from finops_airflow import notes
from finops_airflow.deadlines import FirstQueuedAt
from finops_airflow.timetables import CronWithRuntimePartitions


class FinopsPlugin(AirflowPlugin):
    """The platform's plugin."""

    name = "finops"
    timetables: ClassVar = [CronWithRuntimePartitions]
    listeners: ClassVar = [notes]
    deadline_references: ClassVar = [FirstQueuedAt]
