"""Expectations on ``mart_costs_by_sub_account``: costs by sub account."""

from __future__ import annotations

from finops.core.sql import identifier
from finops.quality.models import Given, Suite
from finops.quality.rules import cost_mart

GRAIN = ("provider_name", "billing_account_id", "sub_account_id", "sub_account_name")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite("mart_costs_by_sub_account", identifier("marts", "mart_costs_by_sub_account"), cost_mart(GRAIN, given))
