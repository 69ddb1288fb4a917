"""Expectations on ``mart_provider_recommendations``: what providers recommend themselves."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, filled, is_exact, is_unique, one_of

_GRAIN = (*KEY, "recommendation_id")
_OWNER = ("cost_center", "ai_project", "ai_model", "ai_stage", "environment")
_TYPES = ("machine", "disk", "snapshot", "address", "load_balancer", "notebook", "endpoint", "bucket", "group")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Where providers are not asked there are no rows."""
    return Suite(
        "mart_provider_recommendations",
        (
            *filled(
                *_GRAIN, "recommended_by", "action", "resource_type", "account_id", "title", "observed_at", *_OWNER
            ),
            one_of("recommended_by", ("compute_optimizer", "cost_optimization_hub", "advisor", "recommender")),
            one_of("action", ("stop", "resize", "delete", "change_volume", "commitment", "other")),
            one_of("resource_type", (*_TYPES, "account", "other")),
            is_exact(("monthly_saving",)),
            is_unique(_GRAIN),
            RowRule("nothing saves less than nothing", "coalesce(monthly_saving, 0) >= 0", (*_GRAIN, "monthly_saving")),
            RowRule(
                "it was made in the month, and last when it is described",
                "strftime(first_observed_on, '%Y-%m') = billing_period and first_observed_on <= last_observed_on"
                " and cast(observed_at as date) = last_observed_on",
                (*_GRAIN, "first_observed_on", "last_observed_on", "observed_at"),
            ),
        ),
        scope=given.months,
    )
