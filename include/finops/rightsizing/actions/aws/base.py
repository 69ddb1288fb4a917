"""What the actions on AWS have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change


class AwsAction:
    """An action on AWS; see ``actions.model.Action``. Without more said it cannot be undone."""

    provider: str = "aws"
    name: str
    summary: str
    parameters: Mapping[str, str] = MappingProxyType({})
    required: ClassVar[tuple[str, ...]] = ()
    """Parameters that must be there."""
    reads: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()
    is_reversible: bool = True

    def refusal(self, live: Live, change: Change) -> str:
        """Return why it must not be begun in this state, empty where it may."""
        if missing := [name for name in self.required if change.parameters.get(name) in (None, "", [], {})]:
            return f"its parameter {missing[0]} is missing"
        if unknown := [name for name in change.parameters if name not in self.parameters]:
            return f"it has no parameter {unknown[0]}"
        return self.objection(live, change) if live.exists else "it is gone since the plan was made"

    def objection(self, live: Live, change: Change) -> str:
        """Return why a resource that is there must not be touched now, empty where it may."""
        return ""

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Return what brings back the state before."""
        return None

    def fallback(self, before: Live, change: Change) -> Change | None:
        """Return what brings back the state before when it cannot be finished: the same as what undoes it."""
        return self.inverse(before, change)


def tags_of(pairs: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Return AWS's list of pairs as a mapping."""
    return {str(pair["Key"]): str(pair.get("Value", "")) for pair in pairs or ()}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a mapping as AWS's list of pairs."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def with_parameters(change: Change, action: str, **parameters: Any) -> Change:
    """Return another action on the same resource; parameters that are None are left out."""
    return replace(change, action=action, parameters={k: v for k, v in parameters.items() if v is not None})
