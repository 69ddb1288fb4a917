"""What a build is compared with may be published after its gate: then the gate looks at the comparison again."""

from __future__ import annotations

from typing import Any

import pytest
from tests.crafted_warehouse import craft

from finops.core.errors import Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.quality import gate
from finops.quality.models import Outcome, Severity, TableResult
from finops.quality.service import check_again
from finops.stores import workspaces
from finops.stores.candidate import Verdict, load_verdict, save_verdict
from finops.transform.publish import publish

FEBRUARY, MARCH, JULY = BillingPeriod(2025, 2), BillingPeriod(2025, 3), BillingPeriod(2025, 7)


def passed(settings: Settings, build_id: str, month: BillingPeriod) -> Settings:
    """Leave a build of a month that the gate has passed beside what is published now."""
    work = workspaces.for_months(settings, [month])
    craft(work, [("aws", str(month))], build_id=build_id, lines=30, marts=("fct_daily_costs", "mart_chargeback"))
    save_verdict(work, Verdict(build_id, True, (), ()))
    return work


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Note what the gate is asked again; it finds nothing."""
    calls: list[dict[str, Any]] = []

    def run_suites(*_arguments: Any, **options: Any) -> list[TableResult]:
        calls.append(options)
        return []

    monkeypatch.setattr(gate, "run_suites", run_suites)
    return calls


def test_views_are_checked_again_once_the_month_before_was_published(
    settings: Settings, asked: list[dict[str, Any]]
) -> None:
    march = passed(settings, "build-1", MARCH)
    publish(passed(settings, "build-2", FEBRUARY))
    for _ in range(2):
        check_again(march, "build-1")
        assert asked == [{"views_only": True}], "once is enough"
    assert load_verdict(march, "build-1").beside == "build-2"


def test_a_month_that_nothing_compares_with_changes_no_verdict(settings: Settings, asked: list[dict[str, Any]]) -> None:
    march = passed(settings, "build-1", MARCH)
    publish(passed(settings, "build-2", JULY))
    check_again(march, "build-1")
    assert asked == []


def test_a_comparison_that_no_longer_holds_refuses_the_build(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    march = passed(settings, "build-1", MARCH)
    publish(passed(settings, "build-2", FEBRUARY))
    broken = Outcome("mart_cost_variance", "the variance is what it says", Severity.BLOCKS, False, "1 found")
    monkeypatch.setattr(gate, "run_suites", lambda *_, **__: [TableResult("mart_cost_variance", 1, (broken,))])
    with pytest.raises(Finding, match="the variance is what it says"):
        check_again(march, "build-1")
    assert not load_verdict(march, "build-1").passed
