"""Expectations on ``mart_costs_by_ai_model``: costs by AI model."""

from __future__ import annotations

from finops.core.sql import identifier
from finops.quality.models import Given, Suite
from finops.quality.rules import cost_mart

GRAIN = ("ai_project", "ai_model", "ai_stage")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite("mart_costs_by_ai_model", identifier("marts", "mart_costs_by_ai_model"), cost_mart(GRAIN, given))
