"""Deny by a policy what may be made in a subscription."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from azure.core.rest import HttpRequest

from finops.rightsizing.actions.azure.base import AzureAction
from finops.rightsizing.actions.azure.calls import Gone, act, ask, read
from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

MADE = {"finopsMade": "true"}
"""Metadata of the definitions and assignments that are made here. No other is changed or deleted."""
_SUBSCRIPTION = "Microsoft.Resources/subscriptions/read"
_DEFINITIONS = "Microsoft.Authorization/policyDefinitions"
_ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"
_VERSION, _SUBSCRIPTION_VERSION = "2023-04-01", "2022-12-01"


class AssignPolicy(AzureAction):
    """Makes a policy definition and assigns it; undone by deleting both, or by the rule that it had before.

    The resource is the subscription.
    """

    name = "assign_policy"
    summary = "assign a policy to the subscription"
    parameters: Mapping[str, str] = {
        "policy": "name of the definition and of the assignment",
        "rule": "its policy rule",
        "remove": "true: delete both, to undo",
    }
    required: ClassVar[tuple[str, ...]] = ("policy",)
    reads: tuple[str, ...] = (_SUBSCRIPTION, f"{_DEFINITIONS}/read", f"{_ASSIGNMENTS}/read")
    acts: tuple[str, ...] = tuple(
        f"{kind}/{verb}" for kind in (_DEFINITIONS, _ASSIGNMENTS) for verb in ("write", "delete")
    )
    resource_types: tuple[str, ...] = ("account",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the subscription, the definition, and what is assigned of it."""
        try:
            found = read(
                change, _SUBSCRIPTION, ask, client.compute, _request("GET", _scope(change), _SUBSCRIPTION_VERSION)
            )
        except Gone:
            return Live(exists=False)
        definition = _get(client, change, _DEFINITIONS)
        assignment = _get(client, change, _ASSIGNMENTS)
        facts = {
            "is_defined": bool(definition),
            "is_assigned": bool(assignment),
            "is_ours": all(_is_made(each) for each in (definition, assignment) if each),
            "rule": definition.get("properties", {}).get("policyRule"),
            "others": _others(client, change) if definition else 0,
        }
        return Live(exists=True, state=found.get("state", ""), tags=found.get("tags") or {}, facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse a subscription that is not in use, and a policy of that name that is somebody else's."""
        facts, name, is_new = live.facts, change.parameters["policy"], not change.parameters.get("remove")
        is_left = is_new and facts["is_defined"] != facts["is_assigned"]
        return first_reason(
            (is_new and not change.parameters.get("rule"), "its parameter rule is missing"),
            (live.state not in ("Enabled", "Warned"), f"the subscription is {live.state}"),
            (not facts["is_ours"], f"the policy {name} is not made here: rename or delete it"),
            (is_left, f"an earlier attempt has left the policy {name}: delete that first"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Define, then assign; to undo unassign, then delete what nothing else is assigned by."""
        facts = live.facts
        if change.parameters.get("remove"):
            if facts.get("is_assigned"):
                return "unassign"
            return "undefine" if facts.get("is_defined") and not facts["others"] else None
        if not facts.get("is_defined") or facts["rule"] != change.parameters["rule"]:
            return "define"
        return None if facts["is_assigned"] else "assign"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Do one of these. A policy that somebody else has made meanwhile is not touched."""
        name = change.parameters["policy"]
        if not live.exists:
            raise Rejected("the subscription is gone since the action began")
        if not live.facts["is_ours"]:
            raise Rejected(f"the policy {name} is not made here")
        shown = {"displayName": "Budget used up: no new GPU machines", "metadata": {"category": "Budgets", **MADE}}
        definition = {**shown, "policyType": "Custom", "mode": "Indexed", "policyRule": change.parameters.get("rule")}
        assignment = {**shown, "policyDefinitionId": _path(change, _DEFINITIONS)}
        does: dict[str, tuple[str, str, dict[str, Any] | None]] = {
            "define": (_DEFINITIONS, "PUT", definition),
            "assign": (_ASSIGNMENTS, "PUT", assignment),
            "unassign": (_ASSIGNMENTS, "DELETE", None),
            "undefine": (_DEFINITIONS, "DELETE", None),
        }
        kind, method, properties = does[step]
        content: dict[str, Any] = {} if properties is None else {"json": {"properties": properties}}
        request = _request(method, _path(change, kind), **content)
        act(change, f"{kind}/{'write' if method == 'PUT' else 'delete'}", ask, client.compute, request)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Take it away; where it was there before, let its rule be what it was."""
        name = change.parameters["policy"]
        if not before.facts["is_defined"]:
            return with_parameters(change, self.name, policy=name, remove=True)
        return with_parameters(change, self.name, policy=name, rule=before.facts["rule"])


def _is_made(found: Mapping[str, Any]) -> bool:
    return (found["properties"].get("metadata") or {}).items() >= MADE.items()


def _get(client: Any, change: Change, kind: str) -> dict[str, Any]:
    """Return a definition or assignment, empty where there is none of the name."""
    if not change.parameters.get("policy"):
        return {}
    try:
        found: dict[str, Any] = read(change, f"{kind}/read", ask, client.compute, _request("GET", _path(change, kind)))
    except Gone:
        return {}
    return found


def _others(client: Any, change: Change) -> int:
    """Return how many other assignments in the subscription are of the definition."""
    only = quote(f"policyDefinitionId eq '{_path(change, _DEFINITIONS)}'", safe="")
    request = _request("GET", f"{_scope(change)}/providers/{_ASSIGNMENTS}", only=only)
    found = read(change, f"{_ASSIGNMENTS}/read", ask, client.compute, request)["value"]
    return sum(each["id"].lower() != _path(change, _ASSIGNMENTS).lower() for each in found)


def _scope(change: Change) -> str:
    return f"/subscriptions/{change.target.resource_id}"


def _path(change: Change, kind: str) -> str:
    return f"{_scope(change)}/providers/{kind}/{change.parameters['policy']}"


def _request(method: str, path: str, version: str = _VERSION, only: str = "", **content: Any) -> HttpRequest:
    query = {"api-version": version, **({"$filter": only} if only else {})}
    return HttpRequest(method, path, params=query, **content)
