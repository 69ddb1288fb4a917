"""Notes on runs: what a run has made, with links, where Airflow's UI shows it first.

In Airflow 3.3 a task can read its run's note but not write it: the task SDK has no call for it, and the REST API asks
for a person's token. So a task leaves its words as an XCom, and when the run ends this listener, which runs in the
scheduler, puts them on the run. A note that a person has written stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from airflow.listeners import hookimpl

from finops.core.errors import FinopsError
from finops.core.redaction import redact

logger = logging.getLogger(__name__)

KEY = "run_note"
LONGEST = 1000
"""Characters that Airflow keeps of a note."""


def leave(instance: Any, words: Callable[[], str]) -> None:
    """Let a task instance leave words for the note of its run. Nothing to say is no reason to fail."""
    try:
        text = words()
    except (FinopsError, OSError) as error:
        logger.warning("there is no note on this run: %s", error)
    else:
        instance.xcom_push(key=KEY, value=redact(text))


@contextmanager
def left_by(instance: Any, words: Callable[[], str]) -> Iterator[None]:
    """Let a task instance leave words when the block ends, also when it fails."""
    try:
        yield
    finally:
        leave(instance, words)


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """Put on the run what its tasks have left."""
    _put(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """Put on the run what its tasks have left before one failed."""
    _put(dag_run)


def _put(run: Any) -> None:
    from airflow.models.xcom import XComModel
    from sqlalchemy import select
    from sqlalchemy.orm import object_session

    session = object_session(run)
    if session is None:
        return
    left = select(XComModel).where(XComModel.dag_id == run.dag_id, XComModel.run_id == run.run_id, XComModel.key == KEY)
    found = session.scalars(left.order_by(XComModel.timestamp))
    text = "\n\n".join(str(XComModel.deserialize_value(each)) for each in found)[:LONGEST]
    if not text:
        return
    if run.dag_run_note is None:
        run.note = text
    elif run.dag_run_note.user_id is None:
        run.dag_run_note.content = text
