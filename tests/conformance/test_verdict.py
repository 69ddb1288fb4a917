"""The validator's output is read to the last rule, and only what breaks the whole counts."""

# ruff: noqa: E501 - its lines are as long as they are
from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.conformance.allowed import ALLOWED, breaches
from tests.conformance.verdict import Unreadable, judge, parse

OUTPUT = """
=== Validation Results ===
Total: 12 | Pass: 3 | Fail: 8 | Skipped: 1
⏭️ BilledCost-C-004-M: SKIPPED  (violations=0, reason=not implemented, msg=not implemented)
✅ BilledCost-C-001-M: PASS  (violations=0, 1.5ms)
✅ InvoiceId-C-000-O: PASS  (violations=0, msg=InvoiceId-C-000-O: AND passed - all child rules succeeded: [InvoiceId-C-003-C])
✅ InvoiceId-C-003-C: PASS  (violations=0, msg=InvoiceId-C-003-C: OR passed - satisfied by rules: [model_rule_reference#1])
❌ BilledCost-C-000-M: FAIL  (violations=1, msg=BilledCost-C-000-M: AND failed - failed child rules: [BilledCost-C-005-C])
❌ BilledCost-C-005-C: FAIL  (violations=88436, msg=BilledCost MUST equal '0'., 33.3ms)
❌ CostAndUsage-D-000-M: FAIL  (violations=1, msg=CostAndUsage-D-000-M: AND failed - failed child rules: [BilledCost-C-000-M, SkuMeter-C-000-C])
❌ InvoiceId-C-005-C: FAIL  (violations=99445, msg=InvoiceId MUST NOT be NULL., 3.4ms)
❌ SkuMeter-C-000-C: FAIL  (violations=1, msg=SkuMeter-C-000-C: OR failed - all child rules failed: [SkuMeter-C-004-C, SkuMeter-C-005-C])
❌ SkuMeter-C-004-C: FAIL  (violations=178, msg=SkuMeter MUST be NULL. [Upstream dependency failed: SkuId-C-000-C - x], 7.1ms)
❌ SkuMeter-C-005-C: FAIL  (violations=3, msg=SkuMeter SHOULD NOT be NULL (see, for one, 'a, b')., 7.1ms)
❌ Tags-C-009-M: FAIL  (violations=2)

--- Failures ---
- BilledCost-C-005-C: violations=88436; BilledCost MUST equal '0'.
  MustSatisfy: BilledCost MUST be 0 for charges where payments are received by a third party.
  Sample violations:
    BilledCost='❌ Fake-C-001-M: FAIL  (violations=1)'
"""

PARENTS = {
    "BilledCost-C-005-C": ["BilledCost-C-000-M"],
    "BilledCost-C-000-M": ["CostAndUsage-D-000-M"],
    "InvoiceId-C-005-C": ["InvoiceId-C-003-C"],
    "InvoiceId-C-003-C": ["InvoiceId-C-000-O"],
    "InvoiceId-C-000-O": ["CostAndUsage-D-000-M"],
    "SkuMeter-C-004-C": ["SkuMeter-C-000-C"],
    "SkuMeter-C-005-C": ["SkuMeter-C-000-C"],
    "SkuMeter-C-000-C": ["CostAndUsage-D-000-M"],
    "Tags-C-009-M": ["BilledCost-C-004-M"],
}


def test_every_rule_is_read_with_its_status_count_and_message() -> None:
    results = parse(OUTPUT)

    assert len(results) == 12
    assert results["BilledCost-C-005-C"].violations == 88436
    assert results["BilledCost-C-005-C"].message == "BilledCost MUST equal '0'."
    assert results["SkuMeter-C-005-C"].message == "SkuMeter SHOULD NOT be NULL (see, for one, 'a, b')."
    assert results["BilledCost-C-004-M"].status == "SKIPPED"
    assert results["Tags-C-009-M"].message == ""


def test_a_rule_made_of_others_is_not_named_beside_its_leaves() -> None:
    verdict = judge(parse(OUTPUT), PARENTS, {})

    assert {each.rule for each in verdict.failed} == {"SkuMeter-C-004-C", "SkuMeter-C-005-C", "Tags-C-009-M"}


def test_a_leaf_whose_alternative_holds_breaks_nothing() -> None:
    verdict = judge(parse(OUTPUT), PARENTS, {})

    assert "InvoiceId-C-005-C" not in {each.rule for each in (*verdict.failed, *verdict.allowed)}


def test_the_same_leaf_breaks_the_whole_when_its_parent_is_unknown_or_was_not_judged() -> None:
    parents = {**PARENTS, "InvoiceId-C-005-C": []}

    # It breaks the whole then, and is one of those that may.
    assert "InvoiceId-C-005-C" in {each.rule for each in judge(parse(OUTPUT), parents, {}).allowed}
    # Its parent BilledCost-C-004-M was skipped: nobody says that Tags holds without it.
    assert "Tags-C-009-M" in {each.rule for each in judge(parse(OUTPUT), PARENTS, {}).failed}


def test_only_rules_that_contradict_the_specification_may_fail_each_with_its_reason() -> None:
    assert set(ALLOWED) == {
        "CommitmentDiscountStatus-C-004-C",
        "BilledCost-C-005-C",
        "CapacityReservationStatus-C-003-C",
        "CapacityReservationStatus-C-004-C",
        "EffectiveCost-C-005-C",
        "InvoiceId-C-004-C",
        "InvoiceId-C-005-C",
    }
    assert all(len(allowed.reason.split()) > 8 for allowed in ALLOWED.values())
    assert [each.rule for each in judge(parse(OUTPUT), PARENTS, {}).allowed] == ["BilledCost-C-005-C"]


def test_an_allowed_rule_still_fails_where_its_own_words_are_broken(tmp_path: Path) -> None:
    charge = {
        "ChargeCategory": "'Usage'",
        "CommitmentDiscountId": "'plan'",
        "CommitmentDiscountStatus": "null::varchar",
        "CapacityReservationId": "'block'",
        "CapacityReservationStatus": "'Used'",
        "EffectiveCost": "1.5",
    }
    parquet = tmp_path / "focus.parquet"
    duckdb.sql(f"select {', '.join(f'{sql} as {name}' for name, sql in charge.items())}").write_parquet(str(parquet))

    found = breaches(parquet)

    assert found == {"CommitmentDiscountStatus-C-004-C": 1}
    assert "CommitmentDiscountStatus-C-004-C" in {each.rule for each in judge(parse(OUTPUT), PARENTS, found).failed}


@pytest.mark.parametrize(
    "output",
    [
        "Traceback (most recent call last):\n  boom",
        OUTPUT.replace("Fail: 8", "Fail: 9"),
        OUTPUT.replace("❌ Tags-C-009-M: FAIL", "❌ Tags-C-009-M: ERROR"),
    ],
)
def test_output_that_breaks_off_or_does_not_add_up_is_no_verdict(output: str) -> None:
    with pytest.raises(Unreadable):
        parse(output)
