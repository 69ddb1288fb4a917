"""What the columns of ``statement.csv`` mean, for whoever reads its lines from a database."""

from __future__ import annotations

DESCRIPTIONS = {
    "billing_period": "Billing month, YYYY-MM, UTC.",
    "status": "provisional, or final once the month is closed.",
    "costs_until": "Last day, UTC, that the statement has costs of; NULL in older statements.",
    "line": "Number of the line in its statement, from 1.",
    "billing_currency": "ISO 4217 code of every amount of the row.",
    "cost_center": "Cost centre by tag, label, cost category or rule; (unallocated) where none names one.",
    "provider": "Cloud provider the bill came from (aws, azure, gcp).",
    "provider_name": "Who provides the resource or service.",
    "service_category": "FOCUS category of the service.",
    "service_name": "Name of the service.",
    "ai_project": "AI project by tag, or (none).",
    "ai_model": "AI model by tag, or (none).",
    "ai_stage": "AI stage by tag, or (none).",
    "charge_category": "Usage, Purchase, Tax, Credit or Adjustment.",
    "has_required_tags": "Whether the resource has every tag that the tag policy requires.",
    "effective_cost_rounded": "Effective cost in whole cents, so that the lines add up to the statement's total.",
    "billed_cost_rounded": "Billed cost in whole cents, so that the lines add up to the statement's total.",
    "effective_cost": "Amortised cost after all discounts, exact.",
    "billed_cost": "Cost as invoiced, exact.",
    "contracted_cost": "Cost at the contracted unit price, without commitment discounts, exact.",
    "list_cost": "Cost at the public list price, exact.",
    "line_id": "The line's id, the same from month to month; `finops chargeback explain` takes it.",
    "rule_id": "What made the line: direct for charges of the bills, otherwise a rule of allocation.yml.",
    "rule_version": "Version of that rule; 0 for direct lines.",
    "source_digest": "SHA-256 over the published rows that the line sums.",
    "cost_center_name": "Name of the cost centre in cost_centers.yml; NULL where it has none there.",
}
