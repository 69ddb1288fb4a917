"""What is under way, and what AWS remembers of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from finops_airflow.local.aws_standin.request import Answer

LOOKS = 2
"""So many times a change is seen under way. No clock, so that a test need not wait."""
Reason = tuple[str, str]
"""AWS's code and text of a refusal."""


@dataclass
class State:
    """What the rules remember between two requests."""

    spot: dict[str, str] = field(default_factory=dict)
    """The kind of spot request of each spot machine."""
    changed_nothing: bool = False
    """Whether the last change found everything as wanted."""
    moving: dict[str, tuple[Any, str, int]] = field(default_factory=dict)
    """By resource: what is changing, what it becomes, and how many looks are left."""
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    """Answers by permission and client token."""
    policies: dict[str, Any] = field(default_factory=dict)
    """Mixed instances policies of groups, as they were before the running request."""

    def move(self, name: str, thing: Any, end: str) -> None:
        """Let a change take a while."""
        self.moving[name] = (thing, end, LOOKS)
