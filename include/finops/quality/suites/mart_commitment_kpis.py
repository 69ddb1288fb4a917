"""Expectations on ``mart_commitment_kpis``: what commitments saved, covered and wasted."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.core.sql import Sql
from finops.quality.models import Given, RowRule, Severity, Suite
from finops.quality.rules import KEY, is_exact, is_unique, no_rows, ties_to

_GRAIN = (*KEY, "commitment_type")
_COSTS = ("purchased_cost", "used_cost", "unused_cost", "used_list_cost", "used_contracted_cost")
_RATES = ("effective_savings_rate", "commitment_savings_rate", "coverage", "utilization")
_COMMITMENTS = Sql(
    "(select * from staging.stg_published_commitments"
    " union all by name select * from staging.stg_published_commitments) as commitments"
)
"""The published commitments, twice: by their types, and once more in the rows of all."""


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without commitments there are no rows."""
    return Suite(
        "mart_commitment_kpis",
        (
            is_exact((*_COSTS, "commitment_cost", "eligible_cost", "savings", *_RATES)),
            is_unique(_GRAIN),
            ties_to(_COMMITMENTS, "mart_commitments, by type and of all", given, _COSTS),
            _is_all(),
            RowRule(
                "savings are what usage would have cost less what was paid, exactly",
                "savings = used_contracted_cost - commitment_cost and commitment_cost = used_cost + unused_cost",
                (*_GRAIN, "savings", "commitment_cost"),
            ),
            RowRule(
                "coverage and utilization are percentages",
                "coalesce(coverage, 0) between 0 and 100 and coalesce(utilization, 0) between 0 and 100",
                (*_GRAIN, "coverage", "utilization"),
                # A refund of a commitment may turn a month's cost of it around.
                Severity.WARNS,
            ),
        ),
    )


def _is_all() -> Expectation:
    query = """
        select {key}
        from {batch}
        group by all
        having sum(savings) filter (where commitment_type = '(all)')
            is distinct from sum(savings) filter (where commitment_type <> '(all)')
            or count(*) filter (where commitment_type = '(all)') <> 1
    """
    return no_rows("the types are all together, exactly", query)
