"""The engine over the model cloud, with a clock that tests drive and findings of one machine."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.unit.rightsizing.engine.model_cloud import ModelCloud, find

from finops.core.settings import Settings
from finops.policy.rightsizing import RightsizingPolicy
from finops.rightsizing.engine import approving, planning
from finops.rightsizing.engine.tools import Tools
from finops.stores.state import actions
from finops.stores.state.store import open_state

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY = {
    "dry_run": False,
    "accounts": [{"id": "111122223333", "provider": "aws", "regions": ["eu-west-1"]}],
    "approvers": ["ada", "grace", "lin"],
    "caps": {"count": 10, "percent": 100, "monthly_cost": 50000},
}


class DrivenClock:
    """Stands still unless somebody sleeps."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return the moment."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.at += timedelta(seconds=seconds)


def policy(**values: Any) -> RightsizingPolicy:
    """Return a policy that lets actions through, but for what is given."""
    return RightsizingPolicy.model_validate({**POLICY, **values})


def tools(home: Path, cloud: ModelCloud, clock: DrivenClock | None = None, **values: Any) -> Tools:
    """Return the engine's tools; ``values`` are keys of the policy."""
    return Tools(
        database=open_state(Settings(home=home)),
        policy=policy(**values),
        clients=cloud,
        find=find,
        stop_file=home / "STOP_ACTIONS",
        clock=clock or DrivenClock(),
        tells=True,
    )


def finding(resource: str = "i-1", **values: Any) -> dict[str, Any]:
    """Return a row of mart_findings that proposes to stop a machine."""
    row = {
        "run_date": date(2026, 3, 2),
        "finding_key": f"idle_machine:aws:{resource}",
        "rule": "idle_machine",
        "provider": "aws",
        "account_id": "111122223333",
        "region": "eu-west-1",
        "zone": "eu-west-1a",
        "resource_id": resource,
        "resource_type": "machine",
        "billing_currency": "USD",
        "monthly_cost": Decimal(800),
        "monthly_saving": Decimal(700),
        "evidence": "It was idle.",
        "facts": '{"coverage": 0.98, "measured_until": "2026-03-02"}',
        "action": "stop_machine",
        "parameters": "{}",
        "tags": "{}",
        "owner": "cc-1001",
        "times_seen": 3,
        "status": "proposed",
    }
    return {**row, **values}


def resizing(resource: str = "i-1", **values: Any) -> dict[str, Any]:
    """Return a row that proposes another type."""
    return finding(resource, action="resize_machine", parameters='{"instance_type": "small"}', **values)


def plan(to: Tools, *rows: dict[str, Any], by: str = "finops") -> list[str]:
    """Plan from findings; return the ids of what is new."""
    made = planning.plan(to, rows, by, lambda _: {})
    return [each.action_id for each in made.planned]


def approved(to: Tools, *rows: dict[str, Any]) -> str:
    """Plan one action and have it approved by two; return its id."""
    (ident,) = plan(to, *rows)
    if not approving.approve(to, ident, "ada").is_complete:
        approving.approve(to, ident, "grace")
    return ident


def of(to: Tools, ident: str) -> actions.Action:
    """Return an action as it stands."""
    with to.database.connect() as connection:
        return actions.require(connection, ident)
