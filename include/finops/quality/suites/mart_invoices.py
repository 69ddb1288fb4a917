"""Expectations on ``mart_invoices``: what the fact bills, by the invoice it stands on."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import FACT, KEY, filled, has_rows, is_exact, is_unique, ties_to

GRAIN = ("invoice_issuer_name", "billing_account_id", "invoice_id")
PARTS = ("billed_charges", "billed_tax", "billed_credits", "billed_adjustments")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    columns = [*KEY, *GRAIN]
    return Suite(
        "mart_invoices",
        (
            has_rows(),
            *filled(*columns, "charge_count", "billed_cost", *PARTS),
            is_exact(["billed_cost", *PARTS]),
            is_unique(columns),
            ties_to(FACT, "fct_focus_costs", given, ["billed_cost"]),
            RowRule(
                "charges, tax, credits and adjustments sum to the billed cost",
                f"billed_cost = {' + '.join(PARTS)}",
                (*columns, "billed_cost", *PARTS),
            ),
        ),
    )
