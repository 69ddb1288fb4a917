"""Each threshold is told once, what is worse is told again, and what is left behind ends what was told."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.unit.budgets.world import charges, publish, settings

from finops.budgets import service, states
from finops.budgets.models import Evaluation
from finops.core.events import Event, Severity
from finops.core.settings import Settings
from finops.policy.budgets import Line, Threshold
from finops.policy.budgets.calendar import Per, Span
from finops.policy.budgets.models import DEFAULT_THRESHOLDS
from finops.stores.state import budget_states, outbox
from finops.stores.state.budget_states import BudgetState
from finops.stores.state.store import begin_state

NOW = datetime(2025, 6, 10, tzinfo=UTC)
JUNE = Span(date(2025, 6, 1), date(2025, 6, 30))
LINE = Line(
    id="atlas",
    name="Atlas",
    parent="",
    depth=0,
    scope=(),
    currency="USD",
    per=Per.MONTH,
    amount=Decimal(100),
    schedule={},
    first=date(2025, 1, 1),
    last=date(2025, 12, 31),
    owner="cc-1",
    thresholds=DEFAULT_THRESHOLDS,
)


def evaluation(
    spent: int, forecast: int = 0, probability: float = 0.0, limit: int = 100, run_date: date = date(2025, 6, 10)
) -> Evaluation:
    expected = Decimal(max(forecast, spent))
    return Evaluation(
        line=LINE,
        span=JUNE,
        run_date=run_date,
        amount=Decimal(limit),
        rolled_over=Decimal(0),
        actual=Decimal(spent),
        late=Decimal(0),
        forecast=expected,
        lo_80=expected,
        hi_80=expected,
        lo_95=expected,
        hi_95=expected,
        adjusted=expected,
        run_rate=Decimal(1),
        even=Decimal(30),
        probability=probability,
        days_until_breach=None,
        method="run-rate",
    )


class Budget:
    """A budget whose evaluations follow each other."""

    def __init__(self) -> None:
        self.known: dict[str, BudgetState] = {}

    def sees(self, *given: int, **other: object) -> list[Event]:
        now = evaluation(*given, **other)  # type: ignore[arg-type]
        changed, events = states.transition(self.known, now, NOW)
        self.known |= {each.threshold: each for each in changed}
        return events


def test_each_threshold_is_told_once() -> None:
    budget = Budget()
    [half] = budget.sees(55)
    assert (half.kind, half.severity, half.key) == (
        "budget_threshold",
        Severity.INFO,
        "budget/atlas/2025-06-01/actual-50/1",
    )
    assert budget.sees(55) == budget.sees(60) == budget.sees(79) == []


def test_what_is_worse_is_told_again_with_what_was_told_before() -> None:
    budget = Budget()
    budget.sees(55)
    [near] = budget.sees(85)
    [breach] = budget.sees(104, 120, 1.0)
    assert [near.severity, breach.severity] == [Severity.WARNING, Severity.CRITICAL]
    assert "worse than told before: 50 % spent." in near.text
    assert breach.kind == "budget_breach"
    assert breach.title == "Budget Atlas, 2025-06: 104 % is spent"
    assert (
        "Reached with it: 100 % forecast without odd days, probability of breach 80 %, 100 % forecast." in breach.text
    )


def test_of_thresholds_that_are_reached_at_once_the_worst_is_told() -> None:
    [event] = Budget().sees(150, 300, 1.0)
    assert event.key.endswith("actual-100/1")


def test_after_a_breach_what_is_less_is_no_news() -> None:
    budget = Budget()
    budget.sees(100)
    budget.known = {name: each for name, each in budget.known.items() if name == "actual 100"}
    assert budget.sees(101, 120, 1.0) == []


def test_a_restated_bill_that_lifts_the_breach_resolves_it_and_says_what_is_still_reached() -> None:
    budget = Budget()
    [breach] = budget.sees(104)
    [lifted] = budget.sees(83)
    assert (lifted.kind, lifted.resolves) == ("budget_recovered", breach.key)
    assert "A restated bill changed what is spent from 104.00 USD to 83.00 USD." in lifted.text
    assert "Still reached: 50 % spent, 80 % spent." in lifted.text
    [fine] = budget.sees(40)
    assert "It is in order." in fine.text


def test_a_raised_budget_resolves_its_breach_too() -> None:
    budget = Budget()
    budget.sees(104)
    [lifted] = budget.sees(104, limit=300)
    assert "The budget was raised from 100.00 USD to 300.00 USD." in lifted.text


def test_a_forecast_that_wavers_around_its_threshold_is_told_once() -> None:
    budget = Budget()
    assert [len(budget.sees(10, each)) for each in (101, 99, 101, 98, 103, 96)] == [1, 0, 0, 0, 0, 0]
    [fallen] = budget.sees(10, 90)
    assert "What is expected has fallen below it." in fallen.text
    [again] = budget.sees(10, 101)
    assert again.key == "budget/atlas/2025-06-01/forecast-100/2"


def test_of_a_period_that_has_ended_only_a_breach_is_news() -> None:
    july = date(2025, 7, 1)
    assert Budget().sees(85, run_date=july) == []
    assert len(Budget().sees(101, run_date=july)) == 1


def test_a_forecast_of_breach_ends_with_its_period() -> None:
    budget = Budget()
    budget.sees(60, 110, 0.9)
    [ended] = budget.sees(97, run_date=date(2025, 7, 1))
    assert "The period has ended below it." in ended.text


def test_whatever_comes_no_threshold_is_told_twice_without_being_left_in_between() -> None:
    """A law: of a threshold, told and ended take turns; and an evaluation seen twice says nothing the second time."""
    chance = random.Random(7)
    for _ in range(150):
        budget, told, ended, keys = Budget(), set(), set(), []
        for _ in range(25):
            given = (chance.randint(0, 130), chance.randint(0, 160), chance.choice([0.0, 0.5, 0.7, 0.85, 1.0]))
            events = budget.sees(*given)  # type: ignore[arg-type]
            assert budget.sees(*given) == []  # type: ignore[arg-type]
            for each in events:
                keys.append(each.key)
                if each.kind != "budget_recovered":
                    told.add(each.key)
                elif each.resolves:
                    assert each.resolves in told - ended
                    ended.add(each.resolves)
            open_now = {each.told_key for each in budget.known.values() if each.is_reached and each.told_key}
            assert open_now == told - ended
        assert len(keys) == len(set(keys))


def test_budgets_that_are_gone_end_what_was_told_of_them() -> None:
    budget = Budget()
    [event] = budget.sees(104)
    changed, [gone] = states.of_all(budget.known.values(), [], [], NOW)
    assert gone.resolves == event.key
    assert not any(each.is_reached for each in changed)


def test_thresholds_are_told_in_the_order_of_what_they_mean() -> None:
    listed = ["actual 50", "probability 80", "forecast 100", "actual 80", "actual 100"]
    assert sorted(listed, key=lambda each: states.rank(Threshold.parse(each))) == listed


@pytest.fixture
def store(tmp_path: Path) -> Engine:
    return begin_state(Settings(home=tmp_path / "state"))


def test_a_breach_that_a_restated_bill_lifts_is_resolved_once_weeks_later(tmp_path: Path, store: Engine) -> None:
    """The whole way: bills, evaluation, state and outbox, twice each, as a run that is repeated does."""
    where = settings(tmp_path, "tree: [{id: all, currency: USD, from: 2025-01, to: 2025-12, amount: 300}]")

    def runs() -> list[str]:
        told: list[str] = []
        for _ in range(2):
            with store.begin() as connection:
                also = service.open_periods(connection, date(2025, 4, 20))
                events = service.settle(connection, service.evaluate_all(where, None, also), NOW)
                told += [each.key for each in events if outbox.add(connection, [each])]
        return told

    bill, later = list(charges("2025-01-01", 31, 10)), list(charges("2025-02-01", 78, 1))
    publish(where, [*bill, *later])
    # January ended two periods ago: nobody was told then, and nobody is told now.
    assert runs() == []
    publish(where, bill, "build-2")
    assert runs() == ["budget/all/2025-01-01/actual-100/1"]
    publish(where, [*bill, *later], "build-3")
    assert runs() == []
    publish(where, [*charges("2025-01-01", 31, 8), *later], "build-4")
    assert runs() == ["budget/all/2025-01-01/actual-100/1/recovered/1"]


def test_a_run_that_ends_before_its_transaction_does_tells_it_the_next_time(store: Engine) -> None:
    changed, _ = states.transition({}, evaluation(104), NOW)
    with pytest.raises(RuntimeError), store.begin() as connection:  # noqa: PT012
        budget_states.save(connection, changed)
        raise RuntimeError
    with store.begin() as connection:
        assert budget_states.since(connection, date.min) == []
        budget_states.save(connection, changed)
    with store.begin() as connection:
        assert budget_states.since(connection, date.min) == sorted(changed, key=lambda each: each.threshold)
