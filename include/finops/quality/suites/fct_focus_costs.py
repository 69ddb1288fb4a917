"""Expectations on ``fct_focus_costs``: what FOCUS 1.2 demands of every charge, and what the bills demand of all."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.core.focus import COLUMNS, KNOWN_ADJUSTMENTS, Level
from finops.core.sql import join, literal
from finops.quality.models import Given, RowRule, Severity, Suite
from finops.quality.rules import filled, has_rows, is_exact, no_rows, one_of

_SHOWN = ("provider", "billing_period", "x_charge_type", "charge_description")

_ROW_RULES = (
    RowRule(
        "billing_currency is a code of ISO 4217",
        "regexp_full_match(billing_currency, '[A-Z]{3}')",
        ("provider", "billing_period", "billing_currency"),
    ),
    RowRule(
        "billing_period_start and billing_period_end bound the month of billing_period",
        "billing_period_start = cast(billing_period || '-01' as timestamp)"
        " and billing_period_end = billing_period_start + interval 1 month",
        ("provider", "billing_period", "billing_period_start", "billing_period_end"),
    ),
    RowRule(
        "a charge period ends after it starts",
        "charge_period_start < charge_period_end",
        (*_SHOWN, "charge_period_start", "charge_period_end"),
    ),
    RowRule(
        "a commitment discount status names its commitment, and only usage has one",
        "commitment_discount_status is null or (commitment_discount_id is not null and charge_category = 'Usage')",
        (*_SHOWN, "commitment_discount_status", "commitment_discount_id", "charge_category"),
    ),
    RowRule(
        "a commitment's purchase has no effective cost where usage carries it",
        "charge_category <> 'Purchase' or commitment_discount_id is null or effective_cost = 0",
        (*_SHOWN, "commitment_discount_id", "billed_cost", "effective_cost"),
    ),
    RowRule(
        "what is unused of a commitment is not billed again",
        "commitment_discount_status is distinct from 'Unused' or billed_cost = 0",
        (*_SHOWN, "commitment_discount_id", "billed_cost"),
    ),
    RowRule(
        "usage that a commitment covers says whether it was used",
        "charge_category <> 'Usage' or commitment_discount_id is null or commitment_discount_status is not null",
        (*_SHOWN, "commitment_discount_id"),
        Severity.WARNS,
    ),
    RowRule(
        "a charge lies in its billing period, corrections apart",
        "charge_class is not null or charge_category not in ('Usage', 'Purchase') or ("
        " charge_period_start >= billing_period_start - interval 1 day"
        " and charge_period_start < billing_period_end + interval 1 day)",
        (*_SHOWN, "charge_period_start"),
        Severity.WARNS,
    ),
)


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    mandatory = [c.snake for c in COLUMNS if c.level is Level.MANDATORY and not c.is_nullable]
    return Suite(
        "fct_focus_costs",
        (
            has_rows(),
            *filled(*mandatory),
            *(one_of(column.snake, column.allowed) for column in COLUMNS if column.allowed),
            is_exact(),
            _line_types_are_mapped(),
            _negations_cancel(),
            _tags_are_read(),
            *_ROW_RULES,
        ),
        schema="main",
    )


def _line_types_are_mapped() -> Expectation:
    return no_rows(
        "every native line type has a mapping of its own",
        """
        select provider, x_charge_type, count(*) as charges, sum(billed_cost) as billed_cost, billing_currency
        from {batch}
        where charge_category = 'Adjustment' and x_charge_type not in ({known})
        group by all
        """,
        Severity.WARNS,
        known=join(", ", map(literal, KNOWN_ADJUSTMENTS)),
    )


def _negations_cancel() -> Expectation:
    query = """
        select provider, commitment_discount_id, charge_period_start, billed_cost, billing_currency
        from {batch}
        where x_charge_type = 'SavingsPlanNegation'
    """
    return no_rows("savings plan negations cancel the usage they cover", query, Severity.WARNS)


def _tags_are_read() -> Expectation:
    query = """
        select provider, billing_period, count(*) as charges
        from {batch} where contains(tags, '"x_unparsed_tags"')
        group by all
    """
    return no_rows("the tags of every charge could be read; the others are x_unparsed_tags", query, Severity.WARNS)
