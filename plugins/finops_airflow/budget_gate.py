"""An operator that a team puts before an expensive job: may it start now, by budget, forecast, time and price?"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from airflow.sdk import BaseSensorOperator, Context, PokeReturnValue
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
)

from finops.core.errors import FinopsError

logger = logging.getLogger(__name__)

KEY = "budget_gate"
"""XCom that holds the last answer, also of a gate that was skipped: verdict, reasons, next_at."""


class BudgetGateOperator(BaseSensorOperator):
    """Let a job start, put it off without holding a slot, or skip it, and say why.

    It is asked again every ``poke_interval``, or when the window opens; in between the task is ``up_for_reschedule``.
    Its slot is free then, and no triggerer is needed. After ``timeout`` it is skipped, or fails.

    :param budgets: ids of ``budgets.yml`` that the job uses
    :param scope: instead of them what the job is charged to, ``{"ai_project": "atlas"}``: every budget that counts it
    :param cost: estimated cost of the job, in ``currency``
    :param most: how far budgets may be used with the job: ``actual 100``, ``forecast 100``, ``probability 80`` …
    :param window: off-peak hours, ``22:00-06:00 Europe/Berlin mon-fri``
    :param spot: what an hour of a spot machine may cost, ``p4d.24xlarge us-east-1 12.50 USD``, by the latest bills
    :param aws_conn_id: Connection by which AWS is asked for the spot price of now instead
    :param over: ``defer`` or ``skip`` where a budget or the price is above what is allowed
    :param unpublished: ``start``, ``defer`` or ``skip`` where a budget or price is not published, or is too old
    :param unknown: ``error``, ``start`` or ``skip`` where there is no such budget
    :param max_age: days that what is published may be old
    :param timed_out: ``skip`` or ``fail`` after ``timeout``
    """

    template_fields: Sequence[str] = ("budgets", "scope", "cost", "currency", "window", "spot")
    ui_color = "#e8f3ec"

    def __init__(
        self,
        *,
        budgets: str | Sequence[str] = (),
        scope: Mapping[str, str] | None = None,
        cost: str | float | None = None,
        currency: str | None = None,
        most: Sequence[str] = ("forecast 100", "probability 80"),
        window: str | None = None,
        spot: str | None = None,
        aws_conn_id: str | None = None,
        over: Literal["defer", "skip"] = "defer",
        unpublished: Literal["start", "defer", "skip"] = "defer",
        unknown: Literal["error", "start", "skip"] = "error",
        max_age: int = 7,
        timed_out: Literal["skip", "fail"] = "skip",
        poke_interval: timedelta | float = timedelta(minutes=5),
        timeout: timedelta | float = timedelta(hours=24),
        **arguments: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, timeout=timeout, mode="reschedule", **arguments)
        self.budgets = budgets
        self.scope = scope
        self.cost = cost
        self.currency = currency
        self.most = most
        self.window = window
        self.spot = spot
        self.aws_conn_id = aws_conn_id
        self.over = over
        self.unpublished = unpublished
        self.unknown = unknown
        self.max_age = max_age
        self.timed_out = timed_out

    def poke(self, context: Context) -> PokeReturnValue:
        """Ask once. Return where the job may start; else raise what makes Airflow skip the task or ask again later."""
        answer = self._ask()
        why = "; ".join(answer["reasons"])
        logger.info("%s: %s", answer["verdict"], why)
        context["ti"].xcom_push(key=KEY, value=answer)
        if answer["verdict"] == "start":
            return PokeReturnValue(is_done=True, xcom_value=answer)
        if answer["verdict"] == "skip":
            raise AirflowSkipException(why)
        now = datetime.now(UTC)
        ends = (context["ti"].get_first_reschedule_date(context) or now) + timedelta(seconds=self.timeout)
        if now >= ends:
            raise _TIMED_OUT[self.timed_out](f"waited {timedelta(seconds=self.timeout)} in vain: {why}")
        next_at = now + timedelta(seconds=self.poke_interval)
        if answer["next_at"] is not None:
            next_at = max(next_at, datetime.fromisoformat(answer["next_at"]))
        raise AirflowRescheduleException(min(next_at, ends))

    def _ask(self) -> dict[str, Any]:
        from finops_airflow.steps import budgets as budgets_steps

        try:
            return budgets_steps.may_start(
                self.aws_conn_id,
                budgets=(self.budgets,) if isinstance(self.budgets, str) else tuple(self.budgets),
                scope=self.scope,
                cost=self.cost,
                currency=self.currency,
                most=tuple(self.most),
                window=self.window,
                spot=self.spot,
                over=self.over,
                unpublished=self.unpublished,
                unknown=self.unknown,
                max_age=self.max_age,
            )
        except FinopsError as error:
            if error.is_retryable:
                raise
            # Whatever retries the team's DAG has: what a person has to mend is the same in five minutes.
            raise AirflowFailException(str(error)) from error


_TIMED_OUT: dict[str, type[Exception]] = {"skip": AirflowSkipException, "fail": AirflowSensorTimeout}
