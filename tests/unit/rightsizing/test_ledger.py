"""The ledger of savings: what the days since would have cost at the frozen baseline, less what they did cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.rightsizing.engine.model_cloud import ModelCloud
from tests.unit.rightsizing.engine.world import NOW, finding, of, plan, tools

from finops.policy.rightsizing import Ledger
from finops.rightsizing import ledger
from finops.rightsizing.ledger import DayCost
from finops.stores.state import actions, suppressions

RUN = date(2026, 3, 2)
LEDGER = Ledger()


def days(first: date, count: int, cost: str, hours: str | None) -> list[DayCost]:
    return [
        DayCost(first + timedelta(days=n), Decimal(cost), None if hours is None else Decimal(hours))
        for n in range(count)
    ]


BEFORE = days(RUN - timedelta(days=14), 14, "24", "24")


@pytest.fixture
def action(tmp_path: Path) -> actions.Action:
    """A machine that cost a dollar an hour, stopped on the run date; it was to save 700 a month."""
    to = tools(tmp_path, ModelCloud())
    (ident,) = plan(to, finding())
    found = of(to, ident)
    return replace(found, baseline=ledger.baseline_of(BEFORE, RUN), effective_from="2026-03-02", started_at=NOW)


def saved(action: actions.Action, costs: list[DayCost], last: date = date(2026, 3, 11), **more: object) -> Decimal:
    found = ledger.savings_of(action, costs, last, None, LEDGER, **more)  # type: ignore[arg-type]
    return sum((each.realised for each in found), Decimal(0))


def test_the_baseline_is_the_mean_of_fourteen_days_or_of_a_younger_resources_own() -> None:
    assert ledger.baseline_of(BEFORE, RUN)["cost_per_day"] == "24.000000000000"
    young = ledger.baseline_of(days(RUN - timedelta(days=4), 4, "12", "6"), RUN)
    assert (young["days"], Decimal(young["cost_per_hour"]), Decimal(young["hours_per_day"])) == (4, 2, 6)
    assert ledger.baseline_of([], RUN) == {}


def test_what_was_stopped_saves_what_its_days_would_have_cost(action: actions.Action) -> None:
    assert saved(action, BEFORE) == 10 * 24


def test_another_type_saves_by_the_hour_so_that_less_use_is_no_saving(action: actions.Action) -> None:
    resized = replace(action, action="resize_machine")
    assert saved(resized, [*BEFORE, *days(RUN, 10, "12", "24")]) == 120
    assert saved(resized, [*BEFORE, *days(RUN, 10, "6", "6")]) == 0, "it ran less, at the same price"


def test_an_action_without_effect_saves_nothing_whatever_the_noise(action: actions.Action) -> None:
    assert saved(action, [*BEFORE, *days(RUN, 10, "23.8", "24")]) == 0
    (one,) = ledger.savings_of(action, [*BEFORE, *days(RUN, 10, "30", "24")], date(2026, 3, 11), None, LEDGER)
    assert (one.realised, one.added_cost) == (0, 60)


def test_months_are_apart_and_a_rollback_ends_the_saving(action: actions.Action) -> None:
    found = ledger.savings_of(action, BEFORE, date(2026, 4, 10), date(2026, 4, 3), LEDGER)
    assert [(each.month, each.days, each.realised) for each in found] == [("2026-03", 30, 720), ("2026-04", 2, 48)]
    assert found[1].estimated.quantize(Decimal("0.01")) == Decimal("46.03")


def test_a_rule_whose_last_three_actions_saved_too_little_sets_itself_aside(
    tmp_path: Path, action: actions.Action
) -> None:
    to = tools(tmp_path, ModelCloud())
    none = days(RUN, 10, "24", "24")
    made = [
        saving
        for number in range(3)
        for saving in ledger.savings_of(replace(action, action_id=f"a{number}"), none, date(2026, 3, 11), None, LEDGER)
    ]
    assert ledger.disable_rules(to, made[:2]) == []
    assert ledger.disable_rules(to, made) == ["idle_machine"]
    assert ledger.disable_rules(to, made) == [], "told once"
    with to.database.connect() as connection:
        assert "realised 0%, 0%, 0%" in suppressions.disabled_rules(connection)["idle_machine"]
    from finops.rightsizing.engine import approving

    approving.enable(to, "idle_machine", "ada", "corrected")
    late = [replace(each, action=replace(each.action, started_at=NOW - timedelta(days=1))) for each in made]
    assert ledger.disable_rules(to, late) == [], "what was begun before a person let it propose again does not count"
