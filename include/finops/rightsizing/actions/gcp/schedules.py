"""Instance schedules: Compute Engine stops and starts the machines that one is attached to, at a local time.

One schedule serves every machine of its region with the same hours, so its name says them. Google changes none: a
machine gets another one. Google's own account starts the machines, and needs the permission to:
https://docs.cloud.google.com/compute/docs/instances/schedule-instance-start-stop
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finops.rightsizing.actions.gcp.calls import Gone, act, begin, read, request_id
from finops.rightsizing.actions.gcp.names import name_of, short
from finops.rightsizing.actions.hours import DAYS
from finops.rightsizing.actions.model import Rejected
from finops.rightsizing.models import Change

GET, CREATE, USE = (f"compute.resourcePolicies.{each}" for each in ("get", "create", "use"))
ADD, REMOVE = "compute.instances.addResourcePolicies", "compute.instances.removeResourcePolicies"
READS = (GET,)
_OURS = "finops-"


@dataclass(frozen=True, slots=True)
class Hours:
    """When machines start and stop, as unix cron has it, in a time zone."""

    start: str
    stop: str
    time_zone: str

    @property
    def name(self) -> str:
        """Return the name of the schedule that says this."""
        said = "|".join((self.start, self.stop, self.time_zone))
        return f"{_OURS}{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def is_ours(schedule: Mapping[str, str] | None) -> bool:
    """Tell whether a schedule is one that an action has made."""
    return schedule is not None and schedule["name"].startswith(_OURS)


def cron(time: str, days: tuple[str, ...] = DAYS) -> str:
    """Return the unix cron expression of a local time of day, ``HH:MM``, on days of the week."""
    hour, minute = time.split(":")
    on = "*" if len(days) == len(DAYS) else ",".join(str(DAYS.index(day)) for day in days)
    return f"{int(minute)} {int(hour)} * * {on}"


def parts(text: str) -> tuple[str, tuple[str, ...]]:
    """Return time and days of an expression of ours."""
    minute, hour, _, _, days = text.split()
    return f"{int(hour):02}:{int(minute):02}", DAYS if days == "*" else tuple(
        DAYS[int(each)] for each in days.split(",")
    )


def schedule_of(project: Any, change: Change) -> dict[str, str] | None:
    """Return the schedule that is attached to a machine; None where none is. Policies of other kinds are left out."""
    where = name_of(change)
    try:
        asked = {"project": where.project, "zone": where.zone, "instance": where.name}
        machine = read(change, "compute.instances.get", project.instances.get, asked)
    except Gone:
        return None
    for each in machine.resource_policies:
        found = _policy(project, change, short(each))
        if found is not None:
            return found
    return None


def exists(project: Any, change: Change, name: str) -> bool:
    """Tell whether the region has a schedule of that name."""
    return _policy(project, change, name) is not None


def create(project: Any, change: Change, hours: Hours, token: str) -> None:
    """Create a schedule in the machine's region. One that is there already says the same, as its name does."""
    body = {
        "name": hours.name,
        "description": "Made by the FinOps platform",
        "instance_schedule_policy": {
            "time_zone": hours.time_zone,
            "vm_start_schedule": {"schedule": hours.start},
            "vm_stop_schedule": {"schedule": hours.stop},
        },
    }
    where = {"project": name_of(change).project, "region": _region(change), "request_id": request_id(token)}
    try:
        act(change, CREATE, project.resource_policies.insert_unary, {**where, "resource_policy_resource": body})
    except Rejected:
        # Made for another machine at the same moment.
        if not exists(project, change, hours.name):
            raise


def attach(project: Any, change: Change, name: str, token: str) -> None:
    """Attach a schedule to the machine."""
    body = {"resource_policies": [_link(change, name)]}
    request = {"instance": name_of(change).name, "instances_add_resource_policies_request_resource": body}
    begin(project, change, ADD, project.instances.add_resource_policies_unary, name_of(change), token, request)


def detach(project: Any, change: Change, name: str, token: str) -> None:
    """Take a schedule off the machine; other machines keep it."""
    body = {"resource_policies": [_link(change, name)]}
    request = {"instance": name_of(change).name, "instances_remove_resource_policies_request_resource": body}
    begin(project, change, REMOVE, project.instances.remove_resource_policies_unary, name_of(change), token, request)


def _policy(project: Any, change: Change, name: str) -> dict[str, str] | None:
    asked = {"project": name_of(change).project, "region": _region(change), "resource_policy": name}
    try:
        found = read(change, GET, project.resource_policies.get, asked)
    except Gone:
        return None
    hours = found.instance_schedule_policy
    if "instance_schedule_policy" not in found:
        return None
    return {
        "name": found.name,
        "start": hours.vm_start_schedule.schedule,
        "stop": hours.vm_stop_schedule.schedule,
        "time_zone": hours.time_zone,
    }


def _region(change: Change) -> str:
    zone = name_of(change).zone
    region = zone.rpartition("-")[0]
    if not region:
        raise Rejected(f"{zone!r} is no zone of Google Cloud")
    return region


def _link(change: Change, name: str) -> str:
    return f"projects/{name_of(change).project}/regions/{_region(change)}/resourcePolicies/{name}"
