"""What tests of actions on AWS do: have a resource, take an action through the engine, look at what was really done."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
from tests.unit.rightsizing.engine.model_cloud import Killed
from tests.unit.rightsizing.engine.world import DrivenClock, finding, plan, policy

from finops.core.settings import Settings
from finops.rightsizing.actions import registry
from finops.rightsizing.actions.aws import ACTIONS
from finops.rightsizing.actions.model import Action, Busy, Live
from finops.rightsizing.clients import AwsAccount
from finops.rightsizing.engine import applying, approving
from finops.rightsizing.engine.tools import Tools, change_from_json, live_from_json
from finops.rightsizing.models import Change, Target
from finops.stores.state import action_journal, actions
from finops.stores.state.store import open_state
from finops_airflow.local.aws_standin import SECRET_KEY, StandIn, access_key

ACCOUNT, REGION = "111122223333", "us-east-1"
SCRATCH = {"finops-local-disk": "scratch"}
ACL = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl"
BY_NAME: dict[str, Action] = {action.name: action for action in ACTIONS}
ENDED = (actions.APPLIED, actions.BACKED_OUT, actions.FAILED, actions.REFUSED)
POLICY: dict[str, Any] = {
    "accounts": [{"id": ACCOUNT, "provider": "aws", "regions": [REGION]}],
    "caps": {"count": 1000, "percent": 100, "monthly_cost": 10**9},
    "cool_down_days": 0,
}
_PATIENCE = 400
_LEASE_IS_OVER, _CAPS_ARE_FREE = 660, 12 * 3600
_number = count()


class Clients:
    """The one account, reached as the platform reaches it: by boto3's own session, and its endpoint from outside."""

    def __init__(self) -> None:
        key = {"aws_access_key_id": access_key(ACCOUNT), "aws_secret_access_key": SECRET_KEY}
        self.account = AwsAccount(boto3.Session(**key))

    def aws(self, account: str) -> AwsAccount:
        """Return the account."""
        assert account == ACCOUNT
        return self.account

    azure = gcp = aws


def engine(home: Path, **values: Any) -> Tools:
    """Return the engine with all real actions; ``values`` are keys of the policy."""
    return Tools(
        database=open_state(Settings(home=home)),
        policy=policy(**{**POLICY, **values}),
        clients=Clients(),
        find=registry.find,
        stop_file=home / "STOP_ACTIONS",
        clock=DrivenClock(),
        tells=True,
    )


class Refused(Exception):
    """The action must not be begun."""


@dataclass
class World:
    """AWS, and the engine that acts on it."""

    aws: StandIn
    to: Tools

    @property
    def account(self) -> AwsAccount:
        """The clients of the account."""
        return self.to.clients.aws(ACCOUNT)

    def has(self, resource_type: str, **columns: Any) -> str:
        """Make a resource; return its id."""
        name = columns.pop("resource_id", None) or _an_id(resource_type)
        row = {"resource_type": resource_type, "resource_id": name, "account_id": ACCOUNT, "region": REGION, **columns}
        self.aws.seed([row])
        self.aws.calls()
        return name

    def live(self, change: Change) -> Live:
        """Read what the action reads, however often AWS fails."""
        for _ in range(_PATIENCE):
            with suppress(Busy, Killed):
                return BY_NAME[change.action].observe(self.account, change)
        raise AssertionError("AWS never answers")

    def settled(self, change: Change) -> tuple[Any, ...]:
        """Return what has to be equal when everything is as it was."""
        return settled(self.live(change))

    def effects(self) -> Counter[str]:
        """Return what was changed since the last time, by permission, and how often."""
        return Counter(call["permission"] for call in self.aws.calls() if call["has_effect"])


@dataclass(frozen=True)
class Done:
    """How an action ended, as store and journal have it. ``errors`` are what its steps met, ``Denied: …``."""

    asked: Change
    action: actions.Action
    entries: tuple[action_journal.JournalEntry, ...]
    after: Live

    @property
    def before(self) -> Live:
        """The state that it began in."""
        assert self.action.before is not None
        return live_from_json(self.action.before)

    @property
    def errors(self) -> tuple[str, ...]:
        """What its steps met."""
        return tuple(each.content["says"] for each in self.entries if "says" in each.content)

    @property
    def steps(self) -> tuple[str, ...]:
        """Its steps that were done or may have been, in order."""
        outcomes = [each.content for each in self.entries if each.kind == "outcome"]
        return tuple(each["step"] for each in outcomes if each["outcome"] in ("done", "unknown"))

    @property
    def undoing(self) -> Change | None:
        """The change that undoes it, as the journal has it."""
        return change_from_json(self.action.inverse) if self.action.inverse else None


