"""From published findings to actions on clouds: plan → approve → apply → verify → what it saved.

One definition for the commands and for the DAG's tasks. Nothing is changed while ``dry_run`` in ``rightsizing.yml`` is
true, and nothing without approval.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from finops.core.errors import Finding
from finops.core.settings import Settings
from finops.pipelines import notices, results

if TYPE_CHECKING:
    from finops.policy.rightsizing import Account
    from finops.rightsizing.engine.applying import Result
    from finops.rightsizing.engine.planning import Plan
    from finops.rightsizing.engine.tools import Tools
    from finops.rightsizing.engine.verifying import Verified
    from finops.rightsizing.ledger import Saving

logger = logging.getLogger(__name__)

FEATURE = "action_savings"


class AskedAction(TypedDict):
    """A planned action, and the words in which a person is asked for approval."""

    action_id: str
    subject: str
    body: str


def tools(settings: Settings, logins: Callable[[Account], Any] = lambda _: None) -> Tools:
    """Return the engine's tools; ``logins`` gives the login of an account that names an Airflow Connection."""
    from finops.rightsizing.engine import service

    return service.tools(settings, tells=notices.has_channels(settings), logins=logins)


def plan(settings: Settings, by: str, replayed: date | None = None) -> Plan:
    """Plan actions from the findings of the newest run date, or of a past one that is played again.

    Raise NotReady before findings are published, BadInput for a run date without findings.
    """
    from finops.rightsizing import costs, proposals
    from finops.rightsizing.engine import planning

    rows = proposals.rows(settings, replayed)
    return planning.plan(tools(settings), rows, by, lambda action: costs.baseline(settings, action), replayed=replayed)


def plan_and_ask(settings: Settings, by: str, replayed: date | None = None) -> list[AskedAction]:
    """Plan actions as ``plan`` does; return what is asked of each new one. With ``dry_run`` none is planned."""
    from finops.policy import rightsizing
    from finops.rightsizing.engine import events

    if rightsizing.load(settings).dry_run:
        logger.info("rightsizing.yml says dry_run: nobody is asked, and nothing is changed")
        return []
    made = plan(settings, by, replayed)
    for each in made.not_planned:
        logger.info("not planned: %s: %s", each.finding_key, each.reason)
    asked = ((each.action_id, events.question(each)) for each in made.planned)
    return [AskedAction(action_id=ident, subject=said["subject"], body=said["body"]) for ident, said in asked]


def decide(settings: Settings, action_id: str, by: str, *, is_approved: bool, why: str = "") -> bool:
    """Note what a person has decided of an action; tell whether it is approved by as many as must.

    Raise BadInput where this person may not decide, or the action waits for nobody.
    """
    from finops.rightsizing.engine import approving

    if is_approved:
        return approving.approve(tools(settings), action_id, by, why).is_complete
    approving.reject(tools(settings), action_id, by, why or "rejected")
    return False


def who_may_approve(settings: Settings) -> tuple[list[str], timedelta]:
    """Return the approvers that ``rightsizing.yml`` names, and how long an action waits for one."""
    from finops.policy import rightsizing

    policy = rightsizing.load(settings)
    return list(policy.approvers), timedelta(hours=policy.approval_expires_hours)


def is_approved(settings: Settings, action_id: str) -> bool:
    """Tell whether an action is approved by as many as must, and may begin."""
    from finops.rightsizing.engine import service
    from finops.stores.state import actions

    return service.one(settings, action_id).status == actions.APPROVED


def came_of(found: Iterable[Result]) -> str:
    """Say what became of actions, in one line. Raise Finding where one failed or is half way."""
    from finops.rightsizing.engine import applying

    done = list(found)
    said = "; ".join(f"{each.action_id} {each.outcome}: {each.reason}".rstrip(": ") for each in done)
    if any(map(applying.is_failure, done)):
        raise Finding(said)
    return said or "nothing was left to do"


def waits_for_approval(settings: Settings, action_id: str) -> bool:
    """Tell whether somebody still has to decide of an action."""
    from finops.rightsizing.engine import service
    from finops.stores.state import actions

    return service.one(settings, action_id).status == actions.PLANNED


def apply(
    settings: Settings, action_ids: Sequence[str] = (), logins: Callable[[Account], Any] = lambda _: None
) -> list[Result]:
    """Go on with what was left half way, then apply what is approved: all, or the actions named."""
    from finops.rightsizing.engine import applying

    to = tools(settings, logins)
    gone_on = [] if action_ids else applying.resume(to)
    return [*gone_on, *applying.apply(to, action_ids)]


def resume(settings: Settings, logins: Callable[[Account], Any] = lambda _: None) -> list[Result]:
    """Go on with what was left half way."""
    from finops.rightsizing.engine import applying

    return applying.resume(tools(settings, logins))


def rollback(
    settings: Settings, action_id: str, by: str, why: str = "", logins: Callable[[Account], Any] = lambda _: None
) -> Result:
    """Undo an action."""
    from finops.rightsizing.engine import applying

    return applying.rollback(tools(settings, logins), action_id, by, why)


def abandon(
    settings: Settings, action_id: str, by: str, why: str, logins: Callable[[Account], Any] = lambda _: None
) -> Result:
    """End an action by hand that is under way; its resource is left as it is."""
    from finops.rightsizing.engine import abandoning

    return abandoning.abandon(tools(settings, logins), action_id, by, why)


def verify(settings: Settings, logins: Callable[[Account], Any] = lambda _: None) -> list[Verified]:
    """Read the state of what was done some days ago again."""
    from finops.rightsizing.engine import verifying

    return verifying.verify(tools(settings, logins))


def settle_savings(settings: Settings) -> list[Saving]:
    """Publish how actions stand and what they have saved so far, set aside rules that do not save, write the page.

    Without any action only the page is written. Raise NotReady before bills are published, Finding where the gate
    refuses.
    """
    from finops.rightsizing import costs, ledger, settlement
    from finops.rightsizing.savings_tables import TABLES

    with results.running(settings, FEATURE):
        to = tools(settings)
        savings = costs.savings(settings, to.policy.ledger)
        rows = settlement.rows(settings, savings)
        if rows is not None:
            made_of = results.digest(settings, rows)
            if results.made_of(settings, FEATURE) != made_of:
                results.publish(settings, FEATURE, TABLES, rows, made_of)
        ledger.disable_rules(to, savings)
        settlement.write_page(settings)
    return savings
