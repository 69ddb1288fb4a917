"""What changed in a month: only what did, per currency, and in sum exactly the change of the month."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.unit.restatements.small_versions import Daily, daily, publish
from typer.testing import CliRunner

from finops.cli import app
from finops.core.errors import BadInput, Finding
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.restatements.models import Difference
from finops.restatements.service import diff
from finops.stores import snapshots
from finops.stores.state.store import open_state

JUNE = BillingPeriod(2025, 6)
CLOSE = datetime(2025, 7, 3, 12, tzinfo=UTC)
LATER = CLOSE + timedelta(days=9)


def compare(settings: Settings, before: list[Daily], after: list[Daily]) -> Difference:
    publish(settings, JUNE, "closed", CLOSE, before)
    publish(settings, JUNE, "restated", LATER, after)
    return diff(settings, JUNE)


def listed(found: Difference) -> list[tuple[str, str, str, Decimal, Decimal]]:
    return [
        (c.provider, c.billing_currency, c.service_name, c.amounts.billed_change, c.amounts.effective_change)
        for c in found.changes
    ]


def test_only_what_changed_is_listed_with_before_and_after(settings: Settings) -> None:
    same = daily(service_name="Storage", billed="40")
    found = compare(settings, [same, daily(billed="10.5")], [same, daily(billed="12.25", effective="12")])
    (change,) = found.changes
    assert (change.sub_account_id, change.sub_account_name, change.service_name) == ("account-1", "Research", "Compute")
    assert (change.amounts.billed_before, change.amounts.billed_after) == (Decimal("10.5"), Decimal("12.25"))
    assert (change.amounts.billed_change, change.amounts.effective_change) == (Decimal("1.75"), Decimal("1.5"))


def test_a_row_that_vanished_and_one_that_appeared_count_from_and_to_zero(settings: Settings) -> None:
    found = compare(settings, [daily(billed="3", service_name="Old")], [daily(billed="5", service_name="New")])
    assert listed(found) == [
        ("aws", "USD", "New", Decimal(5), Decimal(5)),
        ("aws", "USD", "Old", Decimal(-3), Decimal(-3)),
    ]


def test_currencies_are_listed_and_totalled_apart(settings: Settings) -> None:
    """Two that would cancel each other out if they were added."""
    before = [daily(billed="10"), daily(billed="10", billing_currency="EUR")]
    after = [daily(billed="13"), daily(billed="7", billing_currency="EUR")]
    found = compare(settings, before, after)
    assert [row[1:4:2] for row in listed(found)] == [("EUR", Decimal(-3)), ("USD", Decimal(3))]
    assert [(t.billing_currency, t.amounts.billed_change) for t in found.totals] == [
        ("EUR", Decimal(-3)),
        ("USD", Decimal(3)),
    ]


def test_the_largest_change_of_a_currency_comes_first_whatever_its_sign(settings: Settings) -> None:
    names = ("a", "b", "c")
    before = [daily(billed="100", service_name=name) for name in names]
    after = [daily(billed=billed, service_name=name) for name, billed in zip(names, ("101", "50", "102"), strict=True)]
    assert [row[2] for row in listed(compare(settings, before, after))] == ["b", "c", "a"]


def test_a_change_of_the_last_decimal_is_a_change(settings: Settings) -> None:
    found = compare(settings, [daily(billed="1000000")], [daily(billed="1000000.000000000001")])
    assert listed(found) == [("aws", "USD", "Compute", Decimal("1e-12"), Decimal("1e-12"))]


def test_cost_that_moved_between_days_and_a_new_name_of_an_account_are_no_change(settings: Settings) -> None:
    before = [daily(billed="2", day=1), daily(billed="3", day=2)]
    after = [daily(billed="5", day=7, sub_account_name="Research (old)")]
    found = compare(settings, before, after)
    assert found.changes == ()
    assert len(found.replaced) == 1


def test_cost_that_was_given_to_another_cost_centre_is_listed_on_both_sides(settings: Settings) -> None:
    found = compare(settings, [daily(billed="2")], [daily(billed="2", cost_center="cc-1002")])
    assert {(c.cost_center, c.amounts.billed_change) for c in found.changes} == {
        ("cc-1001", Decimal(-2)),
        ("cc-1002", Decimal(2)),
    }
    assert found.totals[0].amounts.billed_change == 0


def test_a_provider_that_came_later_is_told_as_first_loaded_and_its_cost_as_new(settings: Settings) -> None:
    found = compare(settings, [daily()], [daily(), daily("gcp", billed="7")])
    assert listed(found) == [("gcp", "USD", "Compute", Decimal(7), Decimal(7))]
    assert [(pair.after.provider, pair.before is None) for pair in found.replaced] == [("aws", False), ("gcp", True)]
    assert diff(settings, JUNE, provider=Provider.AWS).changes == ()


def test_by_default_the_last_load_is_compared_with_what_it_replaced(settings: Settings) -> None:
    publish(settings, JUNE, "b1", CLOSE, [daily(billed="1"), daily("gcp", billed="1")])
    publish(settings, JUNE, "b2", CLOSE + timedelta(days=1), [daily(billed="2"), daily("gcp")], ["aws"])
    publish(settings, JUNE, "b3", LATER, [daily(billed="2"), daily("gcp", billed="9")], ["gcp"])
    assert [row[0] for row in listed(diff(settings, JUNE))] == ["gcp"]
    assert [row[0] for row in listed(diff(settings, JUNE, until="b2"))] == ["aws"]
    assert [row[0] for row in listed(diff(settings, JUNE, since="2025-07-03"))] == ["gcp", "aws"]
    assert listed(diff(settings, JUNE, since="b2", until="b2")) == []


def test_what_cannot_be_compared_is_said_in_one_line(settings: Settings) -> None:
    publish(settings, JUNE, "closed", CLOSE, [daily()])
    with pytest.raises(BadInput, match="2025-06 was published once by then, with build closed of 2025-07-03T12:00"):
        diff(settings, JUNE)
    publish(settings, JUNE, "restated", LATER, [daily(billed="2")])
    with pytest.raises(BadInput, match=r"--from restated \(2025-07-12.*\) is after --to closed \(2025-07-03"):
        diff(settings, JUNE, since="restated", until="closed")
    with pytest.raises(BadInput, match=r"nothing of 2025-06 was published by 2025-07-02T23:59:59\.999Z"):
        diff(settings, JUNE, since="2025-07-02")
    with pytest.raises(BadInput, match="nothing was published for 2025-05"):
        diff(settings, BillingPeriod(2025, 5))


def test_a_file_that_no_longer_holds_what_was_recorded_is_a_finding(settings: Settings) -> None:
    compare(settings, [daily(billed="1")], [daily(billed="2")])
    with open_state(settings).connect() as state:
        (snapshot,) = snapshots.as_of(state, JUNE, None)
    rows = f"select * replace (billed_cost + 1 as billed_cost) from read_parquet('{snapshot.path(settings)}')"
    duckdb.execute(f"copy (select * exclude (provider, billing_period) from ({rows})) to '{snapshot.path(settings)}'")
    with pytest.raises(Finding, match=r"aws in USD: the changes found sum to 2\.0+ billed"):
        diff(settings, JUNE)


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))

    def call(*arguments: str):
        return CliRunner().invoke(app, ["diff", "--billing-period", "2025-06", *arguments])

    return call


def test_the_command_prints_exact_figures_as_json_and_ends_with_zero(settings: Settings, run) -> None:
    compare(settings, [daily(billed="1")], [daily(billed="1.000000000001")])
    result = run("--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert found["changes"][0]["billed_change"] == "0.000000000001"
    assert found["totals"][0]["billed_after"] == "1.000000000001"
    assert found["replaced"][0]["before"]["build_id"] == "closed"
    assert found["replaced"][0]["after"]["loaded_at"] == "2025-07-12T12:00:00.000Z"


def test_the_command_tells_a_person_what_replaced_what_and_shows_the_smallest_change(settings: Settings, run) -> None:
    compare(settings, [daily(billed="1")], [daily(billed="1.000000000001")])
    shown = run().stdout
    assert "aws: build closed of 2025-07-03T12:00:00.000Z → build restated of 2025-07-12T12:00:00.000Z" in shown
    assert "+0.000000000001" in shown
    assert "was not published in between" in run("--from", "restated").stdout


def test_the_file_holds_every_change_and_no_formula(settings: Settings, run, tmp_path: Path) -> None:
    compare(settings, [daily(sub_account_name="=1+1")], [daily(sub_account_name="=1+1", billed="-2.5")])
    out = tmp_path / "changes.csv"
    assert run("--out", str(out)).exit_code == 0
    (row,) = csv.DictReader(out.read_text().splitlines())
    assert (row["sub_account_name"], row["billed_change"]) == ("'=1+1", "-3.500000000000")
    assert (row["billing_period"], row["provider"], row["billing_currency"]) == ("2025-06", "aws", "USD")
    refused = run("--out", str(tmp_path / "changes.txt"))
    assert "must end in .csv" in str(refused.exception)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["changes.csv"]
