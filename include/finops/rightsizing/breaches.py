"""What budgets propose once a threshold is reached, and which resources their scopes cover.

A scope is of dimensions of the daily costs. Of a resource the inventory tells those of ``TOLD``; whether another one,
such as a service, covers it is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.rightsizing.models import ResourceType

TOLD = (
    *("provider", "cost_center", "ai_project", "ai_model", "ai_stage", "environment", "region_id"),
    "sub_account_id",
)
"""Dimensions of a scope that the inventory tells of a resource."""

Dimensions = Mapping[str, str]
"""What a resource is of, by the names in ``TOLD``; empty where it has no value."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A row of ``mart_budget_proposals``: an action for a budget in a period that runs until ``last``.

    ``scope`` is None where the row does not say it. ``documents`` has, by cloud, what would deny and what it cannot
    express.
    """

    currency: str
    budget: str
    first: str
    last: date | None
    action: str
    threshold: str
    owner: str
    text: str
    scope: Mapping[str, tuple[str, ...]] | None = None
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def why_unknown(self) -> str:
        """Why it cannot be said which resources it covers; empty where it can."""
        if self.scope is None or self.last is None:
            return "its scope is not published yet: the next run of enforce_budgets does so"
        untold = ", ".join(name for name in self.scope if name not in TOLD)
        return f"the inventory does not tell {untold} of a resource: choose what to act on by hand" if untold else ""

    def runs_on(self, day: date) -> bool:
        """Tell whether its period runs on a day. New work can be held back before it begins."""
        return (self.last is None or day <= self.last) and (self.action == "approval" or self.first <= str(day))

    def covers(self, dimensions: Dimensions, currency: str) -> bool:
        """Tell whether charges of a resource count in the budget."""
        if self.why_unknown or currency != self.currency:
            return False
        return all(_is_among(dimensions[name], values) for name, values in (self.scope or {}).items())


@dataclass(frozen=True, slots=True)
class Place:
    """Resources of one type and currency that have the same dimensions; ``count`` of them are at work."""

    type: ResourceType
    currency: str
    dimensions: Dimensions
    count: int


def _is_among(value: str, values: tuple[str, ...]) -> bool:
    return value in values if value else bool({ABSENT, UNALLOCATED} & {*values})
