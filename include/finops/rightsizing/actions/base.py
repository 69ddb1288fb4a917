"""What the actions of every cloud have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change

LOCAL_DISK_TAG, SCRATCH = "finops-local-disk", "scratch"
"""With it a machine's owner says that its local disks hold nothing that has to be kept."""
RESERVED = frozenset({"finops-actions", "protect", "finops:protect", "finops-protect", LOCAL_DISK_TAG})
"""Tags that say what may be done to a resource: a person sets them, no action does."""


class CloudAction:
    """An action; see ``actions.model.Action``. Without more said it cannot be undone."""

    provider: str
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


def with_parameters(change: Change, action: str, **parameters: Any) -> Change:
    """Return another action on the same resource; parameters that are None are left out."""
    return replace(change, action=action, parameters={k: v for k, v in parameters.items() if v is not None})


def first_reason(*checks: tuple[object, str]) -> str:
    """Return the reason of the first check that holds, empty where none does."""
    return next((reason for is_so, reason in checks if is_so), "")
