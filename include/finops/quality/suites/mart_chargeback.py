"""Expectations on ``mart_chargeback``: costs by who bears them."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.core.dimensions import UNALLOCATED
from finops.core.sql import Sql
from finops.quality.models import Given, Severity, Suite
from finops.quality.rules import cost_mart, no_rows

GRAIN = (
    "cost_center",
    "provider_name",
    "service_category",
    "service_name",
    "ai_project",
    "ai_model",
    "ai_stage",
    "charge_category",
    "has_required_tags",
)

UNALLOCATED_SHARE = "0.20"
"""Above this share of a bill, chargeback says too little about who spends."""


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite("mart_chargeback", (*cost_mart(GRAIN, given), _most_is_allocated()))


def _most_is_allocated() -> Expectation:
    return no_rows(
        f"at most {float(UNALLOCATED_SHARE):.0%} of a bill's effective cost has no cost centre",
        """
        select provider, billing_period, billing_currency,
            sum(effective_cost) filter (where cost_center = {nobody}) as unallocated,
            sum(effective_cost) as effective_cost
        from {batch}
        group by all
        having unallocated > {share} * sum(effective_cost)
        """,
        Severity.WARNS,
        nobody=UNALLOCATED,
        share=Sql(UNALLOCATED_SHARE),
    )
