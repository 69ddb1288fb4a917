"""Expectations on ``mart_tag_violations``: the resources that break the tag policy."""

from __future__ import annotations

from finops.core.dimensions import ABSENT
from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import COSTS, KEY, filled, is_exact, is_unique, one_of

GRAIN = ("sub_account_id", "resource_id", "tag_key")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand; a bill without violations has no rows."""
    columns = [*KEY, *GRAIN]
    return Suite(
        "mart_tag_violations",
        (
            *filled(*columns, *COSTS, "suggested_value", "suggested_by", "likely_owner", "cost_center"),
            one_of("tag_status", ("misspelt", "wrong_value", "missing")),
            is_exact(COSTS),
            is_unique(columns),
            RowRule(
                "first seen is not after last seen",
                "first_seen <= last_seen",
                (*columns, "first_seen", "last_seen"),
            ),
            RowRule(
                "a key is missing exactly where nothing was found",
                f"(tag_status = 'missing') = (found_key = '{ABSENT}')",
                (*columns, "tag_status", "found_key"),
            ),
        ),
    )
