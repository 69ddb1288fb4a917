"""Budgets held against daily costs: what counts, what is expected, and laws that hold for any charges."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.budgets.world import charge, charges, publish, settings

from finops.budgets import service
from finops.budgets.models import Evaluation, Standing
from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings

SPAN = "currency: USD, from: 2025-01, to: 2025-12"
TREE = f"""
tree:
  - id: company
    {SPAN.replace(", ", chr(10) + "    ")}
    amount: 3100
    children:
      - {{id: red, scope: {{cost_center: cc-1}}, amount: 2000}}
      - {{id: blue, scope: {{cost_center: cc-2}}, amount: 1000}}
"""


def evaluated(where: Settings, run_date: str | None = None) -> dict[tuple[str, str], Evaluation]:
    """Return evaluations by budget and first day of the period."""
    found = service.evaluate_all(where, None if run_date is None else date.fromisoformat(run_date))
    return {(each.line.id, str(each.span.first)): each for each in found.evaluations}


def one(folder: Path, keys: str, rows: list[Any], run_date: str | None = None, **marts: Any) -> Evaluation:
    """Return the evaluation of one budget in the period of the run date."""
    where = settings(folder, f"tree: [{{id: all, {SPAN}, {keys}}}]")
    publish(where, rows, **marts)
    return max(evaluated(where, run_date).values(), key=lambda each: each.span.first)


def test_before_anything_is_published_budgets_wait(tmp_path: Path) -> None:
    with pytest.raises(NotReady):
        service.evaluate_all(settings(tmp_path, TREE))
    publish(settings(tmp_path, TREE), [charge("2025-01-01", 1)])
    with pytest.raises(BadInput, match="run date 2025-01-01 is before the first published day is over"):
        service.evaluate_all(settings(tmp_path, TREE), date(2025, 1, 1))


def test_what_counts_is_charged_in_the_budget_s_currency_to_the_last_decimal_and_other_currencies_are_named(
    tmp_path: Path,
) -> None:
    where = settings(tmp_path, TREE)
    rows = [
        charge("2025-02-01", "0.100000000001"),
        charge("2025-02-01", "0.2"),
        charge("2025-02-02", 5, cost_center="cc-2"),
    ]
    publish(where, [*rows, charge("2025-02-02", 999, billing_currency="EUR")])
    found = evaluated(where)
    assert found["red", "2025-02-01"].actual == Decimal("0.300000000001")
    assert found["company", "2025-02-01"].actual == Decimal("5.300000000001")
    assert service.evaluate_all(where).others == {"company": ("EUR",), "red": ("EUR",)}


def test_what_parents_have_spent_is_the_sum_of_children_that_share_them_out(tmp_path: Path) -> None:
    """A law of the tree: where scopes split the parent's, what children spent adds up to it; forecasts nearly."""
    chance, where = random.Random(3), settings(tmp_path, TREE)
    rows = [
        charge(each["charge_date"], f"{chance.uniform(0, 50):.6f}", cost_center=chance.choice(["cc-1", "cc-2"]))
        for each in charges("2025-01-01", 75, 1)
        for _ in range(3)
    ]
    publish(where, rows)
    found = evaluated(where, "2025-03-10")
    for month in ("2025-02-01", "2025-03-01"):
        company, red, blue = (found[name, month] for name in ("company", "red", "blue"))
        assert company.actual == red.actual + blue.actual  # type: ignore[operator]
        assert abs(company.forecast - red.forecast - blue.forecast) < company.forecast / 200  # type: ignore[operator]


def test_the_order_of_charges_and_a_second_evaluation_change_nothing(tmp_path: Path) -> None:
    chance = random.Random(4)
    rows = [charge(each["charge_date"], f"{chance.uniform(0, 9):.9f}") for each in charges("2025-01-01", 70, 1)]
    for name, listed in (("a", rows), ("b", chance.sample(rows, len(rows)))):
        (tmp_path / name).mkdir()
        publish(settings(tmp_path / name, TREE), listed)
    first, second = (evaluated(settings(tmp_path / name, TREE)) for name in ("a", "b"))
    assert first == evaluated(settings(tmp_path / "a", TREE))
    assert [e.actual for e in first.values()] == [e.actual for e in second.values()]
    assert [e.forecast for e in first.values()] == [e.forecast for e in second.values()]


def test_a_steady_spend_is_expected_to_go_on_and_its_breach_is_certain_or_out_of_the_question(tmp_path: Path) -> None:
    found = one(tmp_path, "amount: 290", list(charges("2025-01-01", 42, 10)))  # up to 11 February
    assert (found.actual, found.forecast, found.run_rate) == (110, 280, 10)
    assert (found.probability, found.days_until_breach, found.standing) == (0.0, None, Standing.IN_ORDER)
    assert found.even == Decimal("113.93")  # 11 of 28 days

    (tmp_path / "less").mkdir()
    found = one(tmp_path / "less", "amount: 200", list(charges("2025-01-01", 42, 10)))
    assert (found.probability, found.days_until_breach, found.standing) == (1.0, 9, Standing.AT_RISK)


