"""What the gate refuses of a build is held back by itself; everything else of the build may be published."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.crafted_warehouse import Scope, craft, edit

from finops.core.errors import Finding
from finops.core.settings import Settings
from finops.quality.service import check
from finops.stores.candidate import load_candidate, load_verdict, save_candidate
from finops.stores.published import latest
from finops.stores.state import held_back, period_inputs
from finops.stores.state.store import open_state
from finops.transform.publish import publish

AWS, AZURE, GCP = ("aws", "2025-01"), ("azure", "2025-01"), ("gcp", "2025-02")


def spoil(settings: Settings, *pairs: tuple[str, str]) -> None:
    for provider, period in pairs:
        where = f"provider = '{provider}' and billing_period = '{period}'"
        row = f"rowid = (select min(rowid) from marts.mart_chargeback where {where})"
        edit(settings, f"update marts.mart_chargeback set billed_cost = billed_cost + 0.01 where {row}")


def scope_of(settings: Settings) -> Scope:
    return [(each.provider, str(each.billing_period)) for each in load_candidate(settings).scope]


def standing(settings: Settings) -> list[tuple[str, str, str]]:
    with open_state(settings).connect() as state:
        return [(h.provider, str(h.billing_period), h.stage) for h in held_back.standing(state)]


def due(settings: Settings) -> Scope:
    with open_state(settings).connect() as state:
        return [(each.provider, str(each.billing_period)) for each in period_inputs.due(state)]


def test_one_bad_month_is_held_back_and_the_others_are_published(settings: Settings) -> None:
    craft(settings, [AWS, AZURE, GCP], lines=60)
    spoil(settings, AZURE)

    verdict = check(settings)

    assert (verdict.passed, verdict.failures) == (True, ())
    (refusal,) = verdict.refused
    assert (refusal.provider, refusal.billing_period) == AZURE
    assert any("mart_chargeback" in line for line in refusal.failures)
    assert load_verdict(settings, "build-1") == verdict
    assert scope_of(settings) == [AWS, GCP]
    publication = publish(settings)
    assert set(publication.manifest["fact"]["partitions"]) == {"aws/2025-01", "gcp/2025-02"}
    assert standing(settings) == [(*AZURE, "gate")]
    page = (settings.quality_dir / "build-1" / "index.html").read_text(encoding="utf-8")
    assert "Passed without azure 2025-01" in page
    assert "What broke" in page


def test_a_held_back_month_keeps_its_last_good_version_and_waits_for_another_delivery(settings: Settings) -> None:
    craft(settings, [AWS, AZURE], lines=60)
    check(settings)
    before = publish(settings).manifest["fact"]["partitions"]["azure/2025-01"]
    with open_state(settings).connect() as state:
        first = {each.provider: each for each in period_inputs.landed(state)}
    craft(settings, [AWS, AZURE], build_id="build-2", lines=80, revision=1)
    spoil(settings, AZURE)
    check(settings)
    partitions = publish(settings).manifest["fact"]["partitions"]
    assert (partitions["aws/2025-01"]["rows"], partitions["azure/2025-01"]) == (80, before)
    assert due(settings) == [], "the same delivery is not tried again day after day"
    with open_state(settings).connect() as state:
        (held,) = period_inputs.pending(state)
        assert (held.provider, held in period_inputs.held_back(state)) == ("azure", True), "nobody can close its month"
        assert period_inputs.as_published(state, held) == first[held.provider], "what a new layout is built from"

    craft(settings, [AZURE], build_id="build-3", lines=90, revision=2)
    assert standing(settings) == [], "it was delivered again"
    assert check(settings).passed
    assert publish(settings).manifest["fact"]["partitions"]["azure/2025-01"]["rows"] == 90
    assert (standing(settings), due(settings)) == ([], [])


def test_a_published_month_that_fails_when_it_is_built_once_more_is_held_back_too(settings: Settings) -> None:
    """The same delivery under other rules: nothing is pending, and still readers do not have what was asked for."""
    craft(settings, [AWS, AZURE], lines=60)
    check(settings)
    publish(settings)
    craft(settings, [AWS, AZURE], build_id="build-2", lines=60)
    spoil(settings, AZURE)
    check(settings)
    publish(settings)
    assert (standing(settings), due(settings)) == ([(*AZURE, "gate")], [])
    craft(settings, [AZURE], build_id="build-3", lines=60)
    check(settings)
    publish(settings)
    assert standing(settings) == []


def test_when_every_month_is_at_fault_nothing_is_published_and_each_is_held_back(settings: Settings) -> None:
    craft(settings, [AWS, AZURE], lines=60)
    spoil(settings, AWS, AZURE)
    with pytest.raises(Finding, match=r"nothing is published: .*mart_chargeback") as caught:
        check(settings)
    assert caught.value.exit_status == 1
    assert standing(settings) == [(*AWS, "gate"), (*AZURE, "gate")]
    with pytest.raises(Finding, match="the gate refused build build-1"):
        publish(settings)


def test_a_fault_that_no_month_shows_by_itself_refuses_the_whole_build(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from finops.quality import gate
    from finops.quality.models import Given, Outcome, Severity, TableResult

    def run_suites(_settings: Settings, given: Given, *_: object, **__: object) -> list[TableResult]:
        outcome = Outcome("mart_chargeback", "no charge is in two bills", Severity.BLOCKS, len(given.pairs) == 1, "1")
        return [TableResult("mart_chargeback", 1, (outcome,))]

    craft(settings, [AWS, AZURE], lines=60)
    monkeypatch.setattr(gate, "run_suites", run_suites)
    with pytest.raises(Finding, match="no charge is in two bills"):
        check(settings)
    assert standing(settings) == []
    assert due(settings) == [AWS, AZURE]
    assert scope_of(settings) == [AWS, AZURE]
    assert not (settings.published_dir / "current").exists()


def test_after_a_change_of_layout_a_build_is_published_whole_or_not_at_all(settings: Settings) -> None:
    craft(settings, [AWS, AZURE], lines=60)
    save_candidate(settings, replace(load_candidate(settings), all_or_nothing=True))
    spoil(settings, AZURE)
    with pytest.raises(Finding, match="nothing is published"):
        check(settings)
    assert scope_of(settings) == [AWS, AZURE]
    assert not (settings.published_dir / "current").exists()


def published_costs(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    with latest(settings).connect() as connection:
        return connection.execute(sql).fetchall()


OF_PROVIDERS = "select provider, billing_currency, sum(effective_cost) from {mart} group by all order by all"
OF_BUDGETS = "select billing_currency, cost_center, budget, effective_cost, budget_left from mart_budget_use"
OF_CENTER = "select sum(effective_cost) from mart_allocated_costs where billing_currency = 'USD'"


def test_a_bad_bill_beside_good_ones_of_its_month_spoils_no_mart_that_reads_all_of_them(settings: Settings) -> None:
    """Budgets and comparisons read every bill of a month: a good bill is checked beside the bad one's last version."""
    three = [("aws", "2025-01"), ("azure", "2025-01"), ("gcp", "2025-01")]
    craft(settings, three, lines=60)
    budget = "insert into main.budgets values ('2025-01', 'USD', 'cc-1001', 100)"
    edit(settings, budget)
    check(settings)
    publish(settings)
    of_aws = published_costs(settings, "select * from mart_cost_variance where provider = 'aws' order by all")
    craft(settings, three, build_id="build-2", lines=80, revision=1)
    # More than a budget can be compared with: the budgets of the month cannot be computed with this bill.
    edit(settings, f"update marts.mart_allocated_costs set effective_cost = {9 * 10**25} where provider = 'aws'")

    verdict = check(settings)

    assert [(each.provider, each.billing_period) for each in verdict.refused] == [("aws", "2025-01")]
    assert any("mart_budget_use" in line for line in verdict.refused[0].failures)
    assert scope_of(settings) == three[1:]
    publish(settings)
    assert published_costs(settings, "select * from mart_cost_variance where provider = 'aws' order by all") == of_aws
    charged = published_costs(settings, OF_PROVIDERS.format(mart="mart_chargeback"))
    assert published_costs(settings, OF_PROVIDERS.format(mart="mart_cost_variance")) == charged
    ((spent,),) = published_costs(settings, OF_CENTER + " and cost_center = 'cc-1001'")
    assert published_costs(settings, OF_BUDGETS) == [("USD", "cc-1001", 100, spent, 100 - spent)]
    complete = "select provider, billing_currency, days_with_charges from mart_bill_completeness order by all"
    days = (
        "select provider, billing_currency, count(distinct charge_date) from fct_daily_costs group by all order by all"
    )
    assert published_costs(settings, complete) == published_costs(settings, days)

    # The bad rows are still in the warehouse when another bill of the month is built next.
    craft(settings, three[1:2], build_id="build-3", lines=90, revision=2)
    assert check(settings).refused == ()
    publish(settings)
    charged = published_costs(settings, OF_PROVIDERS.format(mart="mart_chargeback"))
    assert published_costs(settings, OF_PROVIDERS.format(mart="mart_cost_variance")) == charged
    assert standing(settings) == [("aws", "2025-01", "gate")]
