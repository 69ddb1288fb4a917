"""A schedule of Google Cloud's own stops and starts a machine; nobody else's is touched."""

from __future__ import annotations

from collections import Counter

import pytest
from cloud_steps import Refused, World, apply
from gcp_cases import ATTACH, CREATE_POLICY, DETACH, LATE, OFFICE_HOURS, RESIZE, STOPPED

pytestmark = pytest.mark.integration


def test_a_machine_that_sleeps_when_its_schedule_goes_is_started(world: World) -> None:
    """Nothing else would start it."""
    running = world.change("schedule_machine", world.has("machine"), **OFFICE_HOURS)
    undo = apply(world, running).undo
    assert undo is not None
    assert undo.parameters == {"is_started": True}
    asleep = world.change("remove_schedule", world.has("machine", schedule=LATE, **STOPPED), **undo.parameters)
    world.effects()
    assert apply(world, asleep).after.state == "RUNNING"
    assert world.effects() == Counter([DETACH, RESIZE[2]])


def test_what_was_stopped_before_it_had_a_schedule_stays_stopped_without_it(world: World) -> None:
    asked = world.change("schedule_machine", world.has("machine", **STOPPED), **OFFICE_HOURS)
    undo = apply(world, asked).undo
    assert undo is not None
    assert apply(world, undo).after.state == "TERMINATED"


def test_the_schedule_says_local_hours_and_is_made_once_for_all_machines_of_the_region(world: World) -> None:
    first, second = (world.has("machine") for _ in range(2))
    apply(world, world.change("schedule_machine", first, **OFFICE_HOURS))
    done = apply(world, world.change("schedule_machine", second, **OFFICE_HOURS))
    assert world.effects() == Counter([CREATE_POLICY, ATTACH, ATTACH])
    said = {name: done.after.facts["schedule"][name] for name in ("start", "stop", "time_zone")}
    assert said == {"start": "0 7 * * 1,2,3,4,5", "stop": "0 19 * * *", "time_zone": "Europe/Berlin"}


def test_a_schedule_that_somebody_else_has_made_is_neither_replaced_nor_taken_off(world: World) -> None:
    machine = world.has("machine", schedule=LATE, schedule_name="nightly")
    with pytest.raises(Refused, match="schedule nightly already"):
        apply(world, world.change("schedule_machine", machine, **OFFICE_HOURS))
    with pytest.raises(Refused, match="somebody else has made its schedule nightly"):
        apply(world, world.change("remove_schedule", machine))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"stop_at": "7pm"}, "7pm or 07:00 is no time"),
        ({"time_zone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
        ({"skip_days": ["funday"]}, "'funday' is no day of the week"),
        ({"skip_days": ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]}, "started on no day"),
    ],
)
def test_hours_that_make_no_sense_are_refused_by_name(world: World, asked: dict[str, object], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        apply(world, world.change("schedule_machine", world.has("machine"), **{**OFFICE_HOURS, **asked}))
