"""Budgets: evaluate them, ask them whether a job may start, and mirror them into the clouds."""

from __future__ import annotations

from typing import Any

from finops.core.errors import Finding
from finops.core.machine import one_line_errors
from finops.core.settings import Settings
from finops.pipelines import budgets
from finops_airflow.steps.common import day_of


@one_line_errors()
def enforce_budgets(run_date: str | None) -> str | None:
    """Evaluate budgets as of a run date (YYYY-MM-DD) or the last bill; say what came of it, None without budgets."""
    settings = Settings()
    if not budgets.are_configured(settings):
        return None
    done = budgets.run(settings, day_of(run_date))
    published = "nothing new to publish" if done.build_id is None else f"published by build {done.build_id}"
    return f"budgets as of {done.run_date}: {published}; {done.told} thresholds to tell of"


@one_line_errors()
def may_start(aws_conn_id: str | None, **asked: Any) -> dict[str, Any]:
    """Return whether an expensive job may start: verdict, reasons, and when to ask again where that is known."""
    from finops_airflow.clients import ec2_client_of

    client_of = None if aws_conn_id is None else ec2_client_of(aws_conn_id)
    return budgets.may_start(Settings(), ec2_client_of=client_of, **asked).as_json()


@one_line_errors()
def mirror_budgets(*, apply: bool) -> list[str]:
    """Say what would make the clouds' own budgets those of ``budgets.yml``, or do it; return a line for each budget.

    Raise Finding, naming each cloud or budget that failed; the others are done.
    """
    from finops_airflow.clients import mirror_client_for

    found = budgets.mirror(Settings(), apply=apply, login_for=mirror_client_for)
    faults = [fault for each in found for fault in (each.fault, *(step.fault for step in each.steps)) if fault]
    if faults:
        raise Finding("; ".join(faults))
    return [f"{each.mirror.name}: {step.what} {step.budget or step.name}" for each in found for step in each.steps]
