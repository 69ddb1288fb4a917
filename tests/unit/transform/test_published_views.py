"""What spans providers or months is asked of the marts as they are published, for the scope's months and the next."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from tests import statement_marts
from tests.crafted_warehouse import craft, edit
from tests.unit.quality.test_gate import refused
from tests.unit.transform.test_publish import JANUARY, files, make, rows

from finops.core.errors import Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.quality.service import check
from finops.stores.candidate import Verdict, save_verdict
from finops.stores.published import Publication
from finops.stores.state import closing
from finops.stores.state.closing import ClosedPeriod
from finops.stores.state.store import open_state
from finops.transform.publish import publish

FEBRUARY = [("aws", "2025-02")]
MARCH = [("aws", "2025-03")]


def previous(version: Publication, period: str) -> Decimal | None:
    """What the month before cost, as the published table says."""
    query = "select sum(previous_effective_cost) from mart_cost_variance where billing_period = ?"
    with version.connect() as connection:
        return connection.execute(query, [period]).fetchall()[0][0]


def cost(version: Publication, period: str) -> Decimal:
    query = "select sum(effective_cost) from mart_chargeback where billing_period = ?"
    with version.connect() as connection:
        return connection.execute(query, [period]).fetchall()[0][0]


def test_a_restated_month_changes_the_comparison_of_the_next_and_of_no_other(settings: Settings) -> None:
    make(settings, [*JANUARY, *FEBRUARY, *MARCH], "build-1")
    before = make(settings, FEBRUARY, "build-2")
    version = make(settings, JANUARY, "build-3", revision=1)
    assert previous(version, "2025-02") == cost(version, "2025-01") != cost(before, "2025-01")
    assert previous(version, "2025-01") is None, "December is not published"
    march = "mart_cost_variance/billing_period=2025-03/part.parquet"
    assert files(version)[march] == files(before)[march], "March compares with February, which is as it was"


def test_what_the_gate_refused_is_in_no_comparison(settings: Settings) -> None:
    before = make(settings, [*JANUARY, *FEBRUARY], "build-1")
    craft(settings, JANUARY, build_id="build-2", revision=1, lines=60)
    save_verdict(settings, Verdict("build-2", False, ("a cent is missing",), ()))
    with pytest.raises(Finding):
        publish(settings)
    # January in the warehouse is now another; February is compared with the one that is published.
    version = make(settings, FEBRUARY, "build-3", revision=1)
    assert previous(version, "2025-02") == cost(before, "2025-01")


def test_a_mart_over_providers_counts_those_that_were_not_built(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    version = make(settings, JANUARY[:1], "build-2", revision=1)
    with version.connect() as connection:
        providers = connection.execute(
            "select provider, days_with_charges, days_in_month from mart_bill_completeness"
            " where billing_period = '2025-01' and billing_currency = 'USD' order by all"
        ).fetchall()
    assert providers == [("aws", 31, 31), ("gcp", 31, 31)]
    assert rows(version, "mart_budget_use") == rows(version, "mart_unit_costs") == [], "nothing is configured"


def test_a_month_that_was_closed_since_it_was_built_is_built_again_first(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    craft(settings, JANUARY, build_id="build-2", revision=1, lines=60)
    save_verdict(settings, Verdict("build-2", True, (), ()))
    month = ClosedPeriod(BillingPeriod(2025, 1), datetime.now(UTC), "Ann", "build-1", "d", {}, ())
    with open_state(settings).begin() as connection:
        closing.record_closed(connection, month)
    with pytest.raises(Finding, match="2025-01 was closed after build build-2, "):
        publish(settings)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (
            "update marts.mart_savings set saved_by_prices = saved_by_prices + 0.01",
            "mart_savings: list cost less both savings is the effective cost",
        ),
        (
            "update marts.mart_chargeback_as_closed set effective_cost = effective_cost + 0.01",
            "mart_chargeback_as_closed: a month that is not closed is as mart_chargeback has it",
        ),
        (
            "create or replace view marts.mart_cost_variance as select * replace (variance + 0.01 as variance)"
            " from main.right_mart_cost_variance",
            "mart_cost_variance: the variance is the difference",
        ),
        (
            "create or replace view marts.mart_bill_completeness as select * replace (32 as days_with_charges)"
            " from main.right_mart_bill_completeness",
            "mart_bill_completeness: a bill has charges of no more days",
        ),
        (
            "create or replace view marts.mart_budget_use as select '2025-01' as billing_period, 'USD' as"
            " billing_currency, 'cc-1' as cost_center, 10::decimal(38,12) as budget, 4::decimal(38,12) as"
            " effective_cost, 5::decimal(38,12) as budget_left, 0.4::decimal(38,12) as used_share",
            "mart_budget_use: a budget is above zero",
        ),
        (
            "create or replace view marts.mart_unit_costs as select '2025-01' as billing_period, 'USD' as"
            " billing_currency, 'company' as cost_scope, null::varchar as cost_center, 'gpu' as driver, 'hour' as"
            " unit, 1::decimal(38,12) as quantity, 4::decimal(38,12) as effective_cost, 4::decimal(38,12) as"
            " unit_cost",
            "mart_unit_costs: the company's quantity is that of all cost centres",
        ),
    ],
)
def test_the_gate_finds_a_wrong_figure(settings: Settings, fault: str, says: str) -> None:
    craft(settings, [*JANUARY, *FEBRUARY], lines=60)
    assert check(settings).passed
    for name in statement_marts.VIEWS:
        edit(settings, f"create table main.right_{name} as select * from marts.{name}")
    edit(settings, fault)
    assert says in refused(settings)