def test_bounds_are_as_wide_as_run_rates_were_off_before(tmp_path: Path) -> None:
    chance = random.Random(5)
    rows = [charge(each["charge_date"], f"{chance.gauss(100, 20):.6f}") for each in charges("2025-01-01", 130, 1)]
    found = one(tmp_path, "amount: 3000", rows)
    assert found.lo_95 < found.lo_80 < found.forecast < found.hi_80 < found.hi_95  # type: ignore[operator]
    ahead = 31 - (found.run_date - found.span.first).days
    # Independent days: the sum's own deviation, and that of the run-rate that it is expected by.
    by_theory = 20 * (ahead + ahead**2 / 28) ** 0.5
    assert 0.4 < float(found.hi_95 - found.forecast) / 1.96 / by_theory < 1.8  # type: ignore[operator]


def test_forecasts_of_past_months_covered_what_came_as_often_as_they_say(tmp_path: Path) -> None:
    """Forty budgets, each at the middle of three months: bounds of 80 % hold it in some 80 % of cases."""
    chance, names = random.Random(6), [f"p{n}" for n in range(40)]
    rows = [
        charge(each["charge_date"], f"{max(chance.gauss(level, 15), 0):.4f}", ai_project=name)
        for name, level in ((name, chance.uniform(50, 150)) for name in names)
        for each in charges("2025-01-01", 181, 1)
    ]
    nodes = ", ".join(f"{{id: {name}, {SPAN}, amount: 9000, scope: {{ai_project: {name}}}}}" for name in names)
    where = settings(tmp_path, f"tree: [{nodes}]")
    publish(where, rows)
    hits = []
    for month in (4, 5, 6):
        then = evaluated(where, f"2025-{month:02d}-15")
        came = evaluated(where, f"2025-{month + 1:02d}-01")
        key = f"2025-{month:02d}-01"
        hits += [then[n, key].lo_80 <= came[n, key].actual <= then[n, key].hi_80 for n in names]  # type: ignore[operator]
    assert 0.70 <= sum(hits) / len(hits) <= 0.92


def test_a_past_run_date_is_told_nothing_of_later_days(tmp_path: Path) -> None:
    where = settings(tmp_path, TREE)
    publish(where, charges("2025-01-01", 40, 10))
    early = evaluated(where, "2025-02-03")
    publish(where, [*charges("2025-01-01", 40, 10), *charges("2025-02-03", 20, 500)], "build-2")
    assert evaluated(where, "2025-02-03") == early


def test_tax_is_expected_on_its_day_of_the_month_and_not_every_day(tmp_path: Path) -> None:
    rows = [*charges("2025-01-01", 38, 10), charge("2025-01-20", 100, charge_category="Tax")]
    found = one(tmp_path, "amount: 1000", rows)
    assert found.forecast == 28 * 10 + 100


def test_an_odd_day_is_left_out_of_the_adjusted_forecast(tmp_path: Path) -> None:
    found = one(tmp_path, "amount: 500", [*charges("2025-01-01", 42, 10), charge("2025-02-05", 280)])
    assert found.actual == 390
    assert found.forecast > 720  # type: ignore[operator]
    assert abs(found.adjusted - 390 - 170) < 1  # type: ignore[operator]


def test_what_is_left_of_a_period_is_added_to_the_next_and_what_is_missing_is_not_taken(tmp_path: Path) -> None:
    rows = [*charges("2025-01-01", 31, 3), *charges("2025-02-01", 28, 6), *charges("2025-03-01", 31, 1)]
    found = one(tmp_path, "amount: 100, roll_over: true", [*rows, charge("2025-04-01", 1)])
    # January leaves 7; February has 107 and spends 168; March has 100 and leaves 69.
    assert (found.amount, found.rolled_over, found.limit) == (100, 69, 169)


def test_weeks_run_from_monday_and_the_one_before_is_evaluated_too(tmp_path: Path) -> None:
    where = settings(tmp_path, f"tree: [{{id: all, {SPAN}, amount: 70, per: week}}]")
    publish(where, charges("2025-01-01", 30, 10))  # up to Thursday, 30 January
    found = evaluated(where)
    assert {key[1]: each.actual for key, each in found.items()} == {"2025-01-20": 70, "2025-01-27": 40}
    assert found["all", "2025-01-20"].standing is Standing.BREACHED


def test_a_budget_that_has_no_period_then_is_not_evaluated(tmp_path: Path) -> None:
    where = settings(tmp_path, "tree: [{id: all, currency: USD, from: 2025-05, to: 2025-06, amount: 70}]")
    publish(where, charges("2025-01-01", 30, 10))
    assert evaluated(where) == {}


NOWCASTS = (
    "billing_period varchar, billing_currency varchar, run_date date, provider varchar, service_name varchar, "
    "charge_date date, seen_cost decimal(38, 12), estimated_cost decimal(38, 12), lo_95 decimal(38, 12), "
    "hi_95 decimal(38, 12)"
)


