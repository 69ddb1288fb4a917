"""Over its whole life a commitment is effective as much as it is billed; the gate tells of one that is not."""

from __future__ import annotations

from tests.crafted_warehouse import craft, edit

from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.quality.service import check

LAST_BILL = BillingPeriod(2026, 1)
"""The month that is built: the one after the commitment's last."""


def warnings_after_a_life(settings: Settings, *effective: int, missing: str = "", bought: int = 120) -> list[str]:
    """Build the month after a commitment ended that was bought upfront for 120 USD and then effective by these amounts.

    Every month from the one before its life to the one that is built has a bill, but for ``missing``.
    """
    craft(settings, [("aws", str(LAST_BILL))], lines=60)
    period = LAST_BILL
    for place in reversed(range(len(effective))):
        period = period.previous
        fee = bought if place == 0 else 0
        edit(
            settings,
            f"insert into marts.mart_commitments by name select '{period}' as billing_period, 'aws' as provider,"
            " 'USD' as billing_currency, 'life' as commitment_discount_id, 'Spend' as commitment_discount_category,"
            f" 'Savings Plan' as commitment_discount_type, {fee} as purchased_cost, {effective[place]} as used_cost,"
            f" 0 as unused_cost, 0 as used_list_cost, 0 as used_contracted_cost, {fee} as billed_cost,"
            f" {effective[place]} as effective_cost",
        )
        add_bill(settings, period, missing)
    add_bill(settings, period.previous, missing)
    verdict = check(settings)
    assert verdict.passed, "what is wrong stands in a bill of long ago, so no bill is held back"
    return [each for each in verdict.warnings if "over its whole life" in each]


def add_bill(settings: Settings, period: BillingPeriod, missing: str) -> None:
    if str(period) != missing:
        edit(
            settings,
            f"insert into marts.mart_reconciliation by name select * replace ('{period}' as billing_period)"
            f" from marts.mart_reconciliation where billing_period = '{LAST_BILL}' and stage = 'source'",
        )


def test_a_commitment_that_lost_effective_cost_in_its_year_is_told(settings: Settings) -> None:
    (warning,) = warnings_after_a_life(settings, *[10] * 11, 9)

    assert warning.startswith("mart_commitments: over its whole life a commitment is effective as much as it is billed")
    assert "commitment_discount_id life, first_month 2025-01, last_month 2025-12" in warning
    assert "difference 1" in warning


def test_a_commitment_of_one_year_or_three_that_is_effective_as_billed_is_in_order(settings: Settings) -> None:
    assert warnings_after_a_life(settings, *[10] * 12) == []


def test_a_life_of_three_years_that_began_within_a_month_is_held_to_the_law_too(settings: Settings) -> None:
    assert len(warnings_after_a_life(settings, *[3] * 37)) == 1


def test_a_commitment_that_was_exchanged_within_its_year_says_nothing(settings: Settings) -> None:
    """Its fee goes on under another identifier: the law holds for both together, and for neither alone."""
    assert warnings_after_a_life(settings, *[10] * 7) == []


def test_a_life_with_a_month_without_bill_is_not_judged(settings: Settings) -> None:
    assert warnings_after_a_life(settings, *[10] * 11, 9, missing="2025-06") == []


def test_a_commitment_whose_purchase_no_bill_shows_is_not_judged(settings: Settings) -> None:
    """Nobody here knows what was paid for it upfront."""
    assert warnings_after_a_life(settings, *[10] * 11, 9, bought=0) == []


def test_a_commitment_that_is_there_since_the_first_bill_is_not_judged(settings: Settings) -> None:
    """It may be older than the bills."""
    assert warnings_after_a_life(settings, *[10] * 11, 9, missing="2024-12") == []
