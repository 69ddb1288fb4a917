"""Deny by a service control policy what an account may do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, ClassVar

from finops.rightsizing.actions.aws.base import AwsAction, tag_list, tags_of, with_parameters
from finops.rightsizing.actions.aws.calls import AwsAccount, Gone, act, read
from finops.rightsizing.actions.base import first_reason
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

MADE = {"finops-made": "true"}
"""Tag of the policies that are made here. No other is changed, detached or deleted."""
_REGION = "us-east-1"
_KIND = "SERVICE_CONTROL_POLICY"
_MOST_ATTACHED, _LONGEST = 5, 5120


class AttachPolicy(AwsAction):
    """Makes the policy and attaches it to the account; undone by detaching and deleting it, or by what it said before.

    The resource is the account; who is asked is the organization, through the account that ``rightsizing.yml`` names.
    """

    name = "attach_policy"
    summary = "attach a service control policy to the account"
    parameters: Mapping[str, str] = {
        "policy": "its name, which is the organization's own",
        "document": "what it says",
        "remove": "true: detach and delete it, to undo",
    }
    required: ClassVar[tuple[str, ...]] = ("policy",)
    reads: tuple[str, ...] = (
        "organizations:DescribeOrganization",
        "organizations:DescribePolicy",
        "organizations:ListPolicies",
        "organizations:ListPoliciesForTarget",
        "organizations:ListRoots",
        "organizations:ListTagsForResource",
        "organizations:ListTargetsForPolicy",
    )
    acts: tuple[str, ...] = (
        "organizations:AttachPolicy",
        "organizations:CreatePolicy",
        "organizations:DeletePolicy",
        "organizations:DetachPolicy",
        "organizations:TagResource",
        "organizations:UpdatePolicy",
    )
    resource_types: tuple[str, ...] = ("account",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the account's tags and policies, the policy of the name, and to what else that is attached."""
        account, name = change.target.resource_id, change.parameters.get("policy")
        try:
            tags = _tags(client, change, account)
            attached = {each["Id"]: each["Name"] for each in _attached(client, change)}
        except Gone:
            return Live(exists=False)
        organization = read(client, change, "organizations:DescribeOrganization", in_region=_REGION)["Organization"]
        facts: dict[str, Any] = {
            "is_management": organization["MasterAccountId"] == account,
            "is_enabled": _is_enabled(client, change),
            "attached": len(attached),
            "policy_id": "",
            "is_ours": False,
            "is_attached": False,
            "document": None,
            "others": 0,
        }
        ident = next((each["Id"] for each in _policies(client, change) if each["Name"] == name), "")
        with suppress(Gone):  # Deleted since it was listed.
            facts |= _policy(client, change, ident) if ident else {}
        return Live(exists=True, tags=tags, facts=facts | {"is_attached": ident in attached})

    def objection(self, live: Live, change: Change) -> str:
        """Refuse where a policy has no effect or no place, and one of that name that is somebody else's."""
        facts, name, document = live.facts, change.parameters["policy"], change.parameters.get("document")
        is_new = not change.parameters.get("remove")
        is_left = is_new and facts["policy_id"] and not facts["is_attached"]
        return first_reason(
            (is_new and not document, "its parameter document is missing"),
            (facts["is_management"], "it is the organization's management account, which no such policy holds for"),
            (is_new and not facts["is_enabled"], "service control policies are not enabled in its organization"),
            (facts["policy_id"] and not facts["is_ours"], f"the policy {name} is not made here: rename or delete it"),
            (is_left, f"an earlier attempt has left the policy {name}: delete that first"),
            (
                is_new and not facts["is_attached"] and facts["attached"] >= _MOST_ATTACHED,
                f"it has {facts['attached']} of {_MOST_ATTACHED} service control policies",
            ),
            (document and len(_text(document)) > _LONGEST, f"the policy is longer than {_LONGEST} characters"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Create or update, then attach; to undo detach, then delete what nothing else uses."""
        facts = live.facts
        if change.parameters.get("remove"):
            if facts.get("is_attached"):
                return "detach"
            return "delete" if facts.get("policy_id") and not facts["others"] else None
        if not facts.get("policy_id"):
            return "create"
        if facts["document"] != change.parameters["document"]:
            return "update"
        return None if facts["is_attached"] else "attach"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Do one of these. A policy that somebody else has made meanwhile is not touched."""
        name, ident = change.parameters["policy"], live.facts.get("policy_id", "")
        if not live.exists:
            raise Rejected(f"the account {change.target.resource_id} is gone since the action began")
        if ident and not live.facts["is_ours"]:
            raise Rejected(f"the policy {name} is not made here")
        text = _text(change.parameters.get("document") or {})
        on_account = {"PolicyId": ident, "TargetId": change.target.resource_id}
        arguments: dict[str, dict[str, Any]] = {
            "create": {
                "Name": name,
                "Type": _KIND,
                "Content": text,
                "Description": "Made when a budget was used up; undone by finops rightsizing rollback.",
                "Tags": tag_list(MADE),
            },
            "update": {"PolicyId": ident, "Content": text},
            "attach": on_account,
            "detach": on_account,
            "delete": {"PolicyId": ident},
        }
        permission = f"organizations:{step.capitalize()}Policy"
        act(client, change, permission, in_region=_REGION, **arguments[step])

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Take it away; where it was there before, let it say what it said."""
        named = {"policy": change.parameters["policy"]}
        if not before.facts["policy_id"]:
            return with_parameters(change, self.name, **named, remove=True)
        return with_parameters(change, self.name, **named, document=before.facts["document"])


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


def _policy(client: AwsAccount, change: Change, ident: str) -> dict[str, Any]:
    found = read(client, change, "organizations:DescribePolicy", in_region=_REGION, PolicyId=ident)["Policy"]
    tags = _tags(client, change, ident)
    targets = _pages(client, change, "organizations:ListTargetsForPolicy", "Targets", PolicyId=ident)
    return {
        "policy_id": ident,
        "is_ours": tags.items() >= MADE.items(),
        "document": json.loads(found["Content"]),
        "others": sum(each["TargetId"] != change.target.resource_id for each in targets),
    }


def _tags(client: AwsAccount, change: Change, resource: str) -> dict[str, str]:
    return tags_of(_pages(client, change, "organizations:ListTagsForResource", "Tags", ResourceId=resource))


def _attached(client: AwsAccount, change: Change) -> Iterator[dict[str, Any]]:
    asked = {"TargetId": change.target.resource_id, "Filter": _KIND}
    return _pages(client, change, "organizations:ListPoliciesForTarget", "Policies", **asked)


def _policies(client: AwsAccount, change: Change) -> Iterator[dict[str, Any]]:
    return _pages(client, change, "organizations:ListPolicies", "Policies", Filter=_KIND)


def _is_enabled(client: AwsAccount, change: Change) -> bool:
    roots = _pages(client, change, "organizations:ListRoots", "Roots")
    kinds = (each for root in roots for each in root.get("PolicyTypes", ()))
    return any(each["Type"] == _KIND and each["Status"] == "ENABLED" for each in kinds)


def _pages(
    client: AwsAccount, change: Change, permission: str, found: str, **arguments: Any
) -> Iterator[dict[str, Any]]:
    """Yield what all pages hold. A token that comes again ends them."""
    seen: set[str] = set()
    while True:
        answer = read(client, change, permission, in_region=_REGION, **arguments)
        yield from answer[found]
        token = answer.get("NextToken")
        if not token or token in seen:
            return
        seen.add(token)
        arguments["NextToken"] = token
