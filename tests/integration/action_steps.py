"""What tests of actions on AWS do: have a resource, lead an action to its goal, look at what was really done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config

from finops.rightsizing.actions.aws import ACTIONS
from finops.rightsizing.actions.model import (
    WAIT,
    Action,
    Busy,
    Denied,
    Live,
    NoCapacity,
    Rejected,
    ReplyLost,
)
from finops.rightsizing.models import Change, Target
from finops_airflow.local.aws_standin import SECRET_KEY, StandIn, access_key

ACCOUNT, REGION = "111122223333", "us-east-1"
SCRATCH = {"finops-local-disk": "scratch"}
ACL = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl"
BY_NAME: dict[str, Action] = {action.name: action for action in ACTIONS}
_PATIENCE = 400
_BREAKS_OFF = (NoCapacity, Denied, Rejected)


class Account:
    """The clients of the one account, configured as the platform's own, but for a shorter wait."""

    def __init__(self, url: str) -> None:
        session = boto3.Session(aws_access_key_id=access_key(ACCOUNT), aws_secret_access_key=SECRET_KEY)
        config = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=1.5, proxies={})
        self.client = cache(
            lambda service, region: session.client(service, region_name=region, endpoint_url=url, config=config)
        )


class Refused(Exception):
    """The action must not be begun."""


@dataclass
class World:
    """AWS and an account in it."""

    aws: StandIn
    account: Account

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
            try:
                return BY_NAME[change.action].observe(self.account, change)
            except Busy:
                continue
        raise AssertionError("AWS never answers")

    def effects(self) -> Counter[str]:
        """Return what was changed since the last time, by permission, and how often."""
        return Counter(call["permission"] for call in self.aws.calls() if call["has_effect"])


@dataclass(frozen=True)
class Done:
    """How an action ended. ``before`` is as the engine gives it to ``inverse``; ``steps`` were tried."""

    change: Change
    before: Live
    after: Live
    steps: tuple[str, ...]
    errors: tuple[Exception, ...]
    brought_back: Done | None = None

    def undo(self) -> Change:
        """Return the change that undoes it."""
        undone = BY_NAME[self.change.action].inverse(self.before, self.change)
        assert undone is not None
        return undone


def change(action: str, resource_id: str, **parameters: Any) -> Change:
    """Return a change of a resource."""
    return Change(action, Target("aws", ACCOUNT, REGION, "", resource_id), parameters)


def apply(world: World, asked: Change) -> Done:
    """Lead an action to its goal, or back when AWS cannot; raise Refused where it must not begin."""
    before = world.live(asked)
    if reason := BY_NAME[asked.action].refusal(before, asked):
        raise Refused(reason)
    return _lead(world, asked, before)


def _lead(world: World, asked: Change, before: Live, *, is_fallback: bool = False) -> Done:
    action, token = BY_NAME[asked.action], uuid4().hex
    steps: list[str] = []
    errors: list[Exception] = []
    for _ in range(_PATIENCE):
        live = world.live(asked)
        step = action.next_step(live, asked)
        if step is None:
            return Done(asked, _with_after(before, live), live, tuple(steps), tuple(errors))
        if step == WAIT:
            continue
        try:
            steps.append(step)
            action.perform(world.account, step, live, asked, f"{token}:{step}")
        except (Busy, ReplyLost) as error:
            errors.append(error)
        except _BREAKS_OFF as error:
            errors.append(error)
            if is_fallback:
                continue
            back = action.fallback(before, asked)
            done = _lead(world, back, before, is_fallback=True) if back else None
            return Done(asked, before, world.live(asked), tuple(steps), tuple(errors), done)
    raise AssertionError(f"{asked.action} never ends: {steps[-10:]} {errors[-3:]}")


def _with_after(before: Live, after: Live) -> Live:
    return replace(before, facts={**before.facts, "after": dict(after.facts)})


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

    def asked_in(self, world: World) -> Change:
        """Make the resource and return the change."""
        if self.action == "limit_requests":
            arn = world.has("web_acl", resource_id=f"{ACL}/{uuid4().hex[:12]}/{uuid4()}", **self.row)
            return change(self.action, arn, **{**self.parameters, "web_acl": arn})
        return change(self.action, world.has(self.resource_type, **self.row), **self.parameters)


