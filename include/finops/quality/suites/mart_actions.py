"""Expectations on ``mart_actions``: actions as they stand."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_exact, is_unique, one_of

_SHOWN = ("action_id", "billing_period", "status")
_NEVER_BEGUN = ("planned", "approved", "rejected", "refused", "expired")
_BEGUN = ("applying", "applied", "failed", "backed_out", "abandoned", "rolled_back")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite(
        "mart_actions",
        (
            one_of("status", (*_NEVER_BEGUN, *_BEGUN)),
            is_exact(("monthly_cost", "monthly_saving")),
            is_unique(("billing_period", "action_id")),
            RowRule(
                "it is filed under the month of its run date",
                "strftime(run_date, '%Y-%m') = billing_period",
                (*_SHOWN, "run_date"),
            ),
            RowRule(
                "nothing is begun that nobody has approved",
                "started_at is null or (approved_by <> '' and approved_at is not null)",
                (*_SHOWN, "started_at", "approved_by"),
            ),
            RowRule(
                "what was done has its hours, and nothing else has",
                "(hours_to_resolve is not null) = (status in ('applied', 'rolled_back') and rollback_of = '')"
                " and coalesce(hours_to_resolve, 0) >= 0",
                (*_SHOWN, "hours_to_resolve"),
            ),
        ),
        scope=given.months,
    )
