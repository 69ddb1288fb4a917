"""The two schedules that stop and start a machine: EventBridge Scheduler calls EC2 at a local time."""

from __future__ import annotations

import json
from typing import Any

from finops.rightsizing.actions import hours
from finops.rightsizing.actions.aws.calls import AwsAccount, Gone, act, client_token, read
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.models import Change

READS = ("scheduler:GetSchedule",)
ROLE = "finops-schedule"
"""The role that the schedules run as; deploy/permissions/aws/schedule.json is what it may do."""
_CALLS = {"stop": "stopInstances", "start": "startInstances"}


def name_of(kind: str, change: Change) -> str:
    """Return the name of a machine's schedule; ``kind`` is stop or start."""
    return f"finops-{kind}-{short(change.target.resource_id)}"


def observe_schedule(account: AwsAccount, change: Change, kind: str) -> dict[str, str] | None:
    """Return when a schedule runs: time, days and time zone; None where there is none, or it is switched off."""
    try:
        found = read(account, change, "scheduler:GetSchedule", Name=name_of(kind, change))
    except Gone:
        return None
    return {
        "expression": found["ScheduleExpression"],
        "time_zone": found.get("ScheduleExpressionTimezone", "UTC"),
        "state": found.get("State", "ENABLED"),
    }


def put_schedule(
    account: AwsAccount, change: Change, kind: str, wanted: dict[str, str], token: str, *, is_new: bool
) -> None:
    """Create or change a schedule. The machine's own start or stop is what it calls, nothing else."""
    target = {
        "Arn": f"arn:aws:scheduler:::aws-sdk:ec2:{_CALLS[kind]}",
        "RoleArn": f"arn:aws:iam::{change.target.account}:role/{ROLE}",
        "Input": json.dumps({"InstanceIds": [short(change.target.resource_id)]}),
    }
    act(
        account,
        change,
        "scheduler:CreateSchedule" if is_new else "scheduler:UpdateSchedule",
        Name=name_of(kind, change),
        ScheduleExpression=wanted["expression"],
        ScheduleExpressionTimezone=wanted["time_zone"],
        State=wanted["state"],
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
        ClientToken=client_token(token),
    )


def expression(time: str, days: tuple[str, ...]) -> str:
    """Return AWS's cron expression of a local time of day, ``HH:MM``, on days of the week."""
    hour, minute = time.split(":")
    return f"cron({int(minute)} {int(hour)} ? * {'*' if len(days) == len(hours.DAYS) else ','.join(days)} *)"


def parts(text: str) -> tuple[str, tuple[str, ...]]:
    """Return time and days of an expression of ours."""
    minute, hour, _, _, days, _ = text.removeprefix("cron(").removesuffix(")").split()
    return f"{int(hour):02}:{int(minute):02}", hours.DAYS if days == "*" else tuple(days.split(","))


def hours_again(stop: dict[str, str], start: dict[str, str]) -> dict[str, Any]:
    """Return the parameters of ``schedule_machine`` that make both schedules again."""
    start_at, days = parts(start["expression"])
    return hours.parameters(parts(stop["expression"])[0], start_at, start["time_zone"], days)


def facts_of(account: AwsAccount, change: Change) -> dict[str, Any]:
    """Return both schedules."""
    return {kind: observe_schedule(account, change, kind) for kind in _CALLS}
