"""Limit how many requests one address may send: what helps against a suspected attack."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.gcp.calls import Gone, act, read
from finops.rightsizing.actions.gcp.names import short
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

RULE = "finops-limit-requests"
"""Description of the rule, by which it is known again: Google's rules have no names."""
_GET, _UPDATE = "compute.securityPolicies.get", "compute.securityPolicies.update"
_NAMED = re.compile(r"projects/([^/]+)/global/securityPolicies/([^/]+)$")
_SECONDS, _MOST = 300, 10_000
_DEFAULT = 2_147_483_647
"""Priority of the rule that holds where no other does."""


class LimitRequests(GcpAction):
    """A throttling rule of Cloud Armor; undone by the earlier limit, or by taking the rule away.

    It stands last, before the default rule: what it lets pass no later rule is asked about. So the default must allow.
    """

    name = "limit_requests"
    summary = "limit the requests of one address"
    parameters: Mapping[str, str] = {
        "web_acl": "the security policy, projects/P/global/securityPolicies/NAME",
        "limit_per_5_minutes": "requests of one address in five minutes; 0 takes the rule away",
    }
    required: ClassVar[tuple[str, ...]] = ("web_acl", "limit_per_5_minutes")
    reads: tuple[str, ...] = (_GET,)
    acts: tuple[str, ...] = (_UPDATE,)
    resource_types: tuple[str, ...] = ("load_balancer", "endpoint", "machine")

    def observe(self, client: Any, change: Change) -> Live:
        """Read the policy, and our rule in it."""
        asked = _named(change)
        if not asked:
            return Live(exists=True)
        try:
            found = read(change, _GET, client.security_policies.get, asked)
        except Gone:
            return Live(exists=False)
        ours = next((rule for rule in found.rules if rule.description == RULE), None)
        default = next((rule.action for rule in found.rules if rule.priority == _DEFAULT), "")
        facts = {
            "limit": ours.rate_limit_options.rate_limit_threshold.count if ours else 0,
            "priority": ours.priority if ours else None,
            "taken": sorted(rule.priority for rule in found.rules),
            "default": default,
            "kind": found.type_ or "CLOUD_ARMOR",
        }
        return Live(exists=True, tags=dict(found.labels), facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse a policy that cannot throttle or whose default is not to allow, and a limit that Google refuses."""
        if not _named(change):
            return f"web_acl {change.parameters['web_acl']!r} is no projects/P/global/securityPolicies/NAME"
        limit = int(change.parameters["limit_per_5_minutes"])
        return first_reason(
            (limit and not 1 <= limit <= _MOST, f"the limit {limit} is not 1 to {_MOST}"),
            (live.facts["kind"] != "CLOUD_ARMOR", f"a policy of type {live.facts['kind']} limits no requests"),
            (
                limit and live.facts["default"] != "allow",
                f"its default is {live.facts['default'] or 'not known'}: a limit would let in what that keeps out",
            ),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Add the rule, change its limit, or take it away."""
        there, wanted = live.facts.get("limit", 0), int(change.parameters["limit_per_5_minutes"])
        if there == wanted:
            return None
        return "remove" if not wanted else "change" if there else "add"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Do one of them. Of two rules with one priority Google refuses the second, so none is added twice."""
        if not live.exists:
            raise Rejected(f"the policy {change.parameters['web_acl']} is gone since the action began")
        policies = client.security_policies
        asked: dict[str, Any] = dict(_named(change))
        if step == "remove":
            act(change, _UPDATE, policies.remove_rule_unary, {**asked, "priority": live.facts["priority"]})
            return
        priority = live.facts["priority"] if step == "change" else _free(live)
        rule = {**_rule(int(change.parameters["limit_per_5_minutes"])), "priority": priority}
        asked["security_policy_rule_resource"] = rule
        if step == "add":
            act(change, _UPDATE, policies.add_rule_unary, asked)
        else:
            act(change, _UPDATE, policies.patch_rule_unary, {**asked, "priority": priority})

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set the earlier limit; 0 where there was none."""
        earlier = before.facts["limit"]
        return with_parameters(change, self.name, web_acl=change.parameters["web_acl"], limit_per_5_minutes=earlier)


def _named(change: Change) -> dict[str, str]:
    found = _NAMED.search(str(change.parameters.get("web_acl")))
    return {"project": found[1], "security_policy": short(found[2])} if found else {}


def _free(live: Live) -> int:
    """Return the last priority before the default that no rule has."""
    taken = set(live.facts["taken"])
    return next(number for number in range(_DEFAULT - 1, 0, -1) if number not in taken)


def _rule(limit: int) -> dict[str, Any]:
    return {
        "description": RULE,
        "action": "throttle",
        "match": {"versioned_expr": "SRC_IPS_V1", "config": {"src_ip_ranges": ["*"]}},
        "rate_limit_options": {
            "conform_action": "allow",
            "exceed_action": "deny(429)",
            "enforce_on_key": "IP",
            "rate_limit_threshold": {"count": limit, "interval_sec": _SECONDS},
        },
    }
