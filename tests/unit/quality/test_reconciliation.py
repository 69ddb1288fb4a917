"""Reconciliation tells whether the bills and what is published agree, and what still waits."""

from __future__ import annotations

import json

import pytest
from tests.crafted_warehouse import craft, edit
from typer.testing import CliRunner

from finops.cli import app
from finops.core.errors import BadInput, NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.quality.reconciliation import STAGES, reconcile
from finops.stores.candidate import Verdict, save_verdict
from finops.transform.publish import publish

SCOPE = [("aws", "2025-01"), ("gcp", "2025-02")]


def make(settings: Settings, fault: str | None = None) -> None:
    craft(settings, SCOPE, lines=60)
    if fault is not None:
        edit(settings, fault)
    save_verdict(settings, Verdict("build-1", True, (), ()))
    publish(settings)


def test_what_was_published_from_the_bills_reconciles(settings: Settings) -> None:
    make(settings)
    found = reconcile(settings)
    assert found.is_reconciled
    assert [(line.provider, line.billing_period, line.billing_currency) for line in found.lines] == [
        ("aws", "2025-01", "EUR"),
        ("aws", "2025-01", "USD"),
        ("gcp", "2025-02", "EUR"),
        ("gcp", "2025-02", "USD"),
    ]
    assert all(set(line.stages) == set(STAGES) and line.difference == 0 for line in found.lines)


@pytest.mark.parametrize(
    ("fault", "difference", "missing"),
    [
        (
            "update marts.mart_reconciliation set billed_cost = billed_cost + 0.000000000001"
            " where stage = 'daily' and provider = 'aws' and billing_currency = 'USD'",
            "0.000000000001",
            (),
        ),
        (
            "delete from marts.mart_reconciliation where stage = 'focus' and provider = 'aws'"
            " and billing_currency = 'USD'",
            "0.000000000000",
            ("focus",),
        ),
        (
            "update marts.mart_reconciliation set billed_cost = billed_cost - 1 where provider = 'aws'"
            " and billing_currency = 'USD'",
            "1.000000000000",
            (),
        ),
    ],
    ids=["a stage differs by the last decimal", "a stage is missing", "every stage differs from the ledger"],
)
def test_a_difference_or_a_missing_stage_is_found(
    settings: Settings, fault: str, difference: str, missing: tuple[str, ...]
) -> None:
    make(settings, fault)
    broken = [line for line in reconcile(settings).lines if not line.is_reconciled]
    assert [(line.provider, line.billing_currency) for line in broken] == [("aws", "USD")]
    assert f"{broken[0].difference:f}" == difference
    assert broken[0].missing == missing


def test_a_bill_that_counts_as_built_but_is_not_published_is_found(settings: Settings) -> None:
    make(settings, "delete from marts.mart_reconciliation where provider = 'gcp'")
    broken = [line for line in reconcile(settings).lines if not line.is_reconciled]
    assert {line.provider for line in broken} == {"gcp"}
    assert broken[0].missing == STAGES


def test_a_newer_delivery_is_pending_and_no_difference(settings: Settings) -> None:
    make(settings)
    craft(settings, [("aws", "2025-01")], build_id="build-2", lines=60, revision=3)
    found = reconcile(settings)
    assert found.is_reconciled
    assert found.pending == (("aws", "2025-01"),)


def test_months_can_be_chosen_and_unknown_ones_are_refused(settings: Settings) -> None:
    make(settings)
    found = reconcile(settings, [BillingPeriod(2025, 2)])
    assert {line.billing_period for line in found.lines} == {"2025-02"}
    with pytest.raises(BadInput, match="nothing has landed for billing period 2030-01; there are 2025-01, 2025-02"):
        reconcile(settings, [BillingPeriod(2030, 1)])


def test_before_anything_has_landed_there_is_nothing_to_reconcile(settings: Settings) -> None:
    with pytest.raises(NotReady, match="nothing has landed yet"):
        reconcile(settings)


def test_the_command_prints_every_stage_and_exits_0(settings: Settings) -> None:
    make(settings)
    run = CliRunner().invoke(app, ["reconcile"], env={"FINOPS_HOME": str(settings.root)})
    assert run.exit_code == 0
    for word in (*STAGES, "difference", "All 4 lines reconcile"):
        assert word in run.stdout


def test_the_command_exits_1_on_a_difference_and_its_json_tells_it_exactly(settings: Settings) -> None:
    make(settings, "update marts.mart_reconciliation set billed_cost = billed_cost + 0.01 where stage = 'daily'")
    run = CliRunner().invoke(app, ["reconcile", "--json"], env={"FINOPS_HOME": str(settings.root)})
    assert run.exit_code == 1
    told = json.loads(run.stdout)
    assert told["is_reconciled"] is False
    assert {line["difference"] for line in told["lines"]} == {"0.010000000000"}
