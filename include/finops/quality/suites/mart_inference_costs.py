"""Expectations on ``mart_inference_costs``: what an inference costs."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, filled, is_exact, is_unique, no_rows

_COSTS = ("allocated_cost", "used_cost", "idle_cost")
_RATIOS = (
    *("cost_per_inference", "cost_per_1000_predictions", "used_cost_per_inference"),
    *("cost_per_million_tokens_in", "cost_per_million_tokens_out"),
)
_GRAIN = (*KEY, "charge_date", "endpoint_id", "ai_model", "model_version", "serving_stage")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without counts of inferences there are no rows."""
    return Suite(
        "mart_inference_costs",
        (
            *filled(*_GRAIN, "requests", "successes", *_COSTS),
            is_exact((*_COSTS, *_RATIOS)),
            is_unique(_GRAIN),
            RowRule(
                "no more requests are answered than came",
                "successes between 0 and requests",
                (*_GRAIN, "requests", "successes"),
            ),
            RowRule(
                "without inferences there is no cost of one",
                "successes > 0 or (cost_per_inference is null and used_cost_per_inference is null)",
                (*_GRAIN, "cost_per_inference"),
            ),
            _is_used_or_idle(),
        ),
    )


def _is_used_or_idle() -> Expectation:
    query = """
        select {key}, charge_date, endpoint_id
        from {batch}
        group by all
        having sum(allocated_cost) <> sum(used_cost) + sum(idle_cost)
    """
    return no_rows("what an endpoint costs on a day is used or idle, exactly", query)
