"""Expectations on ``mart_commitments``: what each commitment was bought for, and what became of it."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.core.sql import Sql
from finops.quality.models import Given, Severity, Suite
from finops.quality.rules import COSTS, KEY, is_exact, is_unique, no_rows, ties_to

_MONTHS_OF_A_LIFE = "11, 12, 35, 36"
"""Months from the first bill to the last, of one year or three; one more where a life does not begin on the 1st."""
_CENT = "0.01"
"""Bills round the hourly share of a fee, so over a whole life the sums meet to less than a cent."""

_COMMITTED = Sql("(select * from main.fct_focus_costs where commitment_discount_id is not null) as committed")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite(
        "mart_commitments",
        (
            is_exact(("purchased_cost", "used_cost", "unused_cost", "used_list_cost", "used_contracted_cost", *COSTS)),
            is_unique((*KEY, "commitment_discount_id")),
            ties_to(_COMMITTED, "the charges of commitments in fct_focus_costs", given, COSTS),
            _is_effective_as_billed(given),
        ),
    )


def _is_effective_as_billed(given: Given) -> Expectation:
    """Return: over its whole life a commitment is effective as much as it is billed.

    A life is whole when the commitment is bought in its first month, lasts one year or three, and there is a bill for
    every month from the one before it to the one after it. One that was exchanged or returned has another length.
    What is wrong may stand in any of these bills, so it is told and holds back none of them.
    """
    query = """
        with lives as (
            select provider, billing_currency, commitment_discount_id,
                min((billing_period || '-01')::date) as first_month, max((billing_period || '-01')::date) as last_month,
                arg_min(purchased_cost, billing_period) as first_purchase,
                sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
            from marts.mart_commitments
            group by provider, billing_currency, commitment_discount_id
        ), ended as (
            select *, strftime(last_month + interval 1 month, '%Y-%m') as billing_period
            from lives
            where first_purchase <> 0 and date_diff('month', first_month, last_month) in ({lengths})
        )
        select provider, billing_currency, commitment_discount_id, strftime(first_month, '%Y-%m') as first_month,
            strftime(last_month, '%Y-%m') as last_month, billed_cost, effective_cost,
            billed_cost - effective_cost as difference
        from ended
        where ({scope} or commitment_discount_id in (select commitment_discount_id from {batch}))
            and abs(billed_cost - effective_cost) >= {cent}
            and date_diff('month', first_month, last_month) + 3 = (
                select count(distinct bills.billing_period)
                from marts.mart_reconciliation as bills
                where bills.provider = ended.provider
                    and (bills.billing_period || '-01')::date
                        between first_month - interval 1 month and last_month + interval 1 month
            )
    """
    return no_rows(
        "over its whole life a commitment is effective as much as it is billed, to the cent",
        query,
        Severity.WARNS,
        scope=given.scope,
        cent=Sql(_CENT),
        lengths=Sql(_MONTHS_OF_A_LIFE),
    )