def test_what_is_still_to_arrive_is_shared_among_budgets_as_recent_days_are(tmp_path: Path) -> None:
    where = settings(tmp_path, TREE)
    rows = [*charges("2025-01-01", 42, 6), *charges("2025-01-01", 42, 2, cost_center="cc-2")]
    late = ("2025-02", "USD", "2025-02-12", "aws", "EC2", "2025-02-11", 8, 16, 12, 20)
    publish(where, rows, mart_nowcasts=(NOWCASTS, [late]))
    found = evaluated(where)
    assert [found[name, "2025-02-01"].late for name in ("company", "red", "blue")] == [8, 6, 2]
    assert found["red", "2025-02-01"].actual == 66
    assert found["red", "2025-02-01"].forecast > 66 + 6 + 17 * 6  # type: ignore[operator]


TOTALS = (
    "billing_period varchar, billing_currency varchar, run_date date, level varchar, provider varchar, "
    "cost_center varchar, ai_project varchar, ai_model varchar, service_name varchar, period varchar, first_day date, "
    "last_day date, mean decimal(38, 12), lo_80 decimal(38, 12), hi_80 decimal(38, 12)"
)


def test_a_month_that_a_published_forecast_covers_has_that_forecast(tmp_path: Path) -> None:
    where = settings(tmp_path, TREE)
    of_red = ("2025-02", "USD", "2025-02-12", "team", "(all)", "cc-1", "(all)", "(all)", "(all)", "month")
    rows = [(*of_red, "2025-02-01", "2025-02-28", 2100, 1900, 2200)]
    publish(where, charges("2025-01-01", 42, 60), mart_forecast_totals=(TOTALS, rows))
    found = evaluated(where)
    red, company = found["red", "2025-02-01"], found["company", "2025-02-01"]
    assert (red.method, red.forecast, red.lo_80, red.hi_80) == ("forecast", 2100, 1900, 2200)
    assert red.adjusted == 2100  # no day was odd
    assert 0.73 < red.probability < 0.75  # type: ignore[operator]
    assert (company.method, company.forecast) == ("run-rate", 1680)


ALLOCATED = (
    "billing_period varchar, cost_center varchar, billing_currency varchar, entry_kind varchar, "
    "effective_cost decimal(38, 12)"
)


def test_a_cost_centre_s_monthly_amount_counts_shared_cost_as_its_statement_does(tmp_path: Path) -> None:
    text = "budgets: [{cost_center: cc-1, currency: USD, from: 2025-01, to: 2025-12, amount: 500}]"
    where = settings(tmp_path, text)
    shared = [("2025-01", "cc-1", "USD", "direct", 310), ("2025-01", "cc-1", "USD", "pool", "62.000000000001")]
    publish(where, charges("2025-01-01", 31, 10), mart_allocated_costs=(ALLOCATED, shared))
    assert evaluated(where)["cc-1/USD", "2025-01-01"].actual == Decimal("372.000000000001")
    # Half of the month has its part of what is shared.
    assert evaluated(where, "2025-01-16")["cc-1/USD", "2025-01-01"].actual == 150 + 30


INFERENCES = (
    "billing_period varchar, provider varchar, billing_currency varchar, charge_date date, ai_model varchar, "
    "allocated_cost decimal(38, 12), requests bigint"
)


def test_a_kpi_is_the_quotient_of_sums_and_is_missed_on_its_wrong_side(tmp_path: Path) -> None:
    kpi = "{id: k, kpi: cost_per_inference, currency: USD, from: 2025-01, to: 2025-12, at_most: "
    where = settings(tmp_path, f"kpis: [{kpi}0.6}}, {kpi.replace('k,', 'n,')}0.5}}]")
    days = [each["charge_date"] for each in charges("2025-01-01", 42, 1)]
    rows = [(day[:7], "aws", "USD", day, "m", 10 + n % 2, 20) for n, day in enumerate(days)]
    publish(where, charges("2025-01-01", 42, 1), mart_inference_costs=(INFERENCES, rows))
    found = evaluated(where)
    kept, missed = found["k", "2025-02-01"], found["n", "2025-02-01"]
    assert kept.actual == Decimal("0.527272727273")  # 116 ÷ 220
    assert (kept.standing, missed.standing) == (Standing.IN_ORDER, Standing.BREACHED)
    assert kept.probability < 0.01 < 0.99 < missed.probability  # type: ignore[operator]


def test_a_kpi_that_nobody_measured_is_unknown_and_not_zero(tmp_path: Path) -> None:
    where = settings(tmp_path, "kpis: [{id: k, kpi: gpu_utilization, from: 2025-01, to: 2025-12, at_least: 60}]")
    publish(where, charges("2025-01-01", 42, 1))
    found = evaluated(where)["k", "2025-02-01"]
    assert (found.actual, found.standing) == (None, Standing.UNKNOWN)
