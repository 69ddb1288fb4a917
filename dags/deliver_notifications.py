"""Delivers what people are to be told to the channels in `channels.yml`, every five minutes.

Features put events into the outbox in the state store; this run sends what is due and notes what became of it. A
channel that fails is tried again with growing pauses, and another channel says so. Without channels the task is
skipped. It fails when an event reaches nobody: mend a channel, then `finops notify deliver --parked CHANNEL`.
`finops notify status` shows what was sent.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from finops_airflow.defaults import finops_dag
from finops_airflow.steps import notifications


@task
def deliver():
    done = notifications.deliver_notifications()
    if not any(done.values()):
        raise AirflowSkipException("there was nothing to tell")
    return done


with finops_dag(
    "deliver_notifications",
    schedule="*/5 * * * *",
    deadline=timedelta(minutes=30),
    tags=["notifications"],
    doc_md=__doc__,
):
    deliver()
