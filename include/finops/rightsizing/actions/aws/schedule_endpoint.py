"""Set by the hour of the week how many machines an endpoint of SageMaker has at least, and at most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions import hours
from finops.rightsizing.actions.aws import endpoints, schedules
from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.aws.calls import AwsAccount, act, read
from finops.rightsizing.actions.base import first_reason
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change

_OURS = "finops-"
_ZONE = "UTC"

Scheduled = dict[str, dict[str, Any]]
"""Scheduled actions by name: ``expression``, ``time_zone``, ``minimum`` and ``maximum``."""


class ScheduleEndpoint(AwsAction):
    """Makes a scheduled action of each change of the bounds; the first of them to come is the first to act.

    Its scheduled actions are named ``finops-…``; those that are not asked for go last. An endpoint with scheduled
    actions of somebody else is left alone: two schedules would undo each other.
    """

    name = "schedule_endpoint"
    summary = "set the bounds of the endpoint's scaling by the hour of the week"
    parameters: Mapping[str, str] = {
        "variant": "its production variant",
        "changes": "when the bounds change: days, at (UTC), minimum, maximum",
        "minimum": "the fewest machines now, to undo",
        "maximum": "the most machines now, to undo",
        "desired": "machines now, to undo",
        "is_scaled": "false: take its automatic scaling away, to undo",
    }
    required: ClassVar[tuple[str, ...]] = ("variant",)
    reads: tuple[str, ...] = (*endpoints.READS, "application-autoscaling:DescribeScheduledActions")
    acts: tuple[str, ...] = (
        *endpoints.ACTS,
        "application-autoscaling:PutScheduledAction",
        "application-autoscaling:DeleteScheduledAction",
    )
    resource_types: tuple[str, ...] = ("endpoint",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the endpoint, the variant, its bounds and its scheduled actions."""
        live = endpoints.observe_endpoint(client, change)
        if not live.exists:
            return live
        found = _scheduled(client, change, live.facts["name"])
        ours = {name: each for name, each in found.items() if name.startswith(_OURS)}
        others = sorted(set(found) - set(ours))
        return Live(True, live.state, live.tags, {**live.facts, "scheduled": ours, "others": others})

    def objection(self, live: Live, change: Change) -> str:
        """Refuse what cannot be scaled, a schedule beside another one, and changes that are none or contradict."""
        is_undone = not change.parameters.get("is_scaled", True) or "minimum" in change.parameters
        changes, others = change.parameters.get("changes") or (), live.facts["others"]
        reason = endpoints.why_not_scale(live, change) or next(filter(None, map(_why_not, changes)), "")
        return reason or first_reason(
            (not changes and not is_undone, "its parameter changes is missing"),
            (others, f"it has a schedule of somebody else: {', '.join(others)}"),
            (len(_moments(changes)) < sum(len(each["days"]) for each in changes), "two changes come at the same time"),
            (altered := _altered(live), f"somebody has altered its schedule: {altered}"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Have something that scales it, then make the schedule, then set what is to be now."""
        if live.state in endpoints.AT_WORK:
            return WAIT
        asked, bounds = change.parameters, (live.facts.get("minimum"), live.facts.get("maximum"))
        is_scaled = bounds != (None, None)
        if not asked.get("is_scaled", True):
            step = "deregister" if is_scaled else None
        elif not is_scaled:
            step = "register"
        else:
            step = _next_of_schedule(live, _wanted(change))
            # A schedule moves the bounds; without one they stay.
            if step is None and "minimum" in asked and bounds != (asked["minimum"], asked["maximum"]):
                step = "register"
        if step is None and live.exists and asked.get("desired") not in (None, live.facts["desired"]):
            step = "set_number"
        return step

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Do one step; the last word of one of the schedule is the scheduled action's name."""
        endpoints.still_there(live, change)
        endpoint, (verb, _, name) = live.facts["name"], step.partition(" ")
        if verb == "put":
            _put(client, change, endpoint, name)
        elif verb == "delete":
            what = endpoints.scaled(endpoint, change)
            act(client, change, "application-autoscaling:DeleteScheduledAction", ScheduledActionName=name, **what)
        elif verb == "register":
            endpoints.register(client, change, endpoint, *_bounds(change))
        elif verb == "deregister":
            endpoints.deregister(client, change, endpoint)
        else:
            endpoints.set_number(client, change, endpoint, int(change.parameters["desired"]))

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Make the earlier schedule again; where there was none, set bounds and number as they were."""
        facts, variant = before.facts, change.parameters["variant"]
        if facts["scheduled"]:
            return with_parameters(change, self.name, variant=variant, changes=list(_changes_of(facts["scheduled"])))
        if facts["minimum"] is None:
            return with_parameters(change, self.name, variant=variant, desired=facts["desired"], is_scaled=False)
        kept = {name: facts[name] for name in ("minimum", "maximum", "desired")}
        return with_parameters(change, self.name, variant=variant, changes=[], **kept)


def _why_not(asked: Mapping[str, Any]) -> str:
    """Return why a change of the bounds is none; empty where it is one."""
    days, low, high = asked.get("days") or (), asked.get("minimum"), asked.get("maximum")
    unknown = hours.unknown_day(days)
    is_number = isinstance(low, int) and isinstance(high, int)
    return first_reason(
        (not hours.is_time(asked.get("at")), f"{asked.get('at')!r} is no time as 07:00"),
        (not days, "a change of its bounds is on no day"),
        (unknown, f"{unknown!r} is no day of the week"),
        (not is_number or not 1 <= (low or 0) <= (high or 0), f"the bounds contradict: minimum {low}, maximum {high}"),
    )


def _moments(changes: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    return {(str(day)[:3].upper(), each["at"]) for each in changes for day in each["days"]}


def _wanted(change: Change) -> Scheduled:
    """Return the scheduled actions that shall be. Their names say when, so that no two come at the same time."""
    found: Scheduled = {}
    for each in change.parameters.get("changes") or ():
        asked = {str(day)[:3].upper() for day in each["days"]}
        days = tuple(day for day in hours.DAYS if day in asked)
        found[_name(each["at"], days)] = {
            "expression": schedules.expression(each["at"], days),
            "time_zone": _ZONE,
            "minimum": int(each["minimum"]),
            "maximum": int(each["maximum"]),
        }
    return found


def _name(at: str, days: tuple[str, ...]) -> str:
    return f"{_OURS}{'-'.join(days).lower()}-{at.replace(':', '')}"


def _changes_of(scheduled: Scheduled) -> Iterator[dict[str, Any]]:
    """Yield the changes that scheduled actions of ours were made of."""
    for each in scheduled.values():
        at, days = schedules.parts(each["expression"])
        yield {"days": list(days), "at": at, "minimum": each["minimum"], "maximum": each["maximum"]}


def _altered(live: Live) -> str:
    """Return the first of our scheduled actions that is not as it was made; empty where all are."""
    for name, each in live.facts["scheduled"].items():
        try:
            is_as_made = name == _name(*schedules.parts(each["expression"])) and each["time_zone"] == _ZONE
        except ValueError:
            is_as_made = False
        if not is_as_made or each["minimum"] is None or each["maximum"] is None:
            return str(name)
    return ""


def _next_of_schedule(live: Live, wanted: Scheduled) -> str | None:
    there = live.facts.get("scheduled", {})
    missing = [f"put {name}" for name, each in wanted.items() if there.get(name) != each]
    surplus = [f"delete {name}" for name in there if name not in wanted]
    return next(iter(missing + surplus), None)


def _bounds(change: Change) -> tuple[int, int]:
    """Return the bounds that are to be now: those asked for, else those that hold the whole schedule."""
    asked = change.parameters
    if "minimum" in asked:
        return int(asked["minimum"]), int(asked["maximum"])
    wanted = _wanted(change).values()
    return min(each["minimum"] for each in wanted), max(each["maximum"] for each in wanted)


def _scheduled(client: AwsAccount, change: Change, endpoint: str) -> Scheduled:
    """Return the variant's scheduled actions, all pages of them."""
    found: Scheduled = {}
    asked: dict[str, Any] = dict(endpoints.scaled(endpoint, change))
    while True:
        page = read(client, change, "application-autoscaling:DescribeScheduledActions", **asked)
        for each in page["ScheduledActions"]:
            bounds = each.get("ScalableTargetAction", {})
            found[each["ScheduledActionName"]] = {
                "expression": each["Schedule"],
                "time_zone": each.get("Timezone", _ZONE),
                "minimum": bounds.get("MinCapacity"),
                "maximum": bounds.get("MaxCapacity"),
            }
        if not page.get("NextToken"):
            return found
        asked["NextToken"] = page["NextToken"]


def _put(client: AwsAccount, change: Change, endpoint: str, name: str) -> None:
    wanted = _wanted(change)[name]
    act(
        client,
        change,
        "application-autoscaling:PutScheduledAction",
        ScheduledActionName=name,
        Schedule=wanted["expression"],
        Timezone=wanted["time_zone"],
        ScalableTargetAction={"MinCapacity": wanted["minimum"], "MaxCapacity": wanted["maximum"]},
        **endpoints.scaled(endpoint, change),
    )
