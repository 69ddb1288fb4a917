"""Expectations on ``mart_experiment_costs``: what experiments and pipelines cost."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, filled, is_exact, is_unique, no_rows, one_of

_COSTS = ("billed_cost", "effective_cost", "list_cost", "failed_run_cost")
_GRAIN = (*KEY, "cost_of", "name", "ai_model")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without runs there are no rows."""
    return Suite(
        "mart_experiment_costs",
        (
            *filled(*_GRAIN, *_COSTS, "run_count"),
            one_of("cost_of", ("experiment", "pipeline")),
            is_exact((*_COSTS, "hours", "gpu_hours", "cost_per_run", "cost_per_epoch")),
            is_unique(_GRAIN),
            RowRule("no more runs fail than there are", "failed_run_count between 0 and run_count", _GRAIN),
            _are_the_runs(given),
        ),
    )


def _are_the_runs(given: Given) -> Expectation:
    query = """
        select {key}, cost_of
        from (select {key}, cost_of, sum(effective_cost) as cost from {batch} group by all) as grouped
        full join (
            select {key}, sum(effective_cost) as cost
            from marts.mart_training_run_costs
            where {scope}
            group by all
        ) as runs using ({key})
        where grouped.cost is distinct from runs.cost
    """
    return no_rows("experiments, and pipelines, cost what their runs do, exactly", query, scope=given.scope)