def change(action: str, resource_id: str, **parameters: Any) -> Change:
    """Return a change of a resource."""
    return Change(action, Target("aws", ACCOUNT, REGION, "", resource_id), parameters)


def approved(world: World, asked: Change, **columns: Any) -> str:
    """Plan an action from a finding, as the rules publish it, and have it approved; return its id."""
    day, rule = world.to.clock.now().date(), f"rule-{next(_number)}"
    row = finding(
        asked.target.resource_id,
        rule=rule,
        finding_key=f"{rule}:aws:{asked.target.resource_id}",
        run_date=day,
        region=REGION,
        zone="",
        action=asked.action,
        parameters=json.dumps(asked.parameters),
        facts="{}",
        **columns,
    )
    (ident,) = plan(world.to, row)
    assert approving.approve(world.to, ident, "ada").is_complete
    return ident


def apply(world: World, asked: Change) -> Done:
    """Take an action from its finding to its end; raise Refused where a guardrail refuses it."""
    return _ended(world, asked, approved(world, asked))


def undo(world: World, done: Done) -> Done:
    """Roll an action back."""
    assert done.undoing is not None
    with suppress(Killed):
        applying.rollback(world.to, done.action.action_id, "ada", "it was needed")
    with world.to.database.connect() as connection:
        found = [each for each in actions.all_of(connection) if each.rollback_of == done.action.action_id]
    return _ended(world, done.undoing, found[-1].action_id)


def _ended(world: World, asked: Change, ident: str) -> Done:
    """Run an action as a scheduler does, each time after the lease of the run before is over."""
    for _ in range(30):
        with world.to.database.connect() as connection:
            action = actions.require(connection, ident)
        if action.status in ENDED:
            break
        with suppress(Killed):
            (result,) = applying.apply(world.to, [ident])
            if result.outcome == applying.WAITS:
                world.to.clock.sleep(_CAPS_ARE_FREE)
            continue
        world.to.clock.sleep(_LEASE_IS_OVER)
    if action.status == actions.REFUSED:
        raise Refused(action.reason)
    assert action.status in ENDED, f"{asked.action} never ends: {action.status}"
    with world.to.database.connect() as connection:
        entries = tuple(action_journal.entries(connection, ident))
    return Done(asked, action, entries, world.live(asked))


@dataclass(frozen=True)
class Case:
    """One action, the resource that it is done to, and the facts that hold when it is done."""

    action: str
    resource_type: str
    row: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    state: str | None = None
    """The state afterwards."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Facts afterwards."""
    changes: tuple[str, ...] = ()
    """The permissions that it uses to change, each once."""
    after: tuple[str, Mapping[str, Any]] | None = None
    """Another action that has been done before it, and its parameters."""

    def asked_in(self, world: World) -> Change:
        """Make the resource and return the change."""
        if self.after:
            name = world.has(self.resource_type, **self.row)
            assert apply(world, change(self.after[0], name, **self.after[1])).action.status == actions.APPLIED
            world.aws.calls()
            return change(self.action, name, **self.parameters)
        if self.action == "limit_requests":
            arn = world.has("web_acl", resource_id=f"{ACL}/{uuid4().hex[:12]}/{uuid4()}", **self.row)
            return change(self.action, arn, **{**self.parameters, "web_acl": arn})
        if self.action == "attach_policy":
            # Names of policies are the organization's own.
            policy = f"finops-budgets-{next(_number)}"
            return change(self.action, world.has("account", **self.row), **{**self.parameters, "policy": policy})
        return change(self.action, world.has(self.resource_type, **self.row), **self.parameters)


VOLATILE = frozenset(
    {"after", "rests_until", "is_changing", "lock_token", "snapshot_id", "snapshot", "tiering", "types", "is_offered"}
)
"""Facts that are not the same when everything is as it was."""


def settled(live: Live) -> tuple[Any, ...]:
    """Return what has to be equal when everything is as it was."""
    facts = {name: value for name, value in live.facts.items() if name not in VOLATILE}
    return live.exists, live.state, dict(live.tags), facts


def _an_id(resource_type: str) -> str:
    mark = uuid4().hex
    arn = f"{REGION}:{ACCOUNT}"
    return {
        "machine": f"i-{mark[:17]}",
        "disk": f"vol-{mark[:17]}",
        "snapshot": f"snap-{mark[:17]}",
        "address": f"eipalloc-{mark[:17]}",
        "group": f"arn:aws:autoscaling:{arn}:autoScalingGroup:{uuid4()}:autoScalingGroupName/workers-{mark[:8]}",
        "endpoint": f"arn:aws:sagemaker:{arn}:endpoint/chat-{mark[:8]}",
        "bucket": f"checkpoints-{mark[:12]}",
        "account": f"{uuid4().int % 10**12:012}",
    }[resource_type]
