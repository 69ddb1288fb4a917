"""A build goes on without the months it cannot build, and names them; dbt is a stand-in here, and real in a test below
``tests/integration``."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from finops.core.errors import BadInput, Unavailable
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.stores.state.period_inputs import PeriodInput
from finops.transform import buildable, inputs
from finops.transform.runner import DbtFailed

MONTHS = [PeriodInput(Provider.AWS, BillingPeriod(2025, month), ()) for month in range(1, 9)]


class Dbt:
    """Fails when a bad month is in scope, or all of some months that only together are bad."""

    def __init__(self, *bad: PeriodInput, together: Sequence[PeriodInput] = ()) -> None:
        self.bad, self.together = bad, set(together)
        self.runs: list[list[PeriodInput]] = []

    def __call__(self, items: Sequence[PeriodInput]) -> list[object]:
        self.runs.append(list(items))
        for each in self.bad:
            if each in items:
                raise DbtFailed(f"dbt could not build stg_aws_cur2: {each.billing_period}")
        if self.together and self.together <= set(items):
            raise DbtFailed("dbt's test statements_are_the_focus_fact does not hold")
        return []


def outcome(settings: Settings, dbt: Dbt, *, all_or_nothing: bool = False) -> buildable.Outcome:
    return buildable.build(settings, MONTHS, dbt, all_or_nothing=all_or_nothing)  # type: ignore[arg-type]


def test_a_build_without_a_fault_is_one_run_of_dbt(settings: Settings) -> None:
    dbt = Dbt()
    assert outcome(settings, dbt).built == MONTHS
    assert dbt.runs == [MONTHS]


def test_each_month_that_fails_is_found_with_its_own_reason_and_the_others_are_built_together(
    settings: Settings,
) -> None:
    dbt = Dbt(MONTHS[2], MONTHS[7])
    done = outcome(settings, dbt)
    assert done.error is None
    assert done.faults == [
        (MONTHS[2], "dbt could not build stg_aws_cur2: 2025-03"),
        (MONTHS[7], "dbt could not build stg_aws_cur2: 2025-08"),
    ]
    assert done.built == [each for each in MONTHS if each not in (MONTHS[2], MONTHS[7])]
    assert dbt.runs[-1] == done.built, "what the warehouse holds at the end is what is published"


def test_one_bad_month_of_eight_takes_at_most_twice_the_logarithm_of_runs(settings: Settings) -> None:
    dbt = Dbt(MONTHS[5])
    outcome(settings, dbt)
    assert len(dbt.runs) <= 1 + 2 * 3 + 1


def test_a_fault_that_no_month_has_by_itself_holds_nothing_back_and_builds_nothing(settings: Settings) -> None:
    done = outcome(settings, Dbt(together=[MONTHS[0], MONTHS[7]]))
    assert (done.built, done.faults) == ([], [])
    assert "statements_are_the_focus_fact" in str(done.error)


def test_where_every_month_fails_nothing_is_built_and_each_is_at_fault(settings: Settings) -> None:
    done = outcome(settings, Dbt(*MONTHS))
    assert (done.built, [item for item, _ in done.faults]) == ([], MONTHS)
    assert "2025-01" in str(done.error)


def test_all_or_nothing_looks_for_no_culprit(settings: Settings) -> None:
    dbt = Dbt(MONTHS[0])
    done = outcome(settings, dbt, all_or_nothing=True)
    assert (done.built, done.faults, len(dbt.runs)) == ([], [], 1)


def test_a_machine_without_memory_is_no_fault_of_a_month(settings: Settings) -> None:
    def run(_items: Sequence[PeriodInput]) -> list[object]:
        raise Unavailable("dbt could not build fct_focus_costs: Out of Memory Error")

    with pytest.raises(Unavailable):
        outcome(settings, run)  # type: ignore[arg-type]


def test_a_month_whose_landed_file_is_gone_is_at_fault_before_dbt_runs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "damaged_file", lambda _settings, item: "gone" if item in MONTHS[1:] else None)
    dbt = Dbt()
    done = outcome(settings, dbt)
    assert (done.built, [item for item, _ in done.faults]) == (MONTHS[:1], MONTHS[1:])
    assert dbt.runs == [MONTHS[:1]]
    monkeypatch.setattr(inputs, "damaged_file", lambda *_: "gone")
    assert isinstance(outcome(settings, dbt).error, BadInput)
