"""What the tasks of ``rightsize_resources`` run: find, plan, ask, apply, verify, and account for savings.

Plain functions, as those of ``steps``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypedDict

from finops.core.errors import Finding
from finops.core.machine import one_line_errors
from finops.core.periods import a_day
from finops.core.settings import Settings
from finops.pipelines import actions, rightsizing

if TYPE_CHECKING:
    from finops.pipelines.actions import Action, Result

logger = logging.getLogger(__name__)


class AskedAction(TypedDict):
    """A planned action, and how a person is asked for approval."""

    action_id: str
    subject: str
    body: str


@one_line_errors()
def find_waste(run_date: str | None) -> str:
    """Find what could be saved as of a run date (YYYY-MM-DD), or of what is published now; say what came of it."""
    found = rightsizing.find(Settings(), _day(run_date))
    published = "nothing has changed" if found.build_id is None else f"published by build {found.build_id}"
    return f"{found.findings} findings as of {found.run_date}: {published}"


@one_line_errors()
def plan_actions(run_date: str | None) -> list[AskedAction]:
    """Plan actions from the findings; return those that are new. While ``dry_run`` is true nothing is planned."""
    settings = Settings()
    if actions.is_dry_run(settings):
        logger.info("rightsizing.yml says dry_run: nobody is asked, and nothing is changed")
        return []
    planned = actions.plan(settings, "rightsize_resources", _day(run_date))
    for each in planned.not_planned:
        logger.info("not planned: %s: %s", each.finding_key, each.reason)
    return [_asked(each) for each in planned.planned]


def _asked(action: Action) -> AskedAction:
    wanted = ", ".join(f"{name} {value}" for name, value in action.parameters.items())
    saves = f"{action.monthly_saving:,.2f} {action.currency} a month"
    lines = [
        str(action.about.get("evidence") or ""),
        f"Resource: {action.resource_id} ({action.provider} {action.account}, {action.region})",
        f"It costs {action.monthly_cost:,.2f} {action.currency} a month; estimated saving {saves}",
        f"Risk {action.about.get('risk')}, owner {action.about.get('owner') or 'unknown'}",
        str(action.about.get("note") or ""),
        f"Action {action.action_id}, rule {action.rule}; off unless approved by {action.expires_at:%Y-%m-%d %H:%M} UTC",
    ]
    subject = f"{action.action} {action.resource_id}{f' ({wanted})' if wanted else ''}: saves {saves}"
    return AskedAction(action_id=action.action_id, subject=subject[:250], body="\n\n".join(filter(None, lines)))


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
    return _came_of(actions.apply(Settings(), [action_id], login_for))


@one_line_errors()
def go_on_with_actions() -> str:
    """Go on with what was left half way, and apply what was approved elsewhere. Raise Finding when one failed."""
    from finops_airflow.clients import login_for

    return _came_of(actions.apply(Settings(), (), login_for))


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


def _came_of(done: Sequence[Result]) -> str:
    said = "; ".join(f"{each.action_id} {each.outcome}: {each.reason}".rstrip(": ") for each in done)
    if actions.have_failed(done):
        raise Finding(said)
    return said or "nothing was left to do"


def _day(text: str | None) -> date | None:
    return None if text is None else a_day(text, "run date")
