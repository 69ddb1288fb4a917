"""What a tag policy means for one line, a second time: in Python, line by line, and not the SQL."""

from __future__ import annotations

import json
import re
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from tests.unit.transform.parents_reference import Parents

from finops.policy.tags import TagPolicy
from finops.policy.tags.spelling import fold


class Reference:
    """The rules of the policy for one line, as its documentation says them."""

    def __init__(self, policy: TagPolicy, lines: list[dict[str, Any]]) -> None:
        self.policy = policy
        self.parents = Parents(policy.parents, lines, self.own_values)

    def entries(self, line: dict[str, Any], key: str) -> list[tuple[str, str, str, str, str | None]]:
        """Yield (origin, status, native key, found value, valid value) of the line's tags that stand for a key."""
        found = []
        declared = self.policy.key(key)
        assert declared is not None
        tags = {} if line["Tags"] == "NULL" else json.loads(line["Tags"])
        for native, raw in tags.items():
            text = raw.strip(" ")
            if not text or fold(native) not in declared.spellings:
                continue
            listed = {value.lower(): value for value in declared.allowed} | declared.values
            value: str | None = text.lower() if declared.case == "lower" else text
            if text.lower() in listed:
                value = listed[text.lower()]
            elif declared.allowed or (declared.pattern and not re.fullmatch(declared.pattern, str(value))):
                value = None
            rewritten = native.startswith("user_") and fold(native) == fold(key)
            is_right = native in (key, f"user:{key}") or rewritten
            status = "wrong_value" if value is None else "valid" if is_right and value == text else "misspelt"
            origin = "label" if native.lower().startswith("accounttag/") else "tag"
            found.append((origin, status, native, text, value))
        order = {"valid": 0, "misspelt": 1, "wrong_value": 2}
        return sorted(found, key=lambda e: (order[e[1]], e[2].encode()))

    def own_values(self, line: dict[str, Any]) -> dict[str, str]:
        """Return the valid values of the line's own tags by key."""
        found = {}
        for key in self.policy.keys:
            own = next((e for e in self.entries(line, key.name) if e[0] == "tag"), None)
            if own is not None and own[4] is not None:
                found[key.name] = own[4]
        return found

    def status(self, line: dict[str, Any], key: str) -> str:
        return next((e[1] for e in self.entries(line, key) if e[0] == "tag"), "missing")

    def resolve(self, line: dict[str, Any], key: str) -> tuple[str | None, str]:
        acting = [a for a in self.policy.assignments() if key in a.values and self._acts(a.when, line)]
        for each in acting:
            if each.overrides_tags:
                return each.values[key], each.source
        for origin in ("tag", "parent", "label"):
            for values in self.parents.of(line) if origin == "parent" else ():
                if key in values:
                    return values[key], origin
            for entry in self.entries(line, key):
                if entry[0] == origin and entry[4] is not None:
                    return entry[4], origin
        return (acting[0].values[key], acting[0].source) if acting else (None, "(none)")

    def _acts(self, when: Any, line: dict[str, Any]) -> bool:
        resource = None if line["ResourceId"] == "NULL" else line["ResourceId"]
        facts = {
            "sub_account_id": line["SubAccountId"],
            "service_category": line["ServiceCategory"],
            "region_id": line["RegionId"],
            "resource_id": resource,
        }
        day = date.fromisoformat(line["ChargePeriodStart"][:10])
        if not (when.from_date or date.min) <= day < (when.to_date or date.max):
            return False
        if when.has_resource is not None and when.has_resource != (resource is not None):
            return False
        for name, fact in facts.items():
            patterns = getattr(when, name)
            if patterns and not (fact and any(fnmatchcase(fact, p) for p in patterns)):
                return False
        for key, patterns in when.tags.items():
            own = next((e for e in self.entries(line, key) if e[0] == "tag"), None)
            if own is None or not any(fnmatchcase(t, p) for t in (own[3], own[4] or "") for p in patterns):
                return False
        return True
