"""An inventory is answered part by part: each whole or not at all, and none holds back another."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.policy.telemetry import AwsInventory
from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories import parts
from finops.telemetry.monitors.inventories.parts import Denied, Inventory, Part, Row, Silent, word

NOW = datetime(2025, 1, 31, 10, tzinfo=UTC)
Listing = Callable[[], Iterator[Row | Gap]]


class Played(Inventory):
    """A cloud with these listings, by type, service and place."""

    def __init__(self, listings: dict[tuple[str, str, str], Listing], **left_out: bool) -> None:
        entry = {"name": "x", "kind": "resource_inventory", "type": "aws_inventory", "regions": ["us-east-1"]}
        super().__init__(AwsInventory.model_validate(entry), "aws", left_out)
        self._listings = listings

    def parts(self) -> Iterator[Part]:
        for (kind, service, place), listing in self._listings.items():
            yield Part(kind, place, service, listing)

    def explain(self, error: Exception, part: Part) -> FinopsError | None:
        return Unavailable("its SDK failed") if isinstance(error, LookupError) else None

    def answer(self) -> tuple[list[str], list[Gap]]:
        """Return the ids of what it has, and the gaps."""
        found = list(self.ask(NOW.date(), NOW))
        rows = [each for each in found if not isinstance(each, Gap)]
        return [name for each in rows for name in each["resource_id"]], [
            each for each in found if isinstance(each, Gap)
        ]


def row(name: str, **more: Any) -> Row:
    return {"resource_id": name, "account_id": "1", "region": "r"} | more


def has(*names: str) -> Listing:
    return lambda: iter([row(each) for each in names])


def failing(error: Exception, *names: str) -> Listing:
    def listing() -> Iterator[Row]:
        yield from map(row, names)
        raise error

    return listing


def test_a_part_that_fails_on_a_later_page_leaves_no_row_and_holds_back_no_other() -> None:
    denied = Denied("ec2:DescribeVolumes", "aws/read.json")
    cloud = Played(
        {
            ("machine", "ec2", "a"): has("i-1"),
            ("disk", "ec2", "a"): failing(denied, "vol-1", "vol-2"),
            ("address", "ec2", "a"): failing(LookupError()),
            ("bucket", "s3", "a"): has("b-1"),
        }
    )
    says = "the login lacks ec2:DescribeVolumes, which deploy/permissions/aws/read.json gives"
    assert cloud.answer() == (
        ["i-1", "b-1"],
        [Gap("disk in a", says), Gap("address in a", "its SDK failed", is_waiting=True)],
    )


def test_a_service_that_is_silent_is_asked_for_nothing_more_in_its_place() -> None:
    asked: list[str] = []

    def never() -> Iterator[Row]:
        asked.append("again")
        yield row("x")

    silent = Silent("ec2 in a does not answer")
    listings = {
        ("machine", "ec2", "a"): failing(silent),
        ("disk", "ec2", "a"): never,
        ("disk", "ec2", "b"): has("vol-1"),
    }
    found, gaps = Played(listings).answer()
    assert (found, asked) == (["vol-1"], [])
    assert [(each.part, each.is_waiting) for each in gaps] == [("machine in a", True), ("disk in a", True)]


def test_where_no_part_answers_the_first_failure_is_raised() -> None:
    first, second = BadInput("no credentials"), Unavailable("busy")
    with pytest.raises(BadInput, match="no credentials"):
        Played({("machine", "ec2", "a"): failing(first), ("disk", "ec2", "a"): failing(second)}).answer()


def test_an_account_in_which_nothing_is_has_an_answer() -> None:
    assert Played({("machine", "ec2", "a"): has()}).answer() == ([], [])


def test_what_is_none_of_the_clouds_errors_is_not_taken_for_a_gap() -> None:
    with pytest.raises(OSError, match="disk full"):
        Played({("machine", "ec2", "a"): has("i-1"), ("disk", "ec2", "a"): failing(OSError("disk full"))}).answer()


def test_types_that_are_left_out_are_not_asked_for() -> None:
    listings = {("machine", "ec2", "a"): has("i-1"), ("disk", "ec2", "a"): failing(BadInput("asked"))}
    assert Played(listings, disk=False).answer() == (["i-1"], [])


def test_rows_come_back_as_they_were_with_what_is_known_of_them_as_json() -> None:
    made = row("i-1", created_at=NOW, tags={"a": "b"}, details={"iops": 3000, "throughput": None})
    [found] = Played({("machine", "ec2", "a"): lambda: iter([made])}).ask(NOW.date(), NOW)
    assert not isinstance(found, Gap)
    assert {name: values[0] for name, values in found.items()} == {
        **{"resource_id": "i-1", "account_id": "1", "region": "r", "resource_type": "machine", "provider": "aws"},
        **{"observed_at": NOW, "created_at": NOW, "tags": '{"a": "b"}', "details": '{"iops": 3000}'},
    }


def test_an_account_of_50_000_machines_is_never_in_memory_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_IN_MEMORY", 1 << 20)
    tags = {"team": "vision" * 20}
    cloud = Played({("machine", "ec2", "a"): lambda: (row(f"i-{n}", tags=tags, created_at=NOW) for n in range(50_000))})
    tracemalloc.start()
    try:
        sizes = [len(each["resource_id"]) for each in cloud.ask(NOW.date(), NOW) if not isinstance(each, Gap)]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) == 50_000
    assert max(sizes) == 1_000
    assert most < 8 << 20, "the rows are 15 MB as text"


def test_the_doctor_hears_of_every_missing_permission_at_once_and_of_what_else_first() -> None:
    lacks = {("machine", "ec2", "a"): failing(Denied("x:A", "f")), ("disk", "ec2", "a"): failing(Denied("x:B", "f"))}
    gap = {("bucket", "s3", "a"): lambda: iter([Gap("tags of some buckets", "the login lacks s3:X")])}
    with pytest.raises(BadInput) as caught:
        Played(lacks | gap).reach()
    assert str(caught.value) == (
        "the login lacks x:A, which deploy/permissions/f gives; the login lacks x:B, which deploy/permissions/f gives; "
        "no tags of some buckets: the login lacks s3:X"
    )
    with pytest.raises(Unavailable, match="its SDK failed"):
        Played(lacks | {("address", "ec2", "a"): failing(LookupError())}).reach()
    elsewhere = {("machine", "ec2", "b"): failing(LookupError("asked"))}
    Played({("machine", "ec2", "a"): has()} | elsewhere).reach()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("InService", "in_service"),
        ("in-use", "in_use"),
        ("RUNNING", "running"),
        ("Unattached", "unattached"),
        ("", None),
    ],
)
def test_a_state_is_one_lower_case_word(state: str, said: str | None) -> None:
    assert word(state) == said
