"""What is raised, how it is grouped and explained, and what later runs make of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.unit.anomalies.bills import FIRST, Charge, publish, steady, times
from tests.unit.anomalies.watch import configure, run

from finops.anomalies import service
from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings

DAYS = 61
APRIL_20, APRIL_24 = date(2025, 4, 20), date(2025, 4, 24)


@pytest.fixture
def quiet(settings: Settings) -> Settings:
    """Settings of a company that configured nothing."""
    return configure(settings, "alert: {}\n")


def others() -> list[Charge]:
    """Return the cost of everything else, which stays as it is."""
    stays = {"service": "Amazon Simple Storage Service", "resource": "bucket", "sku": "sku-9", "model": "(none)"}
    return [
        *steady(DAYS, 400, account="200", **stays),
        *steady(DAYS, 150, **stays),
        *steady(DAYS, 80, model="slam", resource="endpoint-2"),
    ]


def test_a_usual_month_raises_nothing(quiet: Settings) -> None:
    publish(quiet, [*steady(DAYS), *others()])
    assert run(quiet) == []


def test_one_cause_is_one_incident_over_all_levels_with_its_cause_and_owner(quiet: Settings) -> None:
    publish(quiet, [*times(steady(DAYS), 5, APRIL_20, APRIL_24), *others()])

    (found,) = run(quiet)

    assert (found["level"], found["ai_model"], found["sub_account_id"]) == ("workload", "atlas", "100")
    assert (found["first_day"], found["last_day"], found["state"]) == (APRIL_20, APRIL_24, "closed")
    assert found["ending"] == "back to usual"
    assert "aws / 100 (detector)" in found["other_series"]
    assert (found["owner"], found["owner_cost_center"]) == ("ada", "cc-1")
    assert "model atlas" in found["cause"]
    assert found["title"] == "Amazon SageMaker · account 100 · atlas"
    assert found["quantity_excess_cost"] == found["excess_cost"]


def test_its_cost_is_that_of_the_bill_to_the_cent(quiet: Settings) -> None:
    charges = times(steady(DAYS), 5, APRIL_20, APRIL_24)
    publish(quiet, [*charges, *others()])

    (found,) = run(quiet)

    billed = sum(Decimal(str(each.cost)) for each in charges if APRIL_20 <= each.day <= APRIL_24)
    assert found["actual_cost"] == billed
    assert found["excess_cost"] == billed - found["expected_cost"]


def test_a_rise_that_a_fall_of_the_same_account_nets_out_is_raised(quiet: Settings) -> None:
    """The account's total stays flat: only a finer level sees it."""
    rising = times(steady(DAYS, 100), 2, APRIL_20, APRIL_24)
    falling = times(steady(DAYS, 100, service="Amazon Bedrock", resource="profile"), 0, APRIL_20, APRIL_24)
    publish(quiet, [*rising, *falling, *others()])
    (found,) = run(quiet)
    assert found["service_name"] == "Amazon SageMaker"


def test_money_alone_or_percent_alone_raise_nothing(quiet: Settings) -> None:
    small = times(steady(DAYS, 2, account="300"), 8, APRIL_20, APRIL_20)
    large = times(steady(DAYS, 9000, account="400", service="Amazon Redshift"), 1.2, APRIL_20, APRIL_24)
    publish(quiet, [*small, *large, *others()])
    assert run(quiet) == []


def test_untagged_cost_counts_and_its_account_tells_the_likely_owner(quiet: Settings) -> None:
    machines = {
        "service": "Amazon EC2",
        "model": "(none)",
        "cost_center": "(unallocated)",
        "owner": "(none)",
        "resource": "i-1",
    }
    forgotten = [Charge(APRIL_20 + timedelta(days=n), 300.0, **machines) for n in range(5)]
    publish(quiet, [*steady(DAYS), *forgotten, *others()])
    (found,) = run(quiet)
    assert (found["service_name"], found["owner"]) == ("Amazon EC2", "ada")
    assert "resource i-1" in found["cause"] or "service Amazon EC2" in found["cause"]
    assert "still needed" in found["advice"]


def test_currencies_are_apart(quiet: Settings) -> None:
    euros = times(steady(DAYS, 100, currency="EUR"), 5, APRIL_20, APRIL_24)
    publish(quiet, [*euros, *others()])
    assert [row["billing_currency"] for row in run(quiet)] == ["EUR"]


def test_a_second_run_updates_and_says_nothing_twice(quiet: Settings) -> None:
    version = publish(quiet, [*times(steady(DAYS), 5, APRIL_20, APRIL_24), *others()])
    (first,) = run(quiet, APRIL_20 + timedelta(days=1), datetime(2025, 4, 22, 6, tzinfo=UTC))
    assert (first["state"], first["is_backfill"]) == ("open", False)

    (second,) = run(quiet)

    assert second["incident_id"] == first["incident_id"]
    assert (second["raised_at"], second["last_day"]) == (first["raised_at"], APRIL_24)
    assert second["excess_cost"] > first["excess_cost"]
    assert (second["state"], version.exists()) == ("closed", True)


