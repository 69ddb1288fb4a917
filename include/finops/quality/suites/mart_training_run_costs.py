"""Expectations on ``mart_training_run_costs``: what each training run cost."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, filled, is_exact, is_unique, no_rows

_COSTS = ("billed_cost", "effective_cost", "list_cost")
_GRAIN = (*KEY, "run_id", "stage", "resource_id")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without telemetry there are no rows."""
    return Suite(
        "mart_training_run_costs",
        (
            *filled(*_GRAIN, "ai_model", "model_version", "experiment", "pipeline", *_COSTS),
            is_exact(("epochs", "gpu_count", "hours", "gpu_hours", "longest_hours_without_checkpoint", *_COSTS)),
            is_unique(_GRAIN),
            RowRule(
                "a run has no more hours of the month than it has, and none below zero",
                "hours between 0 and 24 * 32 and gpu_hours >= 0",
                (*_GRAIN, "hours", "gpu_hours"),
            ),
            RowRule(
                "what an interruption could have cost is known with the checkpoints, and not below zero",
                "(checkpoints is null) = (longest_hours_without_checkpoint is null)"
                " and coalesce(longest_hours_without_checkpoint, 0) >= 0",
                (*_GRAIN, "checkpoints", "longest_hours_without_checkpoint"),
            ),
            RowRule(
                "a run on a resource that is in no bill costs nothing",
                "billing_currency <> '(none)' or (effective_cost = 0 and billed_cost = 0 and list_cost = 0)",
                (*_GRAIN, "effective_cost"),
            ),
            _is_what_versions_have(given),
        ),
    )


def _is_what_versions_have(given: Given) -> Expectation:
    query = """
        select {key}, ai_model, model_version
        from (
            select {key}, ai_model, model_version, sum(effective_cost) as cost
            from {batch}
            where stage <> 'serving'
            group by all
        ) as runs
        full join (
            select {key}, ai_model, model_version, sum(effective_cost) as cost
            from marts.mart_model_version_costs
            where attribution = 'version' and stage <> 'serving' and {scope}
            group by all
        ) as versions using ({key}, ai_model, model_version)
        where coalesce(runs.cost, 0) <> coalesce(versions.cost, 0)
    """
    return no_rows("the runs of a version cost what the version has beside serving, exactly", query, scope=given.scope)
