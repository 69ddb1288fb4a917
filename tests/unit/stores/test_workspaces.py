"""Builds of different months have a workspace each, and a build that has ended keeps no room."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.crafted_warehouse import craft

from finops.core.errors import Superseded, Unavailable
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.pipelines import marts
from finops.stores import published, workspaces
from finops.stores.candidate import Verdict, save_verdict
from finops.stores.published import Publication
from finops.stores.state import builds
from finops.stores.state.store import open_state
from finops.transform.publish import publish

JANUARY, FEBRUARY = BillingPeriod(2025, 1), BillingPeriod(2025, 2)
FEW = ("fct_daily_costs", "mart_chargeback")


def build(settings: Settings, build_id: str, *months: BillingPeriod, revision: int = 0) -> Settings:
    """Leave a finished build of AWS's bills, passed by the gate, in the workspace of its months."""
    work = workspaces.for_months(settings, months)
    scope = [("aws", str(month)) for month in months]
    craft(work, scope, build_id=build_id, lines=30, marts=FEW, revision=revision)
    save_verdict(work, Verdict(build_id, True, (), ()))
    return work


@contextmanager
def held_by_another(settings: Settings) -> Iterator[None]:
    """Let another thread, which stands for another process, hold the workspace."""
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with workspaces.holding(settings):
            is_held.set()
            may_end.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    is_held.wait(30)
    try:
        yield
    finally:
        may_end.set()
        thread.join()


def cost(version: Publication, month: BillingPeriod) -> object:
    with version.connect() as connection:
        query = "select sum(billed_cost) from mart_chargeback where billing_period = ?"
        return connection.execute(query, [str(month)]).fetchone()


def names(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.work_dir.iterdir())


def test_a_month_has_a_workspace_of_its_own_and_several_months_share_one(settings: Settings) -> None:
    assert workspaces.for_months(settings, [JANUARY, JANUARY]).warehouse_dir == settings.root / "work" / "2025-01"
    assert workspaces.for_months(settings, [JANUARY, FEBRUARY]).workspace == "several"
    assert workspaces.for_months(settings, []).workspace == "several"


def test_a_build_of_another_month_waits_for_nobody(settings: Settings) -> None:
    january, february = (workspaces.for_months(settings, [month]) for month in (JANUARY, FEBRUARY))
    with held_by_another(january):
        with workspaces.holding(february, wait_seconds=0):
            pass
        with pytest.raises(Unavailable), workspaces.holding(january, wait_seconds=0):
            pass


def test_a_build_is_found_by_its_id_until_another_takes_its_place(settings: Settings) -> None:
    build(settings, "build-1", JANUARY)
    build(settings, "build-2", FEBRUARY)
    assert workspaces.of_build(settings, "build-1").workspace == "2025-01"
    assert workspaces.of_build(settings, "build-2").workspace == "2025-02"
    build(settings, "build-3", JANUARY)
    with pytest.raises(Superseded, match="build build-1 is in no workspace any more"):
        workspaces.of_build(settings, "build-1")


def test_a_publication_removes_workspaces_whose_build_has_ended_and_no_other(settings: Settings) -> None:
    (settings.root / "warehouse").mkdir(parents=True)
    publish(build(settings, "build-1", JANUARY))
    assert names(settings) == ["2025-01"], "the next build of the month finds what it needs not make again"
    assert not (settings.root / "warehouse").exists(), "releases before this one worked there"

    waits = build(settings, "build-2", FEBRUARY)
    publish(build(settings, "build-3", BillingPeriod(2025, 3)))
    assert names(settings) == ["2025-02", "2025-03"], "what waits for the gate stays"

    with open_state(settings).begin() as connection:
        builds.finish_build(connection, "build-2", "refused")
    with held_by_another(waits):
        publish(build(settings, "build-4", JANUARY))
    assert names(settings) == ["2025-01", "2025-02"], "what another run holds stays"


def test_months_built_at_once_are_published_one_after_the_other(settings: Settings) -> None:
    january, february = build(settings, "build-1", JANUARY), build(settings, "build-2", FEBRUARY)
    publish(february)
    version = publish(january)
    assert version.billing_periods == [JANUARY, FEBRUARY]


def test_what_was_published_since_a_build_began_is_left_out_of_it(settings: Settings) -> None:
    """It may have read an older delivery. What is still pending is built again, and the rest waits for nobody."""
    both = build(settings, "build-1", JANUARY, FEBRUARY)
    january = build(settings, "build-2", JANUARY, revision=1)
    expected = cost(publish(january), JANUARY)
    version = publish(both)
    assert version.billing_periods == [JANUARY, FEBRUARY]
    assert [each["billing_period"] for each in version.manifest["scope"]] == ["2025-02"]
    assert cost(version, JANUARY) == expected


def test_a_build_of_which_nothing_is_left_is_not_published(settings: Settings) -> None:
    both = build(settings, "build-1", JANUARY, FEBRUARY)
    for number, month in enumerate((JANUARY, FEBRUARY), start=2):
        current = publish(build(settings, f"build-{number}", month, revision=1))
    with pytest.raises(Superseded, match="newer builds have published what build build-1 holds"):
        publish(both)
    assert published.latest(settings) == current


def test_a_build_that_is_published_is_not_published_again_over_a_later_one(settings: Settings) -> None:
    """Airflow runs a task again whose end it did not hear of."""
    first = publish(build(settings, "build-1", JANUARY))
    current = publish(build(settings, "build-2", FEBRUARY))
    assert marts.publish(settings, "build-1") == first
    assert published.latest(settings) == current
