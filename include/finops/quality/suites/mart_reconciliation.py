"""Expectations on ``mart_reconciliation``: the same billed cost at every stage, from the source files to allocation.

The mart says what dbt found; the expectations do the sums again, and hold the first stage to the ledger, which was
written when the bills landed.
"""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.core.sql import Sql, compose, join, literal
from finops.quality.models import Given, Suite
from finops.quality.reconciliation import STAGES
from finops.quality.rules import DAILY, KEY, filled, has_rows, is_exact, is_unique, no_rows, rows_of

# The focus stage needs no count of its own: it equals the daily stage, and the daily costs tie to the fact.
_COUNTED = {
    "daily": DAILY,
    "chargeback": Sql("marts.mart_chargeback"),
    "allocated": Sql("marts.mart_allocated_costs"),
}


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite(
        "mart_reconciliation",
        (
            has_rows(),
            *filled(*KEY, "stage_order", "stage", "row_count", "billed_cost", "difference"),
            is_exact(["billed_cost", "difference"]),
            is_unique([*KEY, "stage"]),
            _every_stage_is_there(),
            no_rows(
                "no stage differs from the source files",
                "select {key}, stage, difference from {batch} where difference <> 0",
            ),
            _source_is_what_landed(given),
            *(_stage_is_recounted(stage, table, given) for stage, table in _COUNTED.items()),
        ),
    )


def _every_stage_is_there() -> Expectation:
    query = """
        select {key}, string_agg(stage, ', ' order by stage_order) as stages
        from {batch} group by {key}
        having list_sort(list(stage)) <> list_sort([{stages}])
    """
    return no_rows(f"every bill has the stages {', '.join(STAGES)}", query, stages=join(", ", map(literal, STAGES)))


def _source_is_what_landed(given: Given) -> Expectation:
    """Hold the source stage to the ledger, for the bills whose deliveries are still the ones that were built."""
    constants = (
        [
            literal(each.billing_period),
            literal(each.provider),
            literal(each.billing_currency),
            compose("cast({cost} as decimal(38, 12))", cost=str(each.billed_cost)),
        ]
        for each in given.landed
    )
    query = """
        select {key}, ledger.billed_cost as landed, here.billed_cost as billed_cost
        from {landed} as ledger
        left join (select * from {batch} where stage = 'source') as here using ({key})
        where here.billed_cost is distinct from ledger.billed_cost
    """
    landed = rows_of([*KEY, "billed_cost"], constants)
    return no_rows("the source stage is what the ledger recorded when the bills landed", query, landed=landed)


def _stage_is_recounted(stage: str, table: Sql, given: Given) -> Expectation:
    return no_rows(
        f"the {stage} stage is the sum of its table, counted again",
        """
        select {key}, here.billed_cost as billed_cost, there.billed_cost as recounted
        from (select * from {batch} where stage = {stage}) as here
        full join (
            select {key}, sum(billed_cost) as billed_cost from {table} where {scope} group by all
        ) as there using ({key})
        where here.billed_cost is distinct from there.billed_cost
        """,
        stage=stage,
        table=table,
        scope=given.scope,
    )
