"""Direct and shared cost of all cost centres is the bill, to the cent; digests know content alone."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback.formats import statement_json
from finops.chargeback.statement.compose import compose
from finops.chargeback.statement.facts import (
    Adjustment,
    AllocationEntry,
    BudgetUse,
    DirectTotal,
    Origin,
    PublishedMonth,
    UnitCost,
)
from finops.chargeback.statement.proof import prove_shared, prove_statements
from finops.chargeback.statement.read import read_month
from finops.chargeback.statement.sections import shared_cost
from finops.core.errors import BadInput, Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import budgets
from finops.policy.cost_centers import CostCenter, CostCenters
from finops.policy.exchange_rates import Exchange
from finops.stores import published
from finops.stores.state.closing import LockedRate

JUNE = BillingPeriod(2026, 6)
amounts = st.decimals(min_value=-10_000, max_value=10_000, places=12, allow_nan=False)


def entry(owner: str, amount: Decimal, kind: str = "pool", rule: str = "platform") -> AllocationEntry:
    return AllocationEntry(owner, "aws", "USD", kind, rule, 1, "abc", "(several)", None, None, amount, amount, "f00")


def zero_sum(parts: list[Decimal]) -> list[AllocationEntry]:
    """Entries that give each part to a cost centre of its own, and take all of it from what has no owner."""
    given = [entry(f"cc-{number}", part) for number, part in enumerate(parts)]
    return [*given, entry("(unallocated)", -sum(parts, Decimal(0)), "offset")]


@given(st.lists(amounts, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_what_is_moved_is_zero_in_cents_whatever_the_order(parts: list[Decimal], rng: random.Random) -> None:
    entries = zero_sum(parts)
    block = shared_cost.block(entries, 2)
    shuffled = rng.sample(entries, len(entries))
    assert block == shared_cost.block(shuffled, 2)
    assert block.effective == block.billed == 0
    for line in block.lines:
        assert abs(Decimal(line.effective) / 100 - line.entry.effective_cost) < Decimal("0.02")


@pytest.fixture
def month(settings: Settings) -> PublishedMonth:
    """A month of two cost centres and tax without owner, a third of which went to each and a third stays."""
    publish_version(
        settings,
        [
            bill("2026-06-01", "10.005", contracted_cost=Decimal(12), list_cost=Decimal(20)),
            bill("2026-06-02", "20.005", cost_center="cc-1002"),
            bill("2026-06-03", "10", cost_center="(unallocated)", charge_category="Tax"),
        ],
    )
    found = read_month(published.latest(settings), JUNE)
    direct = tuple(
        DirectTotal(c.cost_center, c.provider, c.billing_currency, c.effective_cost, c.billed_cost)
        for c in found.charges
    )
    third = Decimal("3.333333333333")
    entries = (
        entry("cc-1001", third),
        entry("cc-1002", third),
        entry("cc-1003", Decimal("3.333333333334")),
        entry("(unallocated)", Decimal(-10), "offset"),
    )
    return replace(found, direct_totals=direct, entries=entries)


def test_direct_and_shared_cost_of_all_is_the_total(month: PublishedMonth) -> None:
    prove_shared(month)
    company, *others = statements = compose(month)
    prove_statements(month, statements)
    # A cost centre that has nothing but its share gets a statement too.
    assert [each.cost_center for each in others] == ["cc-1001", "cc-1002", "cc-1003"]
    assert (
        sum(section.total_with_shared for each in others for section in each.sections)
        == company.sections[0].total_with_shared
        == 4001
    )
    table = next(each for each in company.sections[0].schedules if each.name == "shared")
    for column in range(3):
        assert sum(item.cells[column].value for item in table.rows) == table.total.cells[column].value


def test_a_statement_is_read_back_as_it_was_composed(month: PublishedMonth) -> None:
    """Equal and alike, with every part it can have: a Decimal that became a text would be printed otherwise."""
    bill, amounts = ("aws", "USD", "Compute", "1.50", "Usage"), (Decimal("0.005"), Decimal(0))
    adjustment = Adjustment(JUNE.previous, "cc-1001", *bill, *amounts, Origin("d1", ("b1",)))
    rate = LockedRate("USD", "EUR", Decimal("0.9130"), "test")
    rates = {(each, "USD", "EUR"): rate for each in (JUNE, JUNE.previous)}
    whole = replace(
        month,
        previous=month.charges[:1],
        adjustments=(adjustment,),
        budgets=(BudgetUse("cc-1001", "EUR", Decimal(10), Decimal("1.333833333333"), Decimal("13.33833")),),
        cost_centers=CostCenters({"cc-1001": CostCenter(cost_center="cc-1001", name="Research", owner="ada")}),
        unit_costs=(UnitCost("cc-1001", "USD", "requests", "1000 requests", Decimal("12.500"), Decimal("1.067")),),
        exchange=Exchange("EUR", rates, "currency.yml"),
    )
    found = compose(whole)
    names = {schedule.name for each in found for section in each.sections for schedule in section.schedules}
    assert {"shared", "units", "savings"} <= names
    mine = next(each for each in found if each.cost_center == "cc-1001")
    # In the reporting currency a budget is of all sections, against what the mart says is spent in it.
    assert [(currency, each.name) for currency, each in mine.schedules] == [("EUR", "budget")]
    assert [cell.value for cell in mine.schedules[0][1].rows[0].cells][:3] == [
        Decimal("-3.34"),
        Decimal("10.00"),
        Decimal("13.34"),
    ]
    assert (mine.title, mine.answers_for_it) == ("Research", "ada")
    for each in found:
        back = statement_json.loads(statement_json.dumps(each))
        assert (back, repr(back)) == (each, repr(each))


def test_a_rule_that_makes_cost_is_found_out(month: PublishedMonth) -> None:
    with pytest.raises(Finding, match="that a rule takes and gives differ by"):
        prove_shared(replace(month, entries=month.entries[:-1]))


def test_direct_entries_that_are_not_the_charges_are_found_out(month: PublishedMonth) -> None:
    with pytest.raises(Finding, match="direct mart_allocated_costs"):
        prove_shared(replace(month, direct_totals=month.direct_totals[:-1]))


def test_a_saving_is_what_the_columns_of_focus_say(month: PublishedMonth) -> None:
    savings = next(e for e in compose(month)[1].sections[0].schedules if e.name == "savings")
    assert [str(cell.value) for cell in savings.rows[0].cells] == ["1.99", "8.00", "20.00", "12.00", "10.01"]


def test_the_digest_of_lines_knows_neither_order_nor_build(month: PublishedMonth) -> None:
    same = replace(month, build_id="other", charges=month.charges[::-1], entries=month.entries[::-1])
    assert [s.lines_digest for s in compose(month)] == [s.lines_digest for s in compose(same)]
    key = month.charges[0].key
    changed = replace(month, source_digests={**month.source_digests, key: "another"})
    assert compose(changed)[0].lines_digest != compose(month)[0].lines_digest


def test_a_source_digest_is_of_the_rows_and_not_of_their_order(settings: Settings) -> None:
    rows = [bill(f"2026-06-{day:02}", "1.5", region_id=f"r-{day}") for day in range(1, 20)]
    digests = []
    for number, bills in enumerate((rows, rows[::-1], [*rows[:-1], replace(rows[-1], region_id="elsewhere")])):
        publish_version(settings, bills, build_id=f"build-{number}")
        digests.append(read_month(published.latest(settings), JUNE).source_digests)
    assert digests[0] == digests[1] != digests[2]
    assert len(digests[0]) == 1


def test_a_budget_given_twice_for_a_month_is_refused(tmp_path: object) -> None:
    settings = Settings(home=tmp_path, config_dir=tmp_path)
    entry_text = "  - {cost_center: cc-1, currency: USD, from: 2026-01, to: 2026-06, amount: 10}\n"
    (settings.configuration_dir / "budgets.yml").write_text("budgets:\n" + entry_text, encoding="utf-8")
    assert budgets.load(settings, JUNE)[0].amount == 10
    assert budgets.load(settings, JUNE.next) == ()
    (settings.configuration_dir / "budgets.yml").write_text("budgets:\n" + entry_text * 2, encoding="utf-8")
    with pytest.raises(BadInput, match="yml:3: budgets\\[2\\]: cc-1 has a budget in USD for 2026-01 already"):
        budgets.load(settings, JUNE)
