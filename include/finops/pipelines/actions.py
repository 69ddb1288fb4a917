"""From published findings to actions on clouds: plan → approve → apply → verify → what it saved.

One definition for the commands and for the DAG's tasks. Nothing is changed while ``dry_run`` in ``rightsizing.yml`` is
true, and nothing without approval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from finops.core.settings import Settings
from finops.pipelines import notices, results

if TYPE_CHECKING:
    from finops.policy.rightsizing import Account
    from finops.rightsizing.engine.applying import Result
    from finops.rightsizing.engine.planning import Plan
    from finops.rightsizing.engine.tools import Tools
    from finops.rightsizing.engine.verifying import Verified
    from finops.rightsizing.ledger import Saving

FEATURE = "action_savings"


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


def suppressed(settings: Settings, day: date) -> dict[str, str]:
    """Return why findings are left alone on a day, by their key, as ``pipelines.rightsizing.find`` takes it."""
    from finops.rightsizing.engine import service

    return {each.finding_key: f"{each.author}: {each.reason}" for each in service.suppressed(settings, day)}


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


def verify(settings: Settings, logins: Callable[[Account], Any] = lambda _: None) -> list[Verified]:
    """Read the state of what was done some days ago again."""
    from finops.rightsizing.engine import verifying

    return verifying.verify(tools(settings, logins))


def settle_savings(settings: Settings) -> list[Saving]:
    """Publish what actions have saved so far, and set aside rules whose savings do not come about.

    Raise NotReady before bills are published, Finding where the gate refuses.
    """
    from finops.rightsizing import costs, ledger
    from finops.rightsizing.savings_tables import TABLES, rows_of

    with results.running(settings, FEATURE):
        to = tools(settings)
        savings = costs.savings(settings, to.policy.ledger)
        if savings:
            made_of = results.digest(settings, [each.key for each in savings])
            results.publish(settings, FEATURE, TABLES, rows_of(savings), made_of)
        ledger.disable_rules(to, savings)
    return savings


def outcomes(found: Iterable[Result]) -> dict[str, int]:
    """Return how many actions each outcome has."""
    counts: dict[str, int] = {}
    for each in found:
        counts[each.outcome] = counts.get(each.outcome, 0) + 1
    return counts