MACHINE = {"instance_type": "m6i.2xlarge"}
GPU_MACHINE = {"instance_type": "g5.12xlarge", "tags": SCRATCH}
GROUP = {"details": {"minimum": 1, "maximum": 4, "desired": 3, "instance_type": "m6i.large"}}
ENDPOINT = {"details": {"variant": "blue", "instances": 3}}
LOGS = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 7}}
BUCKET = {"details": {"lifecycle": [LOGS]}}
RULES = [{"id": "stale", "prefix": "checkpoints/", "archive_after_days": 30, "delete_after_days": 90}]
OFF_HOURS = {
    "stop_at": "19:00",
    "start_at": "07:00",
    "time_zone": "Europe/Berlin",
    "skip_days": ["saturday", "sunday"],
}
SPOT = {"on_demand_base": 1, "on_demand_percent": 25, "instance_types": ["m6i.large", "m5.large", "m6a.large"]}

CASES = (
    Case("stop_machine", "machine", MACHINE, state="stopped", changes=("ec2:StopInstances",)),
    Case("start_machine", "machine", {**MACHINE, "state": "stopped"}, state="running", changes=("ec2:StartInstances",)),
    Case(
        "resize_machine",
        "machine",
        GPU_MACHINE,
        {"instance_type": "g5.xlarge", "from_type": "g5.12xlarge"},
        state="running",
        facts={"instance_type": "g5.xlarge"},
        changes=("ec2:StopInstances", "ec2:ModifyInstanceAttribute", "ec2:StartInstances"),
    ),
    Case(
        "schedule_machine",
        "machine",
        MACHINE,
        OFF_HOURS,
        state="running",
        facts={
            "start": {
                "expression": "cron(0 7 ? * MON,TUE,WED,THU,FRI *)",
                "time_zone": "Europe/Berlin",
                "state": "ENABLED",
            },
            "stop": {"expression": "cron(0 19 ? * * *)", "time_zone": "Europe/Berlin", "state": "ENABLED"},
        },
        changes=("scheduler:CreateSchedule", "scheduler:CreateSchedule"),
    ),
    Case(
        "change_volume",
        "disk",
        {"size_gb": 2000, "details": {"volume_type": "gp2"}},
        {"volume_type": "gp3", "from_type": "gp2"},
        facts={"volume_type": "gp3", "iops": 6000, "throughput": 250, "is_changing": False},
        changes=("ec2:ModifyVolume",),
    ),
    Case(
        "delete_volume",
        "disk",
        {"size_gb": 50, "tags": {"owner": "ana"}},
        changes=("ec2:CreateSnapshot", "ec2:DeleteVolume"),
    ),
    Case("release_address", "address", changes=("ec2:ReleaseAddress",)),
    Case("set_lifecycle", "bucket", BUCKET, {"rules": RULES}, changes=("s3:PutLifecycleConfiguration",)),
    Case("abort_uploads", "bucket", {}, {"after_days": 3}, changes=("s3:PutLifecycleConfiguration",)),
    Case(
        "scale_group",
        "group",
        GROUP,
        {"minimum": 0, "maximum": 2, "desired": 1},
        facts={"minimum": 0, "maximum": 2, "desired": 1},
        changes=("autoscaling:UpdateAutoScalingGroup",),
    ),
    Case("use_spot", "group", GROUP, SPOT, changes=("autoscaling:UpdateAutoScalingGroup",)),
    Case(
        "scale_endpoint",
        "endpoint",
        ENDPOINT,
        {"variant": "blue", "minimum": 1, "maximum": 2},
        state="InService",
        facts={"minimum": 1, "maximum": 2, "desired": 2},
        changes=(
            "application-autoscaling:RegisterScalableTarget",
            "sagemaker:UpdateEndpointWeightsAndCapacities",
        ),
    ),
    Case(
        "limit_requests",
        "web_acl",
        {},
        {"limit_per_5_minutes": 2000},
        facts={"limit": 2000},
        changes=("wafv2:UpdateWebACL",),
    ),
    Case("tag", "machine", {**MACHINE, "tags": {"team": "a"}}, {"tags": {"owner": "ana"}}, changes=("ec2:CreateTags",)),
    Case("tag", "bucket", {"tags": {"team": "a"}}, {"tags": {"owner": "ana"}}, changes=("tag:TagResources",)),
    Case("tag", "endpoint", ENDPOINT, {"tags": {"owner": "ana"}}, changes=("tag:TagResources",)),
)
VOLATILE = frozenset(
    {"after", "rests_until", "is_changing", "lock_token", "snapshot_id", "snapshot", "types", "is_offered"}
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
        "address": f"eipalloc-{mark[:17]}",
        "group": f"arn:aws:autoscaling:{arn}:autoScalingGroup:{uuid4()}:autoScalingGroupName/workers-{mark[:8]}",
        "endpoint": f"arn:aws:sagemaker:{arn}:endpoint/chat-{mark[:8]}",
        "bucket": f"checkpoints-{mark[:12]}",
    }[resource_type]
