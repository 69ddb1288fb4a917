"""A set made in steps is the set made at once, whatever order and repeats; what is unfinished is never shown."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.chargeback.published_version import Bill, bill, publish_version

from finops.chargeback import month, service
from finops.chargeback.formats import csv_file
from finops.chargeback.publish import drafts, final, sets
from finops.chargeback.publish.drafts import Draft, Plan
from finops.chargeback.statement.models import Statement
from finops.core.errors import BadInput, Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

JUNE = BillingPeriod(2026, 6)
HOSTILE = "../../x\r\n=cmd|' /C calc'!A0 💸 <script>"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home and a configuration of its own: a reporting currency, a budget, and two months in two currencies."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "currency.yml").write_text(
        "reporting_currency: EUR\nrates:\n"
        + "".join(f"- {{billing_period: 2026-0{m}, from: USD, to: EUR, rate: '0.9137'}}\n" for m in (5, 6))
    )
    settings = Settings(home=tmp_path / "home", config_dir=config)
    publish_version(settings, bills())
    return settings


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write one file for each audience instead of five: what is told of a draft does not hang on which they are."""

    def write_files(place: Path, statement: Statement, _owners: object) -> None:
        csv_file.write_csv(statement, place / "statement.csv")

    monkeypatch.setattr(sets, "write_files", write_files)


def bills(factor: str = "1") -> list[Bill]:
    may = [bill("2026-05-03", "90", cost_center="cc-1001"), bill("2026-05-04", "0.015", cost_center=HOSTILE)]
    june = [
        bill("2026-06-03", str(Decimal("10.005") * Decimal(factor)), "0", commitment_discount_status="Used"),
        bill("2026-06-04", "-3.335", cost_center="cc-1002", charge_category="Credit", has_required_tags=False),
        bill("2026-06-05", "7.125", cost_center="cc-1002", billing_currency="EUR", provider="azure"),
        bill("2026-06-06", "20.335", cost_center=HOSTILE, ai_model=HOSTILE, service_name="1.50"),
        bill("2026-06-07", "1.115", cost_center="(unallocated)"),
    ]
    return may + june


def planned(settings: Settings) -> tuple[Draft, Plan]:
    ((draft, plan),) = drafts.plan(settings, [JUNE]).items()
    return draft, plan


def rendered(settings: Settings) -> Draft:
    draft, plan = planned(settings)
    for each in plan.audiences:
        drafts.render(settings, draft, each.folder)
    return draft


def shown(settings: Settings) -> dict[str, bytes]:
    """Return every file that readers find, by its relative path."""
    folder = (settings.statements_dir / f"billing_period={JUNE}").resolve()
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def lying_about(settings: Settings) -> list[str]:
    return [p.name for p in (settings.statements_dir / ".sets").glob("*/draft-*")]


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_of_rendering_and_any_repeat_give_the_bytes_that_the_command_gives(
    settings: Settings, seed: int
) -> None:
    at_once = service.publish(settings, JUNE)
    folder, bytes_at_once = at_once.path.resolve(), shown(settings)
    draft, plan = planned(settings)
    order = [each.folder for each in plan.audiences] * 2
    random.Random(seed).shuffle(order)
    for audience in order:
        drafts.render(settings, draft, audience)
    in_steps = drafts.complete(settings, draft)
    assert in_steps.path.resolve() != folder
    assert shown(settings) == bytes_at_once
    assert (in_steps.digest, in_steps.status) == (at_once.digest, "provisional")
    assert lying_about(settings) == []


def test_a_process_of_its_own_writes_the_same_bytes(settings: Settings) -> None:
    """Nothing hangs on what one process has in memory: not the order of its sets, not its fonts."""
    service.publish(settings, JUNE)
    expected = shown(settings)
    draft, plan = planned(settings)
    script = f"""
from finops.chargeback.publish import drafts
from finops.core.settings import Settings
for audience in {[each.folder for each in plan.audiences]!r}:
    drafts.render(Settings(home={str(settings.root)!r}), drafts.Draft({draft.name!r}), audience)
"""
    subprocess.run([sys.executable, "-c", script], check=True, env={"PYTHONHASHSEED": "7", "PATH": ""})
    drafts.complete(settings, draft)
    assert shown(settings) == expected


cheaply = pytest.mark.usefixtures("cheap")


@cheaply
def test_nothing_is_shown_before_every_audience_is_rendered(settings: Settings) -> None:
    service.publish(settings, JUNE)
    before = shown(settings)
    publish_version(settings, bills("2"), build_id="build-2")
    draft, plan = planned(settings)
    *some, last = (each.folder for each in plan.audiences)
    for audience in some:
        drafts.render(settings, draft, audience)
    with pytest.raises(Finding, match=f"the statement of {last} for 2026-06 was not rendered"):
        drafts.complete(settings, draft)
    assert shown(settings) == before
    drafts.render(settings, draft, last)  # its task is cleared, and the run goes on
    assert drafts.complete(settings, draft).build_id == "build-2"


