"""``channels.yml``: who is told, when, and what is wrong with it, by file, line and key."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from finops.core.errors import BadInput
from finops.core.events import Event, Severity
from finops.core.settings import Settings
from finops.notifications import routing
from finops.notifications.digest import digest_of
from finops.policy import channels, cost_centers
from finops.policy.channels import Digest, QuietHours
from finops.stores.state.outbox import Entry

TWO = "channels:\n  - {name: a, type: slack}\n  - {name: b, type: mail, to: x@y.example}\n"
FRIDAY = datetime(2026, 1, 2, tzinfo=UTC)


def load(folder: Path, text: str) -> channels.Channels:
    (folder / channels.FILE).write_text(text, encoding="utf-8")
    return channels.load(Settings(home=folder, config_dir=folder, channel_hosts="127.0.0.1:99"))


def event(**values: object) -> Event:
    return Event(**{"kind": "k", "key": "x", "severity": Severity.INFO, "title": "t", "text": "", **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("channels:\n  - {name: a, type: fax}", r"channels.yml:2: channels\[1\]: unknown type fax; known are 'slack'"),
        ("channels:\n  - {name: A b, type: slack}", r":2: channels\[1\].name"),
        (TWO + "  - {name: a, type: teams}", r":4: channels\[3\].name: channel a appears twice"),
        (TWO + "routes:\n  - {to: c}", r":5: routes\[1\].to: there is no channel 'c'; known are a, b"),
        (TWO + "otherwise: [a, z]", r":4: otherwise: there is no channel 'z'"),
        (TWO + "routes:\n  - {severity: urgent, to: a}", r":5: routes\[1\].severity"),
        ("channels:\n  - {name: a, type: webhook, to: 'http://10.0.0.1/x'}", "must be an https:// address"),
        ("channels:\n  - {name: a, type: webhook, to: 'https://u:p@x.example'}", "must hold no password"),
        ("channels:\n  - {name: a, type: webhook, to: 'https://x.example?token=1'}", "must hold no password"),
        ("channels:\n  - {name: a, type: mail, to: 'x@y.example, z@y.example'}", r"channels\[1\].to"),
        ("channels:\n  - {name: a, type: slack, quiet_hours: {begin: 25:00, end: 7:00}}", "quiet_hours.begin"),
        (
            "channels:\n  - {name: a, type: slack, quiet_hours: {begin: 20:00, end: 07:00, time_zone: Moon}}",
            "time zone",
        ),
        ("channels:\n  - {name: a, type: slack, connection: c, secret_file: f}", "keep one of them"),
    ],
)
def test_a_fault_is_named_with_file_line_and_key(text, says, tmp_path):
    with pytest.raises(BadInput, match=says):
        load(tmp_path, text)


def test_without_the_file_there_are_no_channels(tmp_path):
    assert channels.load(Settings(home=tmp_path, config_dir=tmp_path)).channels == ()


def test_every_route_that_matches_adds_its_channels_and_otherwise_is_for_the_rest(tmp_path):
    routes = "routes:\n  - {severity: critical, to: a}\n  - {owner: cc-1, to: [b, a]}\n  - {kind: quiet, to: []}\n"
    content = load(tmp_path, TWO + routes + "otherwise: b\n")
    assert routing.channels_for(content, event(severity=Severity.CRITICAL)) == ["a"]
    assert routing.channels_for(content, event(severity=Severity.CRITICAL, owner="cc-1")) == ["a", "b"]
    assert routing.channels_for(content, event()) == ["b"]
    assert routing.channels_for(content, event(kind="quiet")) == [], "such events are in digests alone"


def test_a_cost_centre_s_own_channel_hears_of_what_concerns_it_and_what_is_below(tmp_path):
    groups = "{cost_center: tech, channel: a}, {cost_center: cc-1, parent: tech}"
    (tmp_path / "cost_centers.yml").write_text(
        f"cost_centers: [{groups}, {{cost_center: cc-2, parent: tech, channel: b}}, {{cost_center: cc-3}}]", "utf-8"
    )
    known = cost_centers.load(Settings(home=tmp_path, config_dir=tmp_path))
    content = load(tmp_path, TWO + "routes:\n  - {severity: critical, to: b}\notherwise: b\n")
    told = {
        owner: routing.channels_for(content, event(owner=owner), known) for owner in ("tech", "cc-1", "cc-2", "cc-3")
    }
    assert told == {"tech": ["a"], "cc-1": ["a"], "cc-2": ["b"], "cc-3": ["b"]}
    urgent = event(owner="cc-1", severity=Severity.CRITICAL)
    assert routing.channels_for(content, urgent, known) == ["b", "a"], "a route takes nothing from the owner"


def test_an_event_s_own_channel_hears_of_it_and_one_that_is_not_there_is_passed_over(tmp_path):
    content = load(tmp_path, TWO + "otherwise: b\n")
    assert routing.channels_for(content, event(channel="a")) == ["a"]
    assert routing.channels_for(content, event(channel="gone")) == ["b"]


@pytest.mark.parametrize(
    ("hour", "day", "ends"),
    [(12, 2, (2, 12)), (21, 2, (5, 6)), (3, 2, (2, 6)), (10, 3, (5, 6)), (23, 4, (5, 6)), (5, 5, (5, 6))],
)
def test_quiet_hours_pass_midnight_and_the_weekend_in_the_time_of_their_zone(hour, day, ends):
    quiet = QuietHours(begin=time(20), end=time(7), time_zone="Europe/Berlin", weekends=True)
    found = quiet.ends(FRIDAY.replace(day=day, hour=hour))
    assert (found.day, found.hour) == ends


def test_quiet_hours_end_on_the_days_that_clocks_change():
    quiet = QuietHours(begin=time(1), end=time(2, 30), time_zone="Europe/Berlin")
    for day, hour in ((29, 0), (29, 1)):
        now = datetime(2026, 3, day, hour, 15, tzinfo=UTC)
        assert now <= quiet.ends(now) <= datetime(2026, 3, 29, 2, tzinfo=UTC)


def test_critical_events_go_through_quiet_hours(tmp_path):
    text = "channels:\n  - {name: a, type: slack, quiet_hours: {begin: 20:00, end: 07:00}}\n"
    (channel,) = load(tmp_path, text).channels
    night = FRIDAY.replace(hour=23)
    assert routing.due_at(channel, Severity.CRITICAL, night) == night
    assert routing.due_at(channel, Severity.WARNING, night) == datetime(2026, 1, 3, 7, tzinfo=UTC)


def test_a_digest_is_of_the_last_whole_day_or_week_and_tells_the_worst_first():
    now = FRIDAY.replace(hour=9)
    daily, weekly = Digest(every="day", at=time(8), to=("a",)), Digest(every="week", at=time(10), to=("a",))
    assert [each.day for each in daily.last(now)] == [1, 2]
    assert [f"{each:%m-%d %H}" for each in weekly.last(now)] == ["12-22 10", "12-29 10"]
    entries = [
        Entry(event(title="small"), now, None, None, None),
        Entry(event(title="large", severity=Severity.CRITICAL), now, now, "Ann", None),
        Entry(event(title="over", severity=Severity.WARNING), now, None, None, now),
    ]
    found = digest_of(daily, *daily.last(now), entries)
    assert found is not None
    assert found.text.splitlines() == ["Critical, with Ann: large", "Warning, ended: over", "Info, open: small"]
    assert found.title.startswith("3 events of the day, 2026-01-01 08:00 to 2026-01-02 08:00 UTC")
    assert digest_of(daily, *daily.last(now), []) is None
