"""Writes the weekly review of KPIs, each Monday at 06:00 UTC.

It reads what is published, computes nothing of its own, and writes `reviews/week=YYYY-MM-DD` of the last whole week
that has KPIs: a page, a PDF and CSV. The note on the run says what matters and links the page. Before any KPIs are
published the task is skipped.

Bills of the last days of a week often arrive later. Clear `write`, or say `finops review`, to write the review again
of what is published by then; `finops review --week YYYY-MM-DD` writes that of a past week.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from finops_airflow import notes
from finops_airflow.defaults import finops_dag
from finops_airflow.steps import reviews


@task
def write(*, ti=None):
    week = reviews.write_review()
    if week is None:
        raise AirflowSkipException("no KPIs are published yet")
    notes.leave(ti, lambda: reviews.note_of_review(week))
    return week


with finops_dag(
    "weekly_review",
    schedule="0 6 * * 1",
    deadline=timedelta(hours=1),
    tags=["kpis", "review"],
    doc_md=__doc__,
):
    write()
