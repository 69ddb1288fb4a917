"""Which resources a line inherits from, worked out line by line as the documentation says it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from finops.policy.tags.models import Parent
from finops.policy.tags.spelling import fold

Line = dict[str, Any]
Resource = tuple[str, str]


class Parents:
    """The parents of the lines of one bill."""

    def __init__(
        self, declared: Sequence[Parent], lines: Sequence[Line], own_values: Callable[[Line], dict[str, str]]
    ) -> None:
        self.declared = declared
        self.regions: dict[Resource, set[str]] = defaultdict(set)
        groups: dict[tuple[Resource, str, str, str], list[Line]] = defaultdict(list)
        for line in lines:
            if line["ResourceId"] != "NULL":
                resource = (line["SubAccountId"], line["ResourceId"])
                self.regions[resource].add(line["RegionId"])
                groups[resource, line["RegionId"], line["ServiceCategory"], line["Tags"]].append(line)
        last: dict[Resource, tuple[str, Decimal]] = {}
        self.values: dict[Resource, dict[str, str]] = {}
        for (resource, *_), group in groups.items():
            values = own_values(group[0])
            cost = sum((Decimal(line["EffectiveCost"]) for line in group), Decimal(0))
            order = (max(line["ChargePeriodStart"][:10] for line in group), cost)
            if values and order > last.get(resource, ("", Decimal(0))):
                last[resource], self.values[resource] = order, values
        self.selves = {
            line["ResourceId"]
            for line in lines
            if any(id_ == line["ResourceId"] for named in self._named(line) for _, id_ in named)
        }

    def of(self, line: Line) -> list[dict[str, str]]:
        """Return the values that the line's parents give, the first parent's first."""
        if line["ResourceId"] in self.selves:
            return []
        found = [self._nearest(named, line) for named in self._named(line)]
        return [self.values.get(near.pop(), {}) for near in found if len(near) == 1]

    def is_ambiguous(self, line: Line) -> bool:
        """Tell whether a parent of the line could be several resources."""
        found = [self._nearest(named, line) for named in self._named(line)]
        return line["ResourceId"] not in self.selves and any(len(near) > 1 for near in found)

    def _named(self, line: Line) -> list[set[Resource]]:
        tags = {} if line["Tags"] == "NULL" else json.loads(line["Tags"])
        found = []
        for parent in self.declared:
            said = [v.strip(" ") for k, v in tags.items() if fold(k) == fold(parent.key) and not k.startswith("acc")]
            names = {re.split("[/:]", value)[-1].lower() for value in said} - {""}
            patterns = [pattern.lower() for pattern in parent.resource]
            found.append(
                {
                    (account, resource)
                    for account, resource in self.regions
                    for name in names
                    if re.split("[/:]", resource)[-1].lower() == name
                    and any(fnmatchcase(resource.lower(), pattern.replace("{value}", name)) for pattern in patterns)
                }
            )
        return found

    def _nearest(self, named: set[Resource], line: Line) -> set[Resource]:
        same_account = {resource for resource in named if resource[0] == line["SubAccountId"]}
        same_region = {resource for resource in same_account if line["RegionId"] in self.regions[resource]}
        return same_region or same_account or named
