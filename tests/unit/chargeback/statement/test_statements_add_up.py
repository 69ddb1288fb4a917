"""Statements sum to the company, lines to their statement, for any costs in any order."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.chargeback.month import prepare
from finops.chargeback.statement.facts import Charge, ControlTotal, DailyCost, PublishedMonth
from finops.chargeback.statement.models import Statement
from finops.core.dimensions import UNALLOCATED
from finops.core.errors import Finding
from finops.core.money import exact_sum
from finops.core.periods import BillingPeriod

PERIOD = BillingPeriod(2026, 6)
AMOUNT = st.decimals("-1e6", "1e6", places=12, allow_nan=False)
CHARGE = st.builds(
    Charge,
    cost_center=st.sampled_from(["cc-1001", "cc-1002", UNALLOCATED, "=1+1", "../x"]),
    provider=st.sampled_from(["aws", "azure"]),
    billing_currency=st.sampled_from(["USD", "EUR", "JPY"]),
    provider_name=st.just("P"),
    service_category=st.sampled_from(["Compute", "Storage"]),
    service_name=st.sampled_from(["EC2", "S3"]),
    ai_project=st.just("(none)"),
    ai_model=st.sampled_from(["atlas", "(none)"]),
    ai_stage=st.sampled_from(["training", "(none)"]),
    charge_category=st.sampled_from(["Usage", "Purchase"]),
    has_required_tags=st.booleans(),
    effective_cost=AMOUNT,
    billed_cost=AMOUNT,
    contracted_cost=AMOUNT,
    list_cost=AMOUNT,
)
CHARGES = st.lists(CHARGE, min_size=1, max_size=25, unique_by=lambda charge: charge.key)


def month_of(charges: list[Charge], previous: list[Charge] | None = None) -> PublishedMonth:
    """Return the month with a daily row for each charge and the control totals that belong to them."""
    daily = [
        DailyCost(
            c.cost_center,
            c.provider,
            c.billing_currency,
            date(2026, 6, 1 + number % 30),
            c.charge_category,
            "Used" if number % 2 else "(none)",
            c.effective_cost,
            c.billed_cost,
        )
        for number, c in enumerate(charges)
    ]
    totals = []
    for provider, currency in sorted({(c.provider, c.billing_currency) for c in charges}):
        rows = [c for c in charges if (c.provider, c.billing_currency) == (provider, currency)]
        billed, effective = exact_sum(c.billed_cost for c in rows), exact_sum(c.effective_cost for c in rows)
        totals.append(ControlTotal(provider, currency, 1, "source", len(rows), billed, None))
        totals.append(ControlTotal(provider, currency, 3, "focus", len(rows), billed, effective))
    months_before = None if previous is None else tuple(previous)
    return PublishedMonth("build-1", PERIOD, tuple(charges), months_before, tuple(daily), tuple(totals))


@settings(max_examples=60)
@given(CHARGES, st.none() | CHARGES)
def test_every_column_of_every_breakdown_sums_to_the_statement(charges: list, previous: list | None) -> None:
    for statement in prepare(month_of(charges, previous)):
        for section in statement.sections:
            for breakdown in section.breakdowns:
                for column in ("effective", "billed", "previous"):
                    shown = [getattr(line.shown, column) for line in breakdown.lines]
                    total = getattr(breakdown.total, column)
                    assert total is None or sum(shown) == total, (statement.slug, breakdown.name, column)
                if breakdown.name != "unallocated":
                    assert breakdown.total == section.total
            assert sum(line.effective for line in section.details) == section.total.effective
            assert sum(line.billed for line in section.details) == section.total.billed
            assert sum(day.total for day in section.days) == section.total.effective
            assert section.total.billed + sum(step.amount for step in section.bridge) == section.total.effective


@settings(max_examples=60)
@given(CHARGES, st.none() | CHARGES)
def test_statements_and_the_unallocated_remainder_sum_to_the_company_to_the_cent(
    charges: list, previous: list | None
) -> None:
    company, *others = prepare(month_of(charges, previous))
    for section in company.sections:
        own = [s.total for each in others for s in each.sections if s.currency == section.currency]
        gone = [
            line.shown
            for line in section.breakdowns[0].lines
            if line.labels[0] not in {each.cost_center for each in others}
        ]
        for column in ("effective", "billed"):
            parts = [getattr(shown, column) for shown in [*own, *gone]]
            assert sum(parts) == getattr(section.total, column)
        fact = [c for c in charges if c.billing_currency == section.currency]
        assert section.exact_effective == exact_sum(c.effective_cost for c in fact)


@settings(max_examples=40)
@given(CHARGES, CHARGES, st.randoms(use_true_random=False))
def test_the_order_of_the_published_rows_changes_nothing(
    charges: list, previous: list, shuffler: random.Random
) -> None:
    month = month_of(charges, previous)
    parts = {name: list(getattr(month, name)) for name in ("charges", "previous", "daily", "control_totals")}
    for rows in parts.values():
        shuffler.shuffle(rows)
    shuffled = PublishedMonth("build-1", PERIOD, **{name: tuple(rows) for name, rows in parts.items()})
    key = {"control_totals": lambda t: (t.billing_currency, t.provider, t.stage_order)}
    in_order = PublishedMonth(
        "build-1",
        PERIOD,
        shuffled.charges,
        shuffled.previous,
        shuffled.daily,
        tuple(sorted(shuffled.control_totals, key=key["control_totals"])),
    )
    assert prepare(in_order) == prepare(month)


def charge(amount: str, billed: str | None = None, **values: object) -> Charge:
    """Return a charge of cc-1001; billed equals effective unless given."""
    texts = dict.fromkeys(("provider_name", "service_category", "service_name"), "x")
    texts |= dict.fromkeys(("ai_project", "ai_model", "ai_stage"), "x")
    known = {"cost_center": "cc-1001", "provider": "aws", "billing_currency": "USD", "charge_category": "Usage"}
    costs = {"effective_cost": Decimal(amount), "billed_cost": Decimal(billed or amount)}
    zero = {"contracted_cost": Decimal(0), "list_cost": Decimal(0)}
    return Charge(**{**texts, **known, "has_required_tags": True, **costs, **zero, **values})  # type: ignore[arg-type]


def sections(statement: Statement) -> dict[str, int]:
    return {section.currency: section.total.effective for section in statement.sections}


def test_currencies_stand_in_sections_of_their_own() -> None:
    month = month_of([charge("10"), charge("7", billing_currency="EUR")])
    assert [sections(each) for each in prepare(month)] == [{"EUR": 700, "USD": 1000}] * 2  # never 17


def test_a_statement_holds_its_own_cost_centre_alone() -> None:
    rows = [charge("10"), charge("5", cost_center="cc-2"), charge("1", cost_center=UNALLOCATED)]
    for statement in prepare(month_of(rows, rows))[1:]:
        owners = {line.charge.cost_center for s in statement.sections for line in s.details}
        assert owners == {statement.cost_center}
        assert all(s.tie_out == () and s.unallocated is None for s in statement.sections)


def test_the_company_names_the_unallocated_remainder_last_and_gives_it_no_statement() -> None:
    company, *others = prepare(month_of([charge("1"), charge("99", cost_center=UNALLOCATED)]))
    assert [each.cost_center for each in others] == ["cc-1001"]
    assert [line.labels[0] for line in company.sections[0].breakdowns[0].lines] == ["cc-1001", UNALLOCATED]
    assert company.sections[0].unallocated is not None
    assert company.sections[0].unallocated.shown.effective == 9900


def test_a_cost_centre_that_ended_last_month_stays_in_the_companys_comparison() -> None:
    company, *others = prepare(month_of([charge("1")], [charge("1"), charge("40", cost_center="cc-old")]))
    lines = {line.labels[0]: line.shown for line in company.sections[0].breakdowns[0].lines}
    assert lines["cc-old"].previous == 4000
    assert lines["cc-old"].effective == 0
    assert company.sections[0].total.change == -4000
    assert [each.cost_center for each in others] == ["cc-1001"]


def test_without_a_published_month_before_nothing_is_compared() -> None:
    section = prepare(month_of([charge("10")]))[0].sections[0]
    assert section.total.previous is None
    assert section.rises == section.falls == ()


def test_the_bridge_says_why_charged_is_not_invoiced() -> None:
    rows = [charge("0", "120", charge_category="Purchase"), charge("10", "0")]  # the second is a used commitment
    section = prepare(month_of(rows))[0].sections[0]
    assert [(step.label, step.amount) for step in section.bridge] == [
        ("Commitments bought", -12_000),
        ("Commitments used", 1_000),
    ]


@pytest.mark.parametrize("stage", ["source", "focus"])
def test_a_bill_that_differs_by_the_smallest_fraction_stops_the_statements(stage: str) -> None:
    month = month_of([charge("10")])
    totals = tuple(
        ControlTotal(t.provider, t.billing_currency, t.stage_order, t.stage, 1, t.billed_cost + Decimal("1e-12"), None)
        if t.stage == stage
        else t
        for t in month.control_totals
    )
    with pytest.raises(Finding, match=f"the {stage} control total differ by -0.000000000001"):
        prepare(PublishedMonth("build-1", PERIOD, month.charges, None, month.daily, totals))


def test_daily_costs_that_differ_from_the_chargeback_stop_the_statements() -> None:
    month = month_of([charge("10"), charge("5", cost_center="cc-2")])
    with pytest.raises(Finding, match="fct_daily_costs differ by 5 "):
        prepare(PublishedMonth("build-1", PERIOD, month.charges, None, month.daily[:1], month.control_totals))


def test_costs_without_any_bill_on_record_stop_the_statements() -> None:
    month = month_of([charge("10")])
    with pytest.raises(Finding, match="no bill is on record for aws USD"):
        prepare(PublishedMonth("build-1", PERIOD, month.charges, None, month.daily, ()))
