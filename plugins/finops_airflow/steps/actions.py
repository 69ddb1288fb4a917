"""Rightsizing: find, plan, ask, apply, verify, and account for savings."""

from __future__ import annotations

from datetime import timedelta

from finops.core.errors import Finding
from finops.core.machine import one_line_errors
from finops.core.settings import Settings
from finops.pipelines import actions, rightsizing
from finops.pipelines.actions import AskedAction
from finops_airflow.steps.common import day_of


@one_line_errors()
def find_waste(run_date: str | None) -> str:
    """Find what could be saved as of a run date (YYYY-MM-DD), or of what is published now; say what came of it."""
    found = rightsizing.find(Settings(), day_of(run_date))
    published = "nothing has changed" if found.build_id is None else f"published by build {found.build_id}"
    return f"{found.findings} findings as of {found.run_date}: {published}"


@one_line_errors()
def plan_actions(run_date: str | None) -> list[AskedAction]:
    """Plan actions from the findings; return those that are new. While ``dry_run`` is true nothing is planned."""
    return actions.plan_and_ask(Settings(), "rightsize_resources", day_of(run_date))


@one_line_errors()
def who_may_approve() -> tuple[list[str], timedelta]:
    """Return the approvers that ``rightsizing.yml`` names, and how long an action waits for one."""
    return actions.who_may_approve(Settings())


@one_line_errors()
def waits_for_approval(action_id: str) -> bool:
    """Tell whether somebody still has to decide of an action."""
    return actions.waits_for_approval(Settings(), action_id)


@one_line_errors()
def decide_action(action_id: str, by: str, *, is_approved: bool) -> None:
    """Note who has approved or rejected an action. Raise BadInput where that person may not."""
    actions.decide(Settings(), action_id, by, is_approved=is_approved)


@one_line_errors()
def apply_action(action_id: str) -> str | None:
    """Apply an approved action; say what came of it, None where it is not approved. Raise Finding when it failed."""
    from finops_airflow.clients import login_for

    if not actions.is_approved(Settings(), action_id):
        return None
    return actions.came_of(actions.apply(Settings(), [action_id], login_for))


@one_line_errors()
def go_on_with_actions() -> str:
    """Go on with what was left half way, and apply what was approved elsewhere. Raise Finding when one failed."""
    from finops_airflow.clients import login_for

    return actions.came_of(actions.apply(Settings(), (), login_for))


@one_line_errors()
def verify_actions() -> int:
    """Read again what was changed some days ago; return how many. Raise Finding when it is not as intended any more."""
    from finops_airflow.clients import login_for

    found = actions.verify(Settings(), login_for)
    if faults := [each for each in found if not each.is_as_intended]:
        raise Finding("; ".join(f"{each.action_id}: {each.fault or 'not as intended any more'}" for each in faults))
    return len(found)


@one_line_errors()
def settle_savings() -> str:
    """Publish what actions have saved so far; say how many rows there are."""
    return f"{len(actions.settle_savings(Settings()))} actions and months are accounted for"
