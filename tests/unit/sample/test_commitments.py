"""Laws of commitments that readers of these bills rely on: nothing is charged twice, fees are spread to the cent."""

from __future__ import annotations

from decimal import Decimal

MONEY = "decimal(38, 12)"


def test_what_a_savings_plan_covers_is_taken_back_to_the_last_digit(half_year_query) -> None:
    rows = half_year_query(f"""
        select sum(line_item_unblended_cost::{MONEY}), sum(line_item_net_unblended_cost::{MONEY})
        from aws where line_item_line_item_type in ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')
        group by line_item_usage_account_id, savings_plan_savings_plan_a_r_n, line_item_usage_start_date
    """)
    assert len(rows) > 1_000
    assert all(row == (0, 0) for row in rows)


def test_negation_stands_beside_covered_usage_and_carries_its_quantity(half_year_query) -> None:
    [(covered, negated)] = half_year_query("""
        with lines as (select line_item_line_item_type as kind, line_item_usage_amount::decimal(38, 6) as used from aws)
        select sum(used) filter (kind = 'SavingsPlanCoveredUsage'), sum(used) filter (kind = 'SavingsPlanNegation')
        from lines
    """)
    assert covered == negated > 0


def test_each_hour_of_a_savings_plan_is_what_was_used_and_what_was_not(half_year_query) -> None:
    rows = half_year_query(f"""
        select savings_plan_savings_plan_a_r_n, line_item_usage_start_date,
            sum(savings_plan_savings_plan_effective_cost::{MONEY}), sum(savings_plan_used_commitment::{MONEY}),
            sum(savings_plan_total_commitment_to_date::{MONEY})
        from aws where line_item_line_item_type in ('SavingsPlanCoveredUsage', 'SavingsPlanRecurringFee')
        group by all
    """)
    assert rows
    assert all(effective == used for _, _, effective, used, _ in rows)
    assert all(used < total for *_, used, total in rows), "a plan without under-use would hide what waste looks like"


def test_a_savings_plan_costs_over_its_life_what_is_spread_over_it(year_query) -> None:
    plans = year_query(f"""
        select savings_plan_payment_option,
            sum(line_item_unblended_cost::{MONEY})
                filter (line_item_line_item_type in ('SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee')),
            sum(savings_plan_total_commitment_to_date::{MONEY})
        from aws where savings_plan_savings_plan_a_r_n is not null and line_item_line_item_type <> 'Refund'
        group by all order by all
    """)
    assert [name for name, _, _ in plans] == ["No Upfront", "Partial Upfront"]
    assert all(paid == spread > 0 for _, paid, spread in plans)


def test_a_reservation_costs_over_its_life_what_is_used_and_unused(year_query) -> None:
    found = year_query(f"""
        select pricing_purchase_option,
            sum(line_item_unblended_cost::{MONEY}) filter (line_item_line_item_type in ('RIFee', 'Fee')) as paid,
            sum(reservation_effective_cost::{MONEY}) as used,
            sum(reservation_unused_recurring_fee::{MONEY})
                + sum(reservation_unused_amortized_upfront_fee_for_billing_period::{MONEY}) as unused
        from aws where reservation_reservation_a_r_n is not null group by all order by all
    """)
    assert [name for name, *_ in found] == ["All Upfront", "No Upfront", "Partial Upfront"]
    for _, paid, used, unused in found:
        assert unused > 0
        assert abs(paid - used - unused) < Decimal("0.0001"), "only the tenth decimal of each line may be lost"


def test_reserved_usage_costs_nothing_where_it_is_used(half_year_query) -> None:
    rows = half_year_query("""
        select distinct line_item_unblended_cost, reservation_effective_cost > 0, pricing_public_on_demand_cost > 0
        from aws where line_item_line_item_type = 'DiscountedUsage'
    """)
    assert rows == [(0.0, True, True)]


def test_split_costs_of_containers_add_nothing_to_the_bill(half_year_query) -> None:
    [(lines, cost, split)] = half_year_query("""
        select count(*), sum(line_item_unblended_cost), sum(split_line_item_split_cost + split_line_item_unused_cost)
        from aws where line_item_operation = 'EKSPod-EC2'
    """)
    assert lines > 0
    assert cost == 0
    assert split > 0


