"""A monitoring system is asked for the days that are due, and its answer for a day is kept whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import Any

import pyarrow.parquet as pq
import pytest

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.policy.telemetry import AskedSource, AwsInventory
from finops.telemetry import asking
from finops.telemetry.asking import Asking, Rows, days_to_ask, take
from finops.telemetry.models import Gap

NOW = datetime(2025, 1, 31, 10, 20, tzinfo=UTC)
TODAY = NOW.date()


def days_before(*numbers: int) -> list[date]:
    return [TODAY - timedelta(days=number) for number in numbers]


class Played:
    """A monitoring system that has one training run a day and may fail. ``asked`` is what it was asked."""

    def __init__(self, status: str = "finished", fails: dict[date, Exception] | None = None) -> None:
        self.status, self.fails, self.asked, self.rows = status, fails or {}, [], 1

    def __enter__(self) -> Played:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def ask(self, day: date, until: datetime) -> Iterator[Rows]:
        self.asked.append((day, until))
        names = ("run_id", "model", "stage", "provider", "resource_id")
        row: dict[str, list[Any]] = {name: ["x"] * self.rows for name in names}
        row |= {name: [None] * self.rows for name in ("experiment", "model_version", "ended_at", "epochs")}
        row |= {"gpu_count": [8.0] * self.rows, "status": [self.status] * self.rows}
        yield row | {"started_at": [datetime(day.year, day.month, day.day, 9, tzinfo=UTC)] * self.rows}
        if error := self.fails.get(day):
            raise error


class Silent(Played):
    """A monitoring system that knows nothing."""

    def ask(self, day: date, until: datetime) -> Iterator[Rows]:
        self.asked.append((day, until))
        return iter(())


@pytest.fixture
def source() -> AskedSource:
    return AskedSource.model_validate({"name": "runs", "kind": "training_runs", "type": "played", "days_back": 2})


def look(settings: Settings, source: AskedSource, **more: Any) -> Asking:
    return Asking(settings, source, **{"now": NOW} | more)


def test_the_first_run_asks_for_today_and_the_days_before_it(settings: Settings, source: AskedSource) -> None:
    assert days_to_ask(look(settings, source), source) == days_before(2, 1, 0)


def test_a_day_that_is_over_is_asked_for_once_and_today_again(settings: Settings, source: AskedSource) -> None:
    take(look(settings, source), source, Played())
    assert days_to_ask(look(settings, source), source) == days_before(0)


def test_a_day_is_over_when_its_telemetry_has_settled(settings: Settings, source: AskedSource) -> None:
    midnight = datetime(2025, 2, 1, tzinfo=UTC)
    for minutes, is_over in ((14, False), (15, True)):
        take(look(settings, source, now=midnight + timedelta(minutes=minutes)), source, Played())
        due = days_to_ask(look(settings, source, now=midnight + timedelta(hours=1)), source)
        assert (TODAY not in due) is is_over


def test_of_the_open_day_only_full_hours_are_asked_for(settings: Settings, source: AskedSource) -> None:
    measured = source.model_copy(update={"kind": TelemetryKind.RESOURCE_METRICS})
    system = Silent()
    for moment in (NOW, NOW - timedelta(minutes=10), NOW.replace(hour=1, minute=14)):
        take(look(settings, measured, days=[TODAY], now=moment), measured, system)
    assert [until.strftime("%H:%M") for _, until in system.asked] == ["10:00", "09:00"]


def test_of_what_has_no_hours_all_is_asked_for(settings: Settings, source: AskedSource) -> None:
    system = Played()
    take(look(settings, source, days=[TODAY]), source, system)
    assert system.asked == [(TODAY, NOW)]


def test_a_day_whose_run_goes_on_is_asked_for_until_it_ends(settings: Settings, source: AskedSource) -> None:
    take(look(settings, source, days=days_before(20)), source, Played("running"))
    assert days_to_ask(look(settings, source), source)[0] == TODAY - timedelta(days=20)
    take(look(settings, source), source, Played())
    assert days_to_ask(look(settings, source), source) == days_before(0)


def test_a_run_that_never_ends_is_not_asked_for_for_ever(settings: Settings, source: AskedSource) -> None:
    take(look(settings, source, days=days_before(91, 90)), source, Played("running"))
    assert days_to_ask(look(settings, source), source)[0] == TODAY - timedelta(days=90)


def test_days_that_are_named_are_asked_for_whether_whole_or_not(settings: Settings, source: AskedSource) -> None:
    take(look(settings, source), source, Played())
    assert days_to_ask(look(settings, source, days=days_before(0, 1, 400)), source) == days_before(400, 1, 0)


def test_a_day_to_come_is_refused(settings: Settings, source: AskedSource) -> None:
    with pytest.raises(BadInput, match=r"2025-02-01 is still to come; name a day up to 2025-01-31 \(UTC\)"):
        days_to_ask(look(settings, source, days=[date(2025, 2, 1)]), source)


def test_after_another_question_the_recent_days_are_asked_for_anew_and_may_be_smaller(
    settings: Settings, source: AskedSource
) -> None:
    """Otherwise a day that was refused for a wrong query would stay so when the query is mended."""
    system = Played()
    system.rows = 10
    take(look(settings, source, days=days_before(20)), source, system)
    take(look(settings, source), source, system)
    other = source.model_copy(update={"name": "other"})
    same = source.model_copy(update={"timeout_seconds": 5, "days_back": 2})
    answers = look(settings, source)
    assert days_to_ask(answers, same) == days_before(0)
    assert days_to_ask(answers, other) == days_before(2, 1, 0)
    system.rows = 1
    assert take(answers, other, system) == ()
    assert days_to_ask(answers, other) == days_before(0)


def test_a_lost_day_is_asked_for_when_its_answer_is_lost_too(settings: Settings, source: AskedSource) -> None:
    old = days_before(300)
    assert days_to_ask(look(settings, source, lost=old), source)[0] == old[0]
    take(look(settings, source, days=old), source, Played())
    assert old[0] not in days_to_ask(look(settings, source, lost=old), source)


def test_an_answer_that_is_damaged_is_asked_for_again(settings: Settings, source: AskedSource) -> None:
    take(look(settings, source), source, Played())
    path = look(settings, source).folder / f"{TODAY - timedelta(days=1)}.parquet"
    path.write_bytes(b"PAR1 no more")
    assert days_to_ask(look(settings, source), source) == days_before(1, 0)


def test_a_day_that_is_refused_keeps_no_other_back(settings: Settings, source: AskedSource) -> None:
    first = TODAY - timedelta(days=2)
    faults = take(look(settings, source), source, Played(fails={first: BadInput("no")}))
    assert [(each.day, each.reason, each.is_waiting) for each in faults] == [(first, "no", False)]
    kept = sorted(path.name for path in look(settings, source).folder.iterdir())
    assert kept == [f"{day}.parquet" for day in days_before(1, 0)]


def test_a_system_that_does_not_answer_is_not_asked_on(settings: Settings, source: AskedSource) -> None:
    first = TODAY - timedelta(days=2)
    system = Played(fails={first: Unavailable("down")})
    [fault] = take(look(settings, source), source, system)
    assert fault.is_waiting
    assert [day for day, _ in system.asked] == [first]
    assert list(look(settings, source).folder.iterdir()) == []


def test_what_all_days_are_refused_for_is_said_once(settings: Settings, source: AskedSource) -> None:
    fails: dict[date, Exception] = dict.fromkeys(days_before(2, 1, 0), BadInput("bad login"))
    assert len(take(look(settings, source), source, Played(fails=fails))) == 1


def test_an_answer_that_lost_most_of_its_rows_needs_a_word(settings: Settings, source: AskedSource) -> None:
    system = Played()
    system.rows = 10
    day = days_before(1)
    assert take(look(settings, source, days=day), source, system) == ()
    system.rows = 4
    [fault] = take(look(settings, source, days=day), source, system)
    assert "the answer has 4 rows, and the one before had 10, which stays" in fault.reason
    path = look(settings, source).folder / f"{day[0]}.parquet"
    assert pq.read_metadata(path).num_rows == 10
    assert take(look(settings, source, days=day, accept_smaller=True), source, system) == ()
    assert pq.read_metadata(path).num_rows == 4


def test_more_rows_than_a_day_can_have_are_refused(
    settings: Settings, source: AskedSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_ROWS", 3)
    system = Played()
    system.rows = 4
    [fault] = take(look(settings, source, days=[TODAY]), source, system)
    assert fault.reason == "the answer has more than 3 rows of a day; ask for less"


class Inventoried(Played):
    """A cloud that knows what there is now: as many machines as ``rows``, but for its ``gaps``."""

    def __init__(self, *gaps: Gap) -> None:
        super().__init__()
        self.gaps = gaps

    def ask(self, day: date, until: datetime) -> Iterator[Rows | Gap]:
        self.asked.append((day, until))
        row: dict[str, list[Any]] = {"resource_id": [f"i-{each}" for each in range(self.rows)]}
        row |= {name: ["x"] * self.rows for name in ("provider", "resource_type", "account_id", "region")}
        yield row | {"observed_at": [until] * self.rows}
        yield from self.gaps


DOWN, CLOSED = Gap("disk in us-west-2", "it does not answer", is_waiting=True), Gap("bucket", "it is forbidden")


@pytest.fixture
def inventory() -> AskedSource:
    entry = {"name": "aws", "kind": "resource_inventory", "type": "aws_inventory", "regions": ["us-east-1"]}
    return AwsInventory.model_validate(entry)


def test_what_is_now_is_asked_for_today_once(settings: Settings, inventory: AskedSource) -> None:
    system = Inventoried()
    assert take(look(settings, inventory), inventory, system) == ()
    assert system.asked == [(TODAY, NOW)]
    assert days_to_ask(look(settings, inventory), inventory) == []
    tomorrow = NOW + timedelta(days=1)
    assert days_to_ask(look(settings, inventory, now=tomorrow), inventory) == [tomorrow.date()]


def test_a_past_day_of_what_is_now_is_told_and_not_asked(settings: Settings, inventory: AskedSource) -> None:
    system = Inventoried()
    past = days_before(3, 2)
    told = take(look(settings, inventory, days=[*past, TODAY], lost=days_before(9, 8)), inventory, system)
    assert [day for day, _ in system.asked] == [TODAY]
    assert [each.reason for each in told if each.is_note] == [
        "2025-01-28 is over, and aws_inventory tells what is now; the day keeps what has landed",
        "2025-01-29 is over, and aws_inventory tells what is now; the day keeps what has landed",
        "2 days that had landed are lost, the first is 2025-01-22; nobody can be asked for them again",
    ]


def test_a_day_with_a_gap_that_waits_is_asked_for_again_until_it_is_over(
    settings: Settings, inventory: AskedSource
) -> None:
    [fault] = take(look(settings, inventory), inventory, Inventoried(DOWN))
    assert (fault.reason, fault.is_waiting, fault.is_note) == (
        *("2025-01-31 has no disk in us-west-2: it does not answer", True),
        False,
    )
    assert days_to_ask(look(settings, inventory), inventory) == [TODAY]
    tomorrow = look(settings, inventory, now=NOW + timedelta(days=1))
    assert TODAY not in days_to_ask(tomorrow, inventory)


def test_a_day_whose_gap_no_next_run_fills_is_whole_and_told(settings: Settings, inventory: AskedSource) -> None:
    others = Gap("address in us-east-1", "it is forbidden")
    [note] = take(look(settings, inventory), inventory, Inventoried(CLOSED, others))
    assert (note.reason, note.is_note) == ("2025-01-31 has no bucket, address in us-east-1: it is forbidden", True)
    assert days_to_ask(look(settings, inventory), inventory) == []


def test_an_answer_replaces_one_of_the_day_that_lacks_as_much_and_no_other(
    settings: Settings, inventory: AskedSource
) -> None:
    again = look(settings, inventory, days=[TODAY])
    path = again.folder / f"{TODAY}.parquet"
    take(again, inventory, Inventoried(DOWN))
    [fault] = take(again, inventory, Inventoried(CLOSED))
    assert "the answer has no bucket, which an earlier one of the day has, so that stays" in fault.reason
    larger = Inventoried(DOWN)
    larger.rows = 2
    take(again, inventory, larger)
    assert pq.read_metadata(path).num_rows == 2
    assert take(again, inventory, larger)[0].is_waiting
    assert take(again, inventory, Inventoried()) == (), "what was down is there"
