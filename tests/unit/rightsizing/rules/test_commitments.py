"""Commitments to buy, to use and to end, and what they cover."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from tests.unit.rightsizing.world import IDLE, known, resource, saving

from finops.rightsizing.rules import commitments, gpus


def commitment(**facts: Any) -> commitments.Commitment:
    usual = {"provider": "aws", "currency": "USD", "kind": "Savings Plan", "used_cost": Decimal(900)}
    usual |= {"unused_cost": Decimal(0), "savings_rate": Decimal(30), "utilization": Decimal(100)}
    return commitments.Commitment(**{**usual, **facts})


def test_commitments_are_bought_for_the_least_day_after_what_others_save() -> None:
    floors = {("aws", "USD"): (28, Decimal(24))}
    own = [commitment(kind="(all)")]
    [found] = commitments.found(floors, own, [], known(), {("aws", "USD"): Decimal(230)})
    # 24 a day are 730 a month; 500 of that remain, 80 % of them at 30 % less.
    assert (found.rule, saving(found)) == ("buy_commitment", 120)
    idle = [commitment(kind="(all)", unused_cost=Decimal(50))]
    assert list(commitments.found(floors, idle, [], known(), {})) == []
    assert list(commitments.found({("aws", "USD"): (20, Decimal(24))}, own, [], known(), {})) == []


def test_commitments_that_are_used_too_little_or_end_soon_are_told_and_save_nothing() -> None:
    few = [commitment(utilization=Decimal(60), unused_cost=Decimal(400))]
    ends = [
        commitments.Ending("aws", "USD", ident, "Savings Plan", Decimal(900), day)
        for ident, day in (("sp-soon", date(2025, 7, 15)), ("sp-late", date(2026, 1, 1)), ("sp-over", date(2025, 6, 1)))
    ]
    found = list(commitments.found({}, few, ends, known(), {}))
    assert [(each.rule, each.target.resource_id) for each in found] == [
        ("underused_commitment", "Savings Plan (USD)"),
        ("expiring_commitment", "sp-soon (USD)"),
    ]
    assert {each.monthly_saving for each in found} == {Decimal(0)}


def test_what_a_commitment_covers_says_on_which_day_it_would_be_saved_where_the_bill_knows() -> None:
    half = resource(instance_type="p3.2xlarge", usage=IDLE, covered=0.5)
    covered = replace(half, cost=replace(half.cost, commitments="sp-1, ri-2"))
    ends = {("aws", "sp-1"): date(2025, 9, 30), ("aws", "ri-2"): date(2026, 3, 31)}
    found = gpus.idle_gpu(covered, known(commitment_ends=ends))
    assert found is not None
    assert "saves nothing until that ends on 2026-03-31" in found.note
    unknown = gpus.idle_gpu(covered, known(commitment_ends={("aws", "sp-1"): date(2025, 9, 30)}))
    assert unknown is not None
    assert "the bill does not say when" in unknown.note


def test_what_a_commitment_covers_saves_nothing_and_the_note_says_so() -> None:
    half = gpus.idle_gpu(resource(instance_type="p3.2xlarge", usage=IDLE, covered=0.5), known())
    assert saving(half) == 500
    assert half is not None
    assert "a commitment covers 50 % of its cost, which saves nothing until that ends" in half.note


def test_what_saves_too_little_is_not_told() -> None:
    assert gpus.idle_gpu(resource("machine", 2, instance_type="p3.2xlarge", usage=IDLE), known()) is None
