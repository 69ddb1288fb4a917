"""What a published table must meet: one module per table, and one table of grains for marts that differ in it alone."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from finops.core.errors import Finding
from finops.quality.models import Given, Suite
from finops.quality.rules import cost_mart

GRAINS = {
    "mart_costs_by_ai_model": ("ai_project", "ai_model", "ai_stage"),
    "mart_costs_by_region": ("provider_name", "region_id"),
    "mart_costs_by_service": ("provider_name", "service_category", "service_name"),
    "mart_costs_by_sub_account": ("provider_name", "billing_account_id", "sub_account_id", "sub_account_name"),
}
"""Mart of the daily costs at a coarser grain → what its rows are per, beside provider, billing period and currency."""


def suite_of(table: str, given: Given) -> Suite:
    """Return the suite of a table for the candidate at hand. Raise Finding when it has none."""
    if table in GRAINS:
        return Suite(table, cost_mart(GRAINS[table], given))
    if find_spec(f"{__name__}.{table}") is None:
        raise Finding(f"{table} would be published without expectations; give it a suite in quality/suites")
    suite: Suite = import_module(f"{__name__}.{table}").suite(given)
    return suite
