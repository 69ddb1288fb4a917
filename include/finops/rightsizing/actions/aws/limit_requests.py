"""Limit how many requests one address may send: what helps against a suspected attack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.aws.base import AwsAction, tags_of, with_parameters
from finops.rightsizing.actions.aws.calls import Gone, act, read
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

RULE = "finops-limit-requests"
_SECONDS = 300
_LEAST, _MOST = 10, 2_000_000_000
_UNITS, _MOST_UNITS = 2, 5000
_KEPT = (
    "Description",
    "CustomResponseBodies",
    "CaptchaConfig",
    "ChallengeConfig",
    "TokenDomains",
    "AssociationConfig",
    "DataProtectionConfig",
    "OnSourceDDoSProtectionConfig",
)
"""What an update takes away unless it is sent along."""


class LimitRequests(AwsAction):
    """A rate-based rule on a web ACL of WAF; undone by the earlier limit, or by taking the rule away."""

    name = "limit_requests"
    summary = "limit the requests of one address"
    parameters: Mapping[str, str] = {
        "web_acl": "the ARN of the web ACL",
        "limit_per_5_minutes": "requests of one address in five minutes; 0 takes the rule away",
    }
    required: ClassVar[tuple[str, ...]] = ("web_acl", "limit_per_5_minutes")
    reads: tuple[str, ...] = ("wafv2:GetWebACL", "wafv2:ListTagsForResource")
    acts: tuple[str, ...] = ("wafv2:UpdateWebACL",)
    resource_types: tuple[str, ...] = ("load_balancer", "endpoint", "machine")

    def observe(self, client: Any, change: Change) -> Live:
        """Read the web ACL. The lock token in it makes AWS refuse an update of a state that is no more."""
        named = _named(change)
        if not named:
            return Live(exists=True)
        try:
            found = read(client, change, "wafv2:GetWebACL", in_region=_region(change), **named)
        except Gone:
            return Live(exists=False)
        listed = read(
            client,
            change,
            "wafv2:ListTagsForResource",
            in_region=_region(change),
            ResourceARN=change.parameters["web_acl"],
        )
        acl = found["WebACL"]
        ours = next((rule for rule in acl["Rules"] if rule["Name"] == RULE), None)
        facts = {
            "limit": ours["Statement"]["RateBasedStatement"]["Limit"] if ours else 0,
            "units": acl.get("Capacity", 0),
            "is_managed": acl.get("ManagedByFirewallManager", False),
            "lock_token": found["LockToken"],
        }
        return Live(exists=True, tags=tags_of(listed["TagInfoForResource"].get("TagList")), facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse a web ACL that is managed from elsewhere or full, and a limit that WAF does not take."""
        if not _named(change):
            return f"web_acl {change.parameters['web_acl']!r} is no ARN of a web ACL"
        limit = int(change.parameters["limit_per_5_minutes"])
        is_full = live.facts["units"] + _UNITS > _MOST_UNITS and not live.facts["limit"] and limit
        checks = (
            (limit and not _LEAST <= limit <= _MOST, f"the limit {limit} is not {_LEAST} to {_MOST}"),
            (live.facts["is_managed"], "its web ACL is managed by Firewall Manager: change it there"),
            (is_full, f"its web ACL has {live.facts['units']} of {_MOST_UNITS} capacity units in use"),
        )
        return next((reason for is_so, reason in checks if is_so), "")

    def next_step(self, live: Live, change: Change) -> str | None:
        """Update it unless it has the limit."""
        return None if live.facts.get("limit") == int(change.parameters["limit_per_5_minutes"]) else "update"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Put all rules, with ours as wanted: an update replaces everything."""
        if not live.exists:
            raise Rejected(f"the web ACL {change.parameters['web_acl']} is gone since the action began")
        found = read(client, change, "wafv2:GetWebACL", in_region=_region(change), **_named(change))
        acl = found["WebACL"]
        act(
            client,
            change,
            "wafv2:UpdateWebACL",
            in_region=_region(change),
            **_named(change),
            DefaultAction=acl["DefaultAction"],
            VisibilityConfig=acl["VisibilityConfig"],
            Rules=_rules(acl["Rules"], int(change.parameters["limit_per_5_minutes"])),
            # Of the state that the step was decided on: whoever has changed it since is not overwritten.
            LockToken=live.facts["lock_token"],
            **{name: acl[name] for name in _KEPT if acl.get(name)},
        )

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set the earlier limit; 0 where there was none."""
        earlier = before.facts["limit"]
        return with_parameters(change, self.name, web_acl=change.parameters["web_acl"], limit_per_5_minutes=earlier)


def _named(change: Change) -> dict[str, str]:
    """Return scope, name and id from ``arn:aws:wafv2:<region>:<account>:regional/webacl/<name>/<id>``; else nothing."""
    match str(change.parameters.get("web_acl")).rpartition(":")[2].split("/"):
        case ["global" | "regional" as scope, "webacl", name, identity]:
            return {"Scope": "CLOUDFRONT" if scope == "global" else "REGIONAL", "Name": name, "Id": identity}
    return {}


def _region(change: Change) -> str:
    """Return the region of the web ACL: CloudFront's are kept in one."""
    return "us-east-1" if _named(change)["Scope"] == "CLOUDFRONT" else change.target.region


def _rules(there: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    others = [rule for rule in there if rule["Name"] != RULE]
    if not limit:
        return others
    taken = {rule["Priority"] for rule in others}
    ours = {
        "Name": RULE,
        # As early as can be without moving the others.
        "Priority": next(number for number in range(len(taken) + 1) if number not in taken),
        "Statement": {
            "RateBasedStatement": {"Limit": limit, "EvaluationWindowSec": _SECONDS, "AggregateKeyType": "IP"}
        },
        "Action": {"Block": {}},
        "VisibilityConfig": {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": RULE},
    }
    return [*others, ours]
