"""Expectations on marts that are the daily costs at a coarser grain, and differ in that grain alone."""

from __future__ import annotations

from finops.quality.models import Given, Suite
from finops.quality.rules import cost_mart

GRAINS = {
    "mart_costs_by_ai_model": ("ai_project", "ai_model", "ai_stage"),
    "mart_costs_by_region": ("provider_name", "region_id"),
    "mart_costs_by_service": ("provider_name", "service_category", "service_name"),
    "mart_costs_by_sub_account": ("provider_name", "billing_account_id", "sub_account_id", "sub_account_name"),
}
"""Mart → what its rows are per, beside provider, billing period and currency."""


def suite(mart: str, given: Given) -> Suite:
    """Return the suite of one of ``GRAINS`` for the candidate at hand."""
    return Suite(mart, cost_mart(GRAINS[mart], given))