def test_both_azure_halves_agree_over_a_commitments_life(year_query) -> None:
    rows = year_query(f"""
        select benefitName, billingCurrency,
            coalesce(sum(costInBillingCurrency::{MONEY}) filter (half = 'meridian-actual'), 0),
            coalesce(sum(costInBillingCurrency::{MONEY}) filter (half = 'meridian-amortized'), 0),
            count(*) filter (chargeType like 'Unused%')
        from azure where benefitId is not null group by all order by all
    """)
    kept = [row for row in rows if row[4]]
    assert len(kept) == 3
    assert all(invoiced == spread > 0 for _, _, invoiced, spread, _ in kept)
    returned = [row for row in rows if not row[4]]
    assert [(row[2], row[3]) for row in returned] == [(0, 0)], "what was returned within a month leaves nothing"


def test_outside_commitments_both_azure_halves_hold_the_same_rows(half_year_query) -> None:
    same = "* exclude (half, filename)"
    for one, other in (("actual", "amortized"), ("amortized", "actual")):
        left = half_year_query(f"""
            select count(*) from (
                select {same} from azure where half = 'meridian-{one}' and benefitId is null
                except all
                select {same} from azure where half = 'meridian-{other}' and benefitId is null
            )
        """)
        assert left == [(0,)]


def test_committed_azure_usage_is_free_in_the_actual_half_alone(half_year_query) -> None:
    found = half_year_query("""
        select half, min(costInBillingCurrency::double) > 0, max(costInBillingCurrency::double) > 0
        from azure where pricingModel in ('Reservation', 'SavingsPlan') and chargeType = 'Usage' group by 1 order by 1
    """)
    assert found == [("meridian-actual", False, False), ("meridian-amortized", True, True)]


def test_each_kind_of_row_is_in_the_azure_half_that_has_it(half_year_query) -> None:
    found = set(half_year_query("select distinct half, chargeType from azure where pricingModel <> 'OnDemand'"))
    assert ("meridian-actual", "Purchase") in found
    assert ("meridian-actual", "Refund") in found
    assert ("meridian-amortized", "UnusedReservation") in found
    assert ("meridian-amortized", "UnusedSavingsPlan") in found
    assert ("meridian-amortized", "Purchase") not in found
    assert ("meridian-actual", "UnusedReservation") not in found


def test_google_credits_are_of_every_kind_and_one_is_larger_than_its_row(half_year_query) -> None:
    rows = half_year_query("""
        select credits[1].type, bool_and(credits[1].amount < 0), bool_or(cost + credits[1].amount < 0)
        from gcp where len(credits) > 0 group by 1 order by 1
    """)
    assert [kind for kind, _, _ in rows] == [
        "COMMITTED_USAGE_DISCOUNT",
        "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE",
        "DISCOUNT",
        "FREE_TIER",
        "PROMOTION",
        "SUSTAINED_USAGE_DISCOUNT",
    ]
    assert all(is_negative for _, is_negative, _ in rows)
    assert [kind for kind, _, is_larger in rows if is_larger] == ["PROMOTION"]


def test_google_commitment_fees_name_their_subscription_and_exceed_what_they_give(half_year_query) -> None:
    rows = half_year_query("""
        select billing_account_id, count(distinct subscription.instance_id), count(distinct sku.description), sum(cost)
        from gcp where sku.description like 'Commitment%' group by 1
    """)
    assert (2, 3) in [row[1:3] for row in rows], "cores and memory of one subscription, and a spend-based one"
    assert all(cost > 0 for *_, cost in rows)
    accounts = half_year_query("select distinct billing_account_id from gcp where credits[1].type like 'COMMITTED%'")
    assert {row[0] for row in rows} == {row[0] for row in accounts}, "each account's credits are its own"


def test_google_spend_credits_name_the_commitment_and_leave_some_of_it(half_year_query) -> None:
    rows = half_year_query("""
        with fees as (
            select subscription.instance_id as id, sum(usage.amount_in_pricing_units * currency_conversion_rate) as sold
            from gcp where sku.description like 'Commitment - dollar%' group by 1
        ), given as (
            select credits[1].id as id, -sum(credits[1].amount) as used
            from gcp where credits[1].type like '%DOLLAR_BASE' group by 1
        )
        select used < sold, used > sold / 2 from fees join given using (id)
    """)
    assert rows == [(True, True)] * 2
