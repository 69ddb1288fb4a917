"""Expectations on ``mart_costs_by_region``: costs by region."""

from __future__ import annotations

from finops.core.sql import identifier
from finops.quality.models import Given, Suite
from finops.quality.rules import cost_mart

GRAIN = ("provider_name", "region_id")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite("mart_costs_by_region", identifier("marts", "mart_costs_by_region"), cost_mart(GRAIN, given))
