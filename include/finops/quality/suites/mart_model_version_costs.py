"""Expectations on ``mart_model_version_costs``: what each version cost, what was idle, and what is not attributed."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, PUBLISHED_DAILY, adds_up_to, filled, is_exact, is_unique, one_of

_COSTS = ("billed_cost", "effective_cost", "list_cost")
_GRAIN = (*KEY, "attribution", "ai_model", "model_version", "stage")
_STAGES = ("ingestion", "preparation", "training", "evaluation", "other", "serving", "(none)")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite(
        "mart_model_version_costs",
        (
            *filled(*_GRAIN, *_COSTS),
            one_of("attribution", ("version", "idle", "unattributed")),
            one_of("stage", _STAGES),
            is_exact((*_COSTS, "hours", "gpu_hours", "serving_cost_per_inference", "training_cost_per_inference")),
            is_unique(_GRAIN),
            adds_up_to(PUBLISHED_DAILY, "the daily costs", given, {cost: cost for cost in _COSTS}),
            RowRule(
                "a version has a stage, and what is idle or not attributed has neither version nor stage",
                "(attribution = 'version') = (stage <> '(none)')"
                " and (attribution = 'version' or model_version = '(none)')",
                _GRAIN,
            ),
            RowRule(
                "no more requests are answered than came, and only serving has any",
                "coalesce(successes, 0) between 0 and coalesce(requests, 0)"
                " and (stage = 'serving' or requests is null)",
                (*_GRAIN, "requests", "successes"),
            ),
            RowRule(
                "a version is flagged where it costs more than its target",
                "is_above_target = coalesce(version_cost > target_cost, false)",
                (*_GRAIN, "version_cost", "target_cost"),
            ),
        ),
    )