def test_an_open_incident_is_projected(quiet: Settings) -> None:
    publish(quiet, [*times(steady(DAYS), 5, APRIL_20, APRIL_24), *others()])
    (found,) = run(quiet, APRIL_24)
    assert found["projected_excess_cost"] > found["excess_cost"] * 2


def test_an_incident_whose_excess_was_restated_away_closes(quiet: Settings) -> None:
    before = publish(quiet, [*times(steady(DAYS), 5, APRIL_20, APRIL_24), *others()])
    (first,) = run(quiet)
    publish(quiet, [*steady(DAYS), *others()], "build-2", before)

    (second,) = run(quiet)

    assert second["incident_id"] == first["incident_id"]
    assert (second["state"], second["ending"]) == ("closed", "restated")
    assert abs(second["excess_cost"]) < first["excess_cost"] / 20


def test_a_decoy_restatement_raises_nothing(quiet: Settings) -> None:
    """Every line of a month comes again, a cent dearer: no day is odd by that."""
    before = publish(quiet, [*steady(DAYS), *others()])
    assert run(quiet) == []
    publish(quiet, [replace(each, cost=each.cost + 0.01) for each in [*steady(DAYS), *others()]], "build-2", before)
    assert run(quiet) == []


def test_days_that_still_arrive_are_no_fall(settings: Settings) -> None:
    falls = configure(settings, "alert: {falls: true}\n")
    last = FIRST + timedelta(days=DAYS - 1)
    cut = times(steady(DAYS), 0.1, last - timedelta(days=1), last)
    publish(falls, [*cut, *others()])
    assert run(falls) == []


def test_a_fall_of_whole_days_is_told_where_that_is_wanted(settings: Settings) -> None:
    falls = configure(settings, "alert: {falls: true}\n")
    publish(falls, [*times(steady(DAYS), 0.1, APRIL_20, APRIL_24), *others()])
    assert [row["kind"] for row in run(falls)] == ["drop"]


def test_cost_that_moves_to_another_tag_is_no_rise(quiet: Settings) -> None:
    """The same resource, tagged otherwise since then: nothing costs more."""
    moved = [replace(each, model="renamed") if each.day >= APRIL_20 else each for each in steady(DAYS)]
    publish(quiet, [*moved, *others()])
    assert run(quiet) == []


def test_a_new_list_price_is_told_as_one_and_explains_what_begins_with_it(quiet: Settings) -> None:
    dearer = [replace(c, cost=c.cost * 1.5, price=3.0) if c.day >= APRIL_20 else c for c in steady(DAYS)]
    publish(quiet, [*dearer, *others()])

    (found,) = run(quiet)

    assert (found["kind"], found["source"], found["first_day"]) == ("price", "unit-price", APRIL_20)
    assert abs(found["price_excess_cost"] - found["excess_cost"]) <= abs(found["excess_cost"]) / 10
    assert found["probability"] is None


def test_a_rise_that_was_planned_raises_nothing(settings: Settings) -> None:
    window = "planned: [{series: {ai_model: atlas}, from: 2025-04-19, to: 2025-04-25, why: launch}]\n"
    planned = configure(settings, window)
    publish(planned, [*times(steady(DAYS), 5, APRIL_20, APRIL_24), *others()])
    assert run(planned) == []


def test_rules_raise_only_what_is_configured_and_say_their_name(settings: Settings) -> None:
    limited = configure(
        settings, "rules: {daily_limits: [{name: atlas-limit, level: ai_model, values: [atlas], more_than: 99}]}\n"
    )
    publish(limited, [*steady(DAYS), *others()])
    found = run(limited)
    assert found
    assert {(row["source"], row["kind"], row["ai_model"]) for row in found} == {("atlas-limit", "limit", "atlas")}


def test_a_day_of_many_times_the_mean_before_is_told_by_its_rule(settings: Settings) -> None:
    wanted = configure(settings, "alert: {amount: 100000}\nrules: {mean_ratio: {levels: [account], factor: 1.5}}\n")
    publish(wanted, [*times(steady(DAYS, 300000), 2, APRIL_20, APRIL_20), *others()])
    (found,) = run(wanted)
    assert "aws / 100 (mean-ratio)" in found["other_series"]


def test_nothing_published_or_a_run_date_before_it_is_said(quiet: Settings) -> None:
    with pytest.raises(NotReady, match="nothing is published yet"):
        service.run(quiet)
    publish(quiet, steady(30))
    with pytest.raises(BadInput, match="nothing is published of 2025-01-01 or before"):
        service.run(quiet, run_date=date(2025, 1, 1))
