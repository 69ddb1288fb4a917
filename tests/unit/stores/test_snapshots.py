"""As of a moment: each provider's newest snapshot that is not after it, and one clear line where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import Connection

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.stores import snapshots
from finops.stores.snapshots import Snapshot, SnapshotTotal
from finops.stores.state.store import open_state

JUNE, JULY = BillingPeriod(2025, 6), BillingPeriod(2025, 7)
NOON = datetime(2025, 7, 3, 12, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)


def snapshot(
    build_id: str, published_at: datetime, provider: Provider = Provider.AWS, period: BillingPeriod = JUNE
) -> Snapshot:
    return Snapshot(
        provider=provider,
        billing_period=period,
        build_id=build_id,
        published_at=published_at,
        input_digest="0" * 64,
        deliveries=(),
        relative_path=f"{build_id}.parquet",
        sha256="0" * 64,
        row_count=1,
        totals=(SnapshotTotal("USD", 1, Decimal("1.000000000000"), Decimal("1.000000000000")),),
    )


@pytest.fixture
def state(settings: Settings) -> Iterator[Connection]:
    """AWS published June on the 3rd and the 5th, GCP on the 5th alone."""
    with open_state(settings).begin() as connection:
        snapshots.record(connection, snapshot("second", NOON + timedelta(days=2)))
        snapshots.record(connection, snapshot("second", NOON + timedelta(days=2), Provider.GCP))
        snapshots.record(connection, snapshot("first", NOON))
        snapshots.record(connection, snapshot("other month", NOON - timedelta(days=9), period=JULY))
        yield connection


def as_of(state: Connection, moment: datetime | None, provider: Provider | None = None) -> list[tuple[str, str]]:
    return [(each.provider, each.build_id) for each in snapshots.as_of(state, JUNE, moment, provider)]


def test_loads_are_listed_oldest_first(state: Connection) -> None:
    found = [(each.build_id, each.provider) for each in snapshots.of_period(state, JUNE)]
    assert found == [("first", "aws"), ("second", "aws"), ("second", "gcp")]


def test_a_load_counts_from_the_very_moment_it_was_published(state: Connection) -> None:
    second = NOON + timedelta(days=2)
    assert as_of(state, NOON) == [("aws", "first")]
    assert as_of(state, second - MOMENT) == [("aws", "first")]
    assert as_of(state, second) == as_of(state, None) == [("aws", "second"), ("gcp", "second")]
    assert as_of(state, second, Provider.GCP) == [("gcp", "second")]


def test_before_the_first_load_the_first_load_is_named(state: Connection) -> None:
    with pytest.raises(
        BadInput, match=r"nothing of 2025-06 was published by .*11:59.*; its first snapshot is build first of "
    ):
        snapshots.as_of(state, JUNE, NOON - MOMENT)
    with pytest.raises(BadInput, match=r"nothing of gcp of 2025-06 was published by .*build second of 2025-07-05"):
        snapshots.as_of(state, JUNE, NOON, Provider.GCP)


def test_a_month_that_never_loaded_is_told_which_did(state: Connection) -> None:
    with pytest.raises(BadInput, match=r"nothing was published for 2024-01 \(the history holds 2025-06 to 2025-07\)"):
        snapshots.as_of(state, BillingPeriod(2024, 1), None)
    with pytest.raises(BadInput, match=r"nothing of azure was published for 2025-06"):
        snapshots.as_of(state, JUNE, None, Provider.AZURE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-07-03", datetime(2025, 7, 3, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2025-07-03T12:00", NOON),
        ("2025-07-03T12:00:00.000Z", NOON),
        ("2025-07-03T14:00+02:00", NOON.astimezone(timezone(timedelta(hours=2)))),
        ("first", NOON),
    ],
)
def test_a_moment_is_a_days_end_a_timestamp_or_a_build(state: Connection, text: str, expected: datetime) -> None:
    assert snapshots.moment_of(state, JUNE, text) == expected


def test_a_moment_as_printed_means_the_same_load(state: Connection) -> None:
    for each in snapshots.of_period(state, JUNE):
        assert snapshots.moment_of(state, JUNE, snapshots.written(each.published_at)) == each.published_at


def test_what_is_no_moment_is_told_the_builds_there_are(state: Connection) -> None:
    with pytest.raises(BadInput, match=r"'yesterday' is no day .* or build .*2025-06; the builds .* first, second$"):
        snapshots.moment_of(state, JUNE, "yesterday")
    with pytest.raises(BadInput, match=r"'other month' is no day"):
        snapshots.moment_of(state, JUNE, "other month")
