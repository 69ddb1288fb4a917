"""Findings are held against waste that is known."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from finops.rightsizing.scoring import Score, Truth, read_truths, score

RUN_DATE = date(2025, 7, 1)
STOP = {"action": "stop_machine"}
RESIZE = {"action": "resize_machine", "instance_type": "g5.xlarge", "or": ["g6.xlarge"]}
BUSY = Truth("aws", "i-9", "oversized_machine", decoy="busy every night")


def row(rule: str, resource_id: str = "i-1", action: str = "", **changed: Any) -> dict[str, Any]:
    found = {
        "finding_key": f"{rule}:aws:{resource_id}",
        "provider": "aws",
        "resource_id": resource_id,
        "resource_type": "machine",
        "rule": rule,
        "action": action,
        "parameters": "{}",
        "facts": "{}",
        "status": "proposed" if action else "decision",
        "reason": "",
    }
    return {**found, **changed}


def idle(**facts: Any) -> Truth:
    return Truth(**{"provider": "aws", "resource_id": "i-1", "rule": "idle_gpu", "propose": STOP, **facts})


def scored(truths: list[Truth], *rows: dict[str, Any]) -> Score:
    return score(truths, rows, RUN_DATE)


def test_recall_by_rule_and_precision_with_what_else_is_found() -> None:
    found = scored(
        [idle(), idle(resource_id="i-2")], row("idle_gpu", action="stop_machine"), row("old_snapshot", "s-1")
    )
    assert (found.recall, found.precision) == (0.5, 0.5)
    assert (found.planted, found.found, found.others) == ({"idle_gpu": 2}, {"idle_gpu": 1}, {"old_snapshot": 1})
    assert found.lines() == [
        "1 of 2 planted wastes found as of 2025-07-01: recall 50.0%",
        "by rule: idle_gpu 1 of 2",
        "0 of 0 decoys proposed",
        "2 findings of resources, 1 of them planted: precision 50%; beside: old_snapshot 1",
        "missed: idle_gpu of aws i-2: nothing is found of it",
    ]


def test_waste_whose_finding_is_refused_is_missed_and_the_reason_said() -> None:
    refused = row("idle_gpu", action="stop_machine", status="refused", reason="it has a local disk")
    found = scored([idle()], refused)
    assert (found.recall, found.findings) == (0, 0)
    assert found.missed == ("idle_gpu of aws i-1: idle_gpu stop_machine is refused (it has a local disk)",)


def test_waste_whose_finding_waits_for_another_run_or_for_a_person_is_found() -> None:
    assert scored([idle()], row("idle_gpu", action="stop_machine", status="waiting")).recall == 1
    assert scored([idle(rule="gpu_memory_at_risk", propose={})], row("gpu_memory_at_risk")).recall == 1


def test_another_rule_finds_it_only_with_the_very_change_that_is_right() -> None:
    small = idle(rule="small_gpu_use", propose=RESIZE)

    def cheaper(instance_type: str) -> dict[str, Any]:
        return row(
            "cheaper_gpu_family", action="resize_machine", parameters=json.dumps({"instance_type": instance_type})
        )

    assert scored([small], cheaper("g6.xlarge")).recall == 1
    assert scored([small], cheaper("g6e.xlarge")).recall == 0
    assert scored([small], row("idle_machine", action="stop_machine")).recall == 0
    assert scored([idle()], row("idle_machine", action="stop_machine")).recall == 1


def test_waste_is_found_where_nothing_but_a_larger_saving_outdid_its_finding() -> None:
    outdone = row("spot_candidate", status="refused", reason="idle_gpu of the same resource saves more")
    stops = row("idle_gpu", action="stop_machine")
    spot = idle(rule="spot_candidate", propose={"action": "use_spot"})
    assert scored([spot], outdone, stops).recall == 1
    assert scored([spot], stops).recall == 0
    assert scored([spot], outdone, {**stops, "status": "suppressed"}).recall == 0


def test_a_finding_of_a_scaling_group_finds_its_members() -> None:
    group = row("spot_candidate", "asg-1", "use_spot", facts=json.dumps({"members": ["i-1", "i-2"]}))
    spot = [idle(rule="spot_candidate", resource_id=each) for each in ("i-1", "i-2", "i-3")]
    found = scored(spot, group)
    assert (found.found, found.right, found.findings) == ({"spot_candidate": 2}, 1, 1)


def test_a_decoy_is_proposed_by_its_rule_or_by_any_action_and_not_by_what_is_refused() -> None:
    said = scored(
        [BUSY], row("oversized_machine", "i-9", "resize_machine", status="waiting", reason="found 1 of 2 times")
    )
    assert said.proposed_decoys == (
        "oversized_machine of aws i-9 (busy every night): "
        "oversized_machine resize_machine is waiting (found 1 of 2 times)",
    )
    assert said.lines()[2] == "1 of 1 decoys proposed"
    assert scored([BUSY], row("idle_machine", "i-9", "stop_machine")).proposed_decoys
    assert not scored([BUSY], row("oversized_machine", "i-9", "resize_machine", status="refused")).proposed_decoys
    assert not scored([BUSY], row("spot_candidate", "i-9")).proposed_decoys


def test_findings_of_accounts_and_attacks_are_not_counted() -> None:
    found = scored([], row("buy_commitment", "x", resource_type="account"), row("suspected_attack", "e"))
    assert (found.findings, found.recall, found.precision) == (0, 1, 1)


def test_what_a_budget_stops_is_neither_waste_nor_a_decoy_that_is_proposed() -> None:
    stop = row("budget_breach", action="stop_machine")
    found = scored([idle(), BUSY], stop, row("budget_breach", "i-9", "stop_machine"))
    assert (found.findings, found.recall, found.precision, found.proposed_decoys) == (0, 0, 1, ())
    assert scored([idle()], stop, row("idle_gpu", action="stop_machine")).right == 1


def test_truths_are_those_of_the_last_known_days_month(tmp_path: Path) -> None:
    def truth(month: str, kpi: str = "waste", **known: Any) -> dict[str, Any]:
        keys = {"resource_id": "i-1", "resource_type": "machine", "rule": "idle_gpu"}
        return {"provider": "aws", "billing_period": month, "kpi": kpi, "keys": keys, "known": known}

    path = tmp_path / "truths.json"
    every = [
        truth("2025-05", is_decoy=False),
        truth("2025-06", is_decoy=False, propose=STOP),
        truth("2025-06", is_decoy=True, reason="bursts"),
        truth("2025-06", kpi="savings"),
    ]
    path.write_text(json.dumps(every))
    assert read_truths(path, RUN_DATE) == [idle(), idle(propose={}, decoy="bursts")]
    assert len(read_truths(path, date(2025, 6, 1))) == 1
