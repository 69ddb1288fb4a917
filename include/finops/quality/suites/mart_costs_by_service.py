"""Expectations on ``mart_costs_by_service``: costs by service."""

from __future__ import annotations

from finops.core.sql import identifier
from finops.quality.models import Given, Suite
from finops.quality.rules import cost_mart

GRAIN = ("provider_name", "service_category", "service_name")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite("mart_costs_by_service", identifier("marts", "mart_costs_by_service"), cost_mart(GRAIN, given))
