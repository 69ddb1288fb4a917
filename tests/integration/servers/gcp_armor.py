"""Security policies of Cloud Armor, as Google documents them, with its own refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.cloud_api import CloudApi
from servers.json_api import Said

DEFAULT = 2_147_483_647
_INTERVALS = (10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700, 3600)
_PERMISSIONS = {"addRule": "update", "patchRule": "update", "removeRule": "update"}


@dataclass
class GcpArmor:
    """Policies with their rules, by name."""

    policies: dict[str, dict[str, Any]] = field(default_factory=dict)

    def has(self, name: str, *rules: dict[str, Any], default: str = "allow", **facts: Any) -> None:
        """Have a policy: some rules, and what holds where none of them does."""
        last = {"priority": DEFAULT, "action": default, "description": "default rule"}
        self.policies[name] = {"name": name, "type": "CLOUD_ARMOR", "rules": [*rules, last], **facts}

    def permission_of(self, path: str) -> str:
        """Return Google's name of what a request does; empty for one that is of something else."""
        names = urlsplit(path).path.split("/")
        if "securityPolicies" not in names:
            return ""
        return f"compute.securityPolicies.{_PERMISSIONS.get(names[-1], 'get')}"

    def serve(self, cloud: CloudApi, permission: str, path: str, body: Any, shown: Callable[[Any], Any]) -> Said:
        """Answer as Google does."""
        names, query = urlsplit(path).path.split("/"), parse_qs(urlsplit(path).query)
        name = names[names.index("securityPolicies") + 1]
        if name not in self.policies:
            return cloud.refused(404, "notFound", name)
        if permission.endswith("get"):
            cloud.look_at(name)
            return Said(200, self.policies[name])
        if cloud.is_busy(name):
            return cloud.refused(400, "resourceNotReady", name)
        rules = {each["priority"]: each for each in self.policies[name]["rules"]}
        priority = int(query.get("priority", [(body or {}).get("priority")])[0])
        verb = names[-1]
        if (priority in rules) is (verb == "addRule") or (verb == "removeRule" and priority == DEFAULT):
            return cloud.refused(400, "invalid", f"priority {priority}")
        if verb != "removeRule" and (fault := _fault(body)):
            return cloud.refused(400, "invalid", fault)
        rules.pop(priority, None)
        if verb != "removeRule":
            rules[priority] = body
        cloud.effects[permission] += 1
        kept = sorted(rules.values(), key=lambda each: each["priority"])
        return Said(200, shown(cloud.begin(name, lambda: self.policies[name].update(rules=kept))))


def _fault(rule: dict[str, Any]) -> str:
    options = rule.get("rateLimitOptions", {})
    threshold = options.get("rateLimitThreshold", {})
    if rule.get("action") != "throttle" or options.get("conformAction") != "allow":
        return "action"
    if not 1 <= int(threshold.get("count", 0)) <= 10_000 or threshold.get("intervalSec") not in _INTERVALS:
        return "rateLimitThreshold"
    return "" if rule.get("match", {}).get("config", {}).get("srcIpRanges") else "match"
