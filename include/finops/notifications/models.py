"""What there is to tell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What has happened."""

    TASK_FAILED = "task_failed"
    DEADLINE_MISSED = "deadline_missed"


@dataclass(frozen=True, slots=True)
class Alert:
    """A task that has failed for good, or a run that is late.

    ``period`` is the billing period of the run, or its logical date; ``reason`` is one line; ``link`` is where the run
    is shown.
    """

    kind: Kind
    dag_id: str
    run_id: str
    task_id: str | None = None
    period: str | None = None
    reason: str = ""
    link: str | None = None

    @property
    def headline(self) -> str:
        """What has happened, in one line."""
        period = f" for {self.period}" if self.period else ""
        if self.kind is Kind.TASK_FAILED:
            return f"{self.dag_id}.{self.task_id} failed{period}"
        return f"{self.dag_id} is late{period}"
