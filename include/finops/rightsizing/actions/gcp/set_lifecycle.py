"""Archive and delete the objects of a bucket by age."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.gcp import buckets
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

Rule = Mapping[str, Any]
_MOST_RULES = 100
_ACTIONS: dict[str, dict[str, str]] = {
    "archive_after_days": {"type": "SetStorageClass", "storageClass": "ARCHIVE"},
    "delete_after_days": {"type": "Delete"},
    "abort_uploads_after_days": {"type": "AbortIncompleteMultipartUpload"},
}


class SetLifecycle(GcpAction):
    """Merges rules into those that are there; undone by the rules that were in their place.

    Google's rules have no id. A rule takes the place of one with the same action and the same conditions but for the
    age; every other rule stays as it is.
    """

    name = "set_lifecycle"
    summary = "set lifecycle rules of the bucket"
    parameters: Mapping[str, str] = {
        "rules": "list of id, prefix, archive_after_days, delete_after_days, abort_uploads_after_days",
        "put_back": "rules as Google had them, to undo",
        "remove": "rules as Google has them, to take away, to undo",
    }
    reads: tuple[str, ...] = (buckets.GET,)
    acts: tuple[str, ...] = (buckets.UPDATE,)
    resource_types: tuple[str, ...] = ("bucket",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the bucket."""
        return buckets.observe_bucket(client, change)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse rules that make no sense, and what would leave old versions costing."""
        rules = change.parameters.get("rules", ())
        places = [_place(rule) for rule in _wanted(change)]
        deletes = any(rule.get("delete_after_days") for rule in rules)
        return first_reason(
            (not change.parameters, "its parameter rules is missing"),
            *((reason, reason) for reason in map(_why_not, rules)),
            (len(set(places)) < len(places), "two of its rules do the same to the same objects"),
            (
                live.facts["keeps_versions"] and deletes,
                "it keeps versions: deleted objects would cost on, and deleting versions is for a person to decide",
            ),
            (len(_merged(live, change)) > _MOST_RULES, f"it would have more than {_MOST_RULES} rules"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Put the rules unless they are there as wanted."""
        there = live.facts.get("rules", [])
        is_there = live.exists and all(rule in there for rule in _wanted(change))
        return None if is_there and not any(rule in there for rule in _unwanted(change)) else "put"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Put the merged rules, if the bucket is still as it was read."""
        if not live.exists:
            raise Rejected("the bucket is gone since the action began")
        buckets.update(client, change, live, {"lifecycle": {"rule": _merged(live, change)}})

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Put back the rules that were in these places, and take away those that were in none."""
        there = {_place(rule): rule for rule in before.facts["rules"]}
        touched = [*_wanted(change), *_unwanted(change)]
        put_back = [there[_place(rule)] for rule in touched if _place(rule) in there]
        remove = [rule for rule in touched if _place(rule) not in there]
        return with_parameters(change, self.name, put_back=put_back or None, remove=remove or None)


def _wanted(change: Change) -> list[Rule]:
    made = [each for rule in change.parameters.get("rules", ()) for each in _rules(rule)]
    return [*made, *change.parameters.get("put_back", ())]


def _unwanted(change: Change) -> Sequence[Rule]:
    return tuple(change.parameters.get("remove", ()))


def _merged(live: Live, change: Change) -> list[Rule]:
    wanted = _wanted(change)
    places = {_place(rule) for rule in wanted}
    kept = [rule for rule in live.facts["rules"] if _place(rule) not in places and rule not in _unwanted(change)]
    return [*kept, *wanted]


def _place(rule: Rule) -> str:
    """Return what two rules have in common where one takes the other's place."""
    conditions = {name: value for name, value in rule["condition"].items() if name != "age"}
    return json.dumps([rule["action"], conditions], sort_keys=True)


def _rules(rule: Rule) -> Iterable[Rule]:
    prefix = {"matchesPrefix": [rule["prefix"]]} if rule.get("prefix") else {}
    for name, action in _ACTIONS.items():
        if days := rule.get(name):
            yield {"action": dict(action), "condition": {"age": int(days), **prefix}}


def _why_not(rule: Rule) -> str:
    days = [rule.get(name) for name in _ACTIONS]
    archive, delete, _ = days
    label = rule.get("id") or rule.get("prefix") or "without an id"
    if not any(days) or any(each is not None and int(each) < 1 for each in days):
        return f"the rule {label} says of no age of one day or more what happens"
    if archive and delete and int(delete) <= int(archive):
        return f"the rule {label} deletes after {delete} days, before it archives"
    return ""