@cheaply
def test_a_task_that_fails_while_it_writes_leaves_nothing_that_could_be_taken_for_a_statement(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, _ = planned(settings)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(csv_file, "write_csv", fail)
    with pytest.raises(BadInput, match="No space left on device"):
        drafts.render(settings, draft, "cc-1001")
    assert list((settings.statements_dir / draft.name / "set").iterdir()) == []
    assert not (settings.statements_dir / f"billing_period={JUNE}").exists()


@pytest.mark.parametrize("harm", ["changed", "removed", "added", "a stranger"])
@cheaply
def test_files_that_are_not_those_that_were_rendered_are_never_shown(settings: Settings, harm: str) -> None:
    draft = rendered(settings)
    folder = settings.statements_dir / draft.name / "set"
    if harm == "changed":
        with (folder / "cc-1001" / "statement.csv").open("a") as file:
            file.write("x")
    elif harm == "removed":
        (folder / "cc-1001" / "statement.csv").unlink()
    else:
        (folder / ("cc-1001" if harm == "added" else "") / "cc-9999").mkdir()
        (folder / ("cc-1001" if harm == "added" else "") / "cc-9999" / "statement.csv").write_text("x")
    with pytest.raises(Finding, match=r"is not what was rendered|was not planned"):
        drafts.complete(settings, draft)
    assert not (settings.statements_dir / f"billing_period={JUNE}").exists()


@cheaply
def test_a_composed_statement_that_was_touched_is_not_rendered(settings: Settings) -> None:
    draft, _ = planned(settings)
    path = settings.statements_dir / draft.name / "statements" / "cc-1001.json"
    path.write_text(path.read_text().replace("10.005", "10.995"))
    with pytest.raises(Finding, match="is not the statement that was planned"):
        drafts.render(settings, draft, "cc-1001")


@cheaply
def test_the_next_plan_clears_away_what_a_killed_run_left_and_its_tasks_write_no_more(settings: Settings) -> None:
    left = rendered(settings)
    publish_version(settings, bills("2"), build_id="build-2")
    draft = rendered(settings)
    assert lying_about(settings) == [Path(draft.name).name]
    for step in (lambda: drafts.render(settings, left, "cc-1001"), lambda: drafts.complete(settings, left)):
        with pytest.raises(BadInput, match="has gone; have the month's statements written again"):
            step()
    assert drafts.complete(settings, draft).build_id == "build-2"


@cheaply
def test_a_set_that_another_run_has_shown_since_is_not_replaced_by_the_older_one(settings: Settings) -> None:
    service.publish(settings, JUNE)
    draft = rendered(settings)
    publish_version(settings, bills("2"), build_id="build-2")
    service.publish(settings, JUNE)  # by hand, while the DAG's run is between its tasks
    done = drafts.complete(settings, draft)
    assert (done.build_id, lying_about(settings)) == ("build-2", [])
    assert "another run has published 2026-06" in done.notice


@cheaply
def test_publishing_by_hand_leaves_the_draft_of_a_run_that_is_under_way(settings: Settings) -> None:
    draft, _ = planned(settings)
    service.publish(settings, JUNE)
    drafts.render(settings, draft, "cc-1001")
    assert lying_about(settings) == [Path(draft.name).name]


@pytest.mark.parametrize("killed_at", ["show", "rmtree"])
@cheaply
def test_the_last_step_killed_at_any_point_is_finished_by_its_repeat(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    draft = rendered(settings)

    class Killed(BaseException):
        """Stands in for a signal."""

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(sets if killed_at == "show" else shutil, killed_at, killed)
        with pytest.raises(Killed):
            drafts.complete(settings, draft)
    done = drafts.complete(settings, draft)
    assert done.path.resolve().name == draft.set_name
    assert json.loads(shown(settings)["manifest.json"])["digest"] == done.digest
    assert drafts.complete(settings, draft).digest == done.digest, "a third time too"


@cheaply
def test_a_month_closed_meanwhile_keeps_its_final_statements(settings: Settings) -> None:
    draft = rendered(settings)
    service.close(settings, JUNE, "Ann Lee")
    final = shown(settings)
    done = drafts.complete(settings, draft)
    assert (done.status, shown(settings), lying_about(settings)) == ("final", final, [])


@cheaply
def test_a_close_killed_before_its_statements_were_shown_wins_over_the_draft(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = rendered(settings)
    with monkeypatch.context() as patch:
        patch.setattr(final, "put_back", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            service.close(settings, JUNE, "Ann Lee")
    assert drafts.complete(settings, draft).status == "final"
    assert json.loads(shown(settings)["manifest.json"])["status"] == "final"


@cheaply
def test_several_months_are_planned_at_once_and_completed_each_by_itself(settings: Settings) -> None:
    may, june = drafts.plan(settings, [JUNE.previous, JUNE]).items()
    assert (may[0].period, june[0].period) == (JUNE.previous, JUNE)
    for each in june[1].audiences:
        drafts.render(settings, june[0], each.folder)
    assert drafts.complete(settings, june[0]).billing_period == JUNE
    with pytest.raises(Finding, match="for 2026-05 was not rendered"):
        drafts.complete(settings, may[0])


@cheaply
def test_a_month_that_does_not_tie_out_gets_no_draft(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    read = month.read

    def with_a_planted_cent(*arguments: object) -> object:
        month = read(*arguments)  # type: ignore[arg-type]
        first, *others = month.charges
        return replace(month, charges=(replace(first, billed_cost=first.billed_cost + Decimal("0.01")), *others))

    monkeypatch.setattr(drafts, "read", with_a_planted_cent)
    with pytest.raises(Finding, match=r"differ by 0\.01"):
        drafts.plan(settings, [JUNE])
    assert lying_about(settings) == []
