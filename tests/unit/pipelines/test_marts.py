"""The steps of a pipeline: their order, when they stop, and what they do without configuration."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from finops.core.errors import Finding, Unavailable
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.pipelines import marts
from finops.stores import workspaces

JANUARY = BillingPeriod(2025, 1)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let stand-ins of the features note that they were called."""
    calls: list[str] = []

    def stand_in(target: str, answer: object) -> None:
        def step(*_arguments: object, **_options: object) -> object:
            calls.append(target)
            return answer

        monkeypatch.setattr(f"finops.{target}", step)

    stand_in("transform.service.build", SimpleNamespace(build_id="b1"))
    stand_in("quality.service.check", SimpleNamespace(passed=True))
    stand_in("quality.service.check_again", None)
    stand_in("transform.publish.leave_out_replaced", None)
    stand_in("transform.publish.publish", SimpleNamespace(build_id="b1"))
    monkeypatch.setattr("finops.pipelines.marts._recorded", lambda _settings, _build_id: None)
    monkeypatch.setattr("finops.stores.workspaces.of_build", lambda settings, _build_id: settings)
    return calls


def test_a_command_runs_the_steps_in_order_and_says_where_it_is(settings: Settings, called: list[str]) -> None:
    said: list[str] = []
    done = marts.run(settings, None, lambda message, *_: said.append(message))
    assert called == [
        "transform.service.build",
        "quality.service.check",
        "transform.publish.leave_out_replaced",
        "quality.service.check_again",
        "transform.publish.publish",
    ]
    assert said == ["gate", "publish"]
    assert done is not None
    assert (done.candidate.build_id, done.verdict.passed, done.publication.build_id) == ("b1", True, "b1")


def test_no_other_build_starts_between_a_build_and_its_publication(
    settings: Settings, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[BaseException] = []

    def another() -> None:
        try:
            with workspaces.holding(settings, wait_seconds=0):
                pass
        except Unavailable as error:
            refused.append(error)

    def check(settings: Settings, build_id: str) -> SimpleNamespace:
        with workspaces.holding(settings, wait_seconds=0):
            thread = threading.Thread(target=another)
            thread.start()
            thread.join()
        return SimpleNamespace(passed=True)

    monkeypatch.setattr("finops.quality.service.check", check)
    marts.run(settings, None, lambda *_: None)
    assert len(refused) == 1
    another()
    assert len(refused) == 1, "it is free again"


def test_what_the_gate_refuses_is_not_published(
    settings: Settings, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_settings: Settings, _build_id: str) -> None:
        raise Finding("a cent is missing")

    monkeypatch.setattr("finops.quality.service.check", refuse)
    with pytest.raises(Finding, match="a cent is missing"):
        marts.run(settings, None, lambda *_: None)
    assert "transform.publish.publish" not in called


def test_a_named_month_with_nothing_pending_is_built_by_the_command_alone(
    settings: Settings, called: list[str]
) -> None:
    assert marts.build(settings, [JANUARY]) is None
    assert called == []
    assert marts.run(settings, [JANUARY], lambda *_: None) is not None
    assert called[0] == "transform.service.build"


def test_nothing_to_build_leaves_the_gate_alone(
    settings: Settings, called: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("finops.transform.service.build", lambda *_arguments, **_options: None)
    assert marts.run(settings, None, lambda *_: None) is None
    assert called == []
