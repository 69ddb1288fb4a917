"""The state store on SQLite and on a real PostgreSQL server: the same schema, the same promises."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

from finops.core.errors import BadInput, Unavailable
from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.stores import snapshots
from finops.stores.snapshots import Snapshot, SnapshotDelivery, SnapshotTotal
from finops.stores.state import builds, closing, ledger, period_inputs, rejections, store
from finops.stores.state.closing import ClosedPeriod, InvoiceKey, LockedRate, SignOff
from finops.stores.state.ledger import Delivery, LandedFile, Total
from finops.stores.state.store import open_state
from finops.stores.state.tables import metadata

JANUARY = BillingPeriod(2025, 1)
NOON = datetime(2025, 2, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with an empty state store on each engine."""
    if request.param == "sqlite":
        return Settings(home=tmp_path)
    url = request.getfixturevalue("postgres_url")
    name = "t" + str(abs(hash(request.node.nodeid)))
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"drop database if exists {name}"))
        connection.execute(text(f"create database {name}"))
    return Settings(home=tmp_path, state_url=url.rsplit("/", 1)[0] + f"/{name}")


def delivery(name: str, *, source: str = "bill", produced_at: datetime = NOON, cost: str = "1") -> Delivery:
    return Delivery(
        delivery_id=name,
        provider=Provider.AWS,
        source=source,
        format=SourceFormat.AWS_CUR2,
        billing_period=JANUARY,
        fingerprint=f"seen-{name}",
        origin="s3://bucket/prefix",
        produced_at=produced_at,
        landed_at=NOON,
        relative_path=f"provider=aws/source={source}/billing_period=2025-01/delivery={name}",
        row_count=2,
        byte_count=10,
        billing_accounts=("111111111111",),
        new_columns=("x_team",),
        files=(LandedFile("a.parquet", "data/a.parquet", 10, "0" * 64, 2, None),),
        totals=(Total("USD", 2, Decimal(cost), Decimal(cost)),),
    )


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(settings: Settings) -> None:
    with open_state(settings).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "finops_schema", "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_codes_revision_is_the_newest_migration() -> None:
    scripts = ScriptDirectory(str(Path(store.__file__).parent / "migrations"))
    assert scripts.get_current_head() == store.SCHEMA_REVISION


def test_a_store_of_the_first_revision_keeps_its_deliveries_and_knows_their_fingerprints(settings: Settings) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    old = create_engine(settings.state_database_url)
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "insert into deliveries values ('d', 'aws', 'bill', 'aws_cur2', '2025-01', 'seen-d', 'file:///x', "
                "'2025-02-01 12:00:00', '2025-02-01 12:00:00', 'p', 1, 1, '[]', '[]')"
            )
        )
    old.dispose()
    with open_state(settings).begin() as connection:
        assert ledger.seen_as(connection, Provider.AWS, "bill", JANUARY, "seen-d")
        assert ledger.produced_at(connection, "d") == NOON


def test_a_store_of_a_newer_version_is_not_touched(settings: Settings) -> None:
    with open_state(settings).begin() as connection:
        connection.execute(text("update finops_schema set version_num = '9999'"))
    store._open.cache_clear()
    with pytest.raises(BadInput, match="not known to this version"):
        open_state(settings)


def test_what_is_recorded_is_read_back_exactly(settings: Settings) -> None:
    exact = "123456789012345678901234.123456789012"
    recorded = delivery("d", cost=exact)
    with open_state(settings).begin() as connection:
        ledger.record(connection, recorded)
    with open_state(settings).begin() as connection:
        found = ledger.current(connection, Provider.AWS, JANUARY)
    assert found == [recorded]
    assert (found[0].files, found[0].totals) == (recorded.files, recorded.totals)
    assert str(found[0].totals[0].source_cost) == exact
    assert found[0].produced_at.tzinfo is not None


def test_the_newest_recorded_delivery_is_current_and_the_old_one_stays_on_record(settings: Settings) -> None:
    with open_state(settings).begin() as connection:
        ledger.record(connection, delivery("old"))
        ledger.record(connection, replace(delivery("new"), landed_at=NOON + timedelta(hours=1)))
        assert [d.delivery_id for d in ledger.current(connection)] == ["new"]
        assert [d.delivery_id for d in ledger.history(connection, Provider.AWS, "bill", JANUARY)] == ["old", "new"]


def test_a_transaction_that_fails_leaves_neither_rows_nor_pointer(settings: Settings) -> None:
    def record_and_fail() -> None:
        with open_state(settings).begin() as connection:
            ledger.record(connection, delivery("d"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        record_and_fail()
    with open_state(settings).begin() as connection:
        assert ledger.current(connection) == []
        assert not ledger.seen_as(connection, Provider.AWS, "bill", JANUARY, "seen-d")


def test_the_same_delivery_is_recorded_once(settings: Settings) -> None:
    with open_state(settings).begin() as connection:
        ledger.record(connection, delivery("d"))
    with pytest.raises(Exception, match=r"(?i)unique"), open_state(settings).begin() as connection:
        ledger.record(connection, delivery("d"))


def test_known_bytes_under_a_new_fingerprint_are_remembered_with_their_newest_time(settings: Settings) -> None:
    with open_state(settings).begin() as connection:
        ledger.record(connection, delivery("d"))
        assert not ledger.seen_as(connection, Provider.AWS, "bill", JANUARY, "again")
        ledger.remember(connection, delivery("d"), "again", NOON + timedelta(days=1))
        assert ledger.seen_as(connection, Provider.AWS, "bill", JANUARY, "again")
        assert ledger.produced_at(connection, "d") == NOON + timedelta(days=1)


def _at_once(work: Callable[[int], None], count: int = 8) -> list[BaseException]:
    errors: list[BaseException] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_runs_that_record_at_once_keep_one_current_delivery(settings: Settings) -> None:
    engine = open_state(settings)

    def record(number: int) -> None:
        with engine.begin() as connection:
            ledger.record(connection, delivery(f"d{number}"))

    assert _at_once(record) == []
    with engine.begin() as connection:
        assert len(ledger.current(connection)) == 1
        assert len(ledger.history(connection, Provider.AWS, "bill", JANUARY)) == 8


def test_processes_that_open_a_new_store_at_once_migrate_it_once(settings: Settings) -> None:
    url = settings.state_database_url
    assert _at_once(lambda _: store._open.__wrapped__(url, None), 4) == []
    assert inspect(open_state(settings)).has_table("deliveries")


def test_a_period_is_pending_until_it_is_built_from_what_is_current(settings: Settings) -> None:
    with open_state(settings).begin() as connection:
        ledger.record(connection, delivery("d"))
        pending = period_inputs.pending(connection)
        assert [(i.provider, i.billing_period) for i in pending] == [(Provider.AWS, JANUARY)]
        builds.start_build(connection, "b1")
        builds.mark_built(connection, "b1", {(i.provider, i.billing_period): i.digest for i in pending})
        assert period_inputs.pending(connection) == []
        ledger.record(connection, delivery("restated"))
        assert len(period_inputs.pending(connection)) == 1
        builds.start_build(connection, "b2")
        builds.mark_built(
            connection, "b2", {(i.provider, i.billing_period): i.digest for i in period_inputs.pending(connection)}
        )
        assert period_inputs.pending(connection) == []
        builds.finish_build(connection, "b2", "published")
        assert {b.build_id: b.outcome for b in builds.builds(connection)} == {"b1": "running", "b2": "published"}


def test_a_load_is_read_back_exactly_and_recorded_once(settings: Settings) -> None:
    exact = Decimal("12345678901234567890123456.123456789012")
    recorded = Snapshot(
        provider=Provider.AWS,
        billing_period=JANUARY,
        build_id="b1",
        published_at=NOON + timedelta(milliseconds=7),
        input_digest="0" * 64,
        deliveries=(SnapshotDelivery("d", "bill", NOON, 2),),
        relative_path="fct_daily_costs/provider=aws/billing_period=2025-01/b1.parquet",
        sha256="1" * 64,
        row_count=3_000_000_000,
        totals=(SnapshotTotal("EUR", 1, exact, -exact), SnapshotTotal("USD", 2, Decimal(0), Decimal("0.000000000001"))),
    )
    with open_state(settings).begin() as connection:
        snapshots.record(connection, recorded)
    with pytest.raises(Exception, match=r"(?i)unique"), open_state(settings).begin() as connection:
        snapshots.record(connection, recorded)
    with open_state(settings).begin() as connection:
        assert snapshots.of_period(connection, JANUARY) == [recorded]
        assert snapshots.as_of(connection, JANUARY, recorded.published_at) == [recorded]
        with pytest.raises(BadInput, match="nothing of 2025-01 was published by"):
            snapshots.as_of(connection, JANUARY, NOON)


def test_what_was_last_built_is_known_with_the_moment_it_was_published(settings: Settings) -> None:
    with open_state(settings).begin() as connection:
        assert builds.last_built(connection, Provider.AWS, JANUARY) is None
        builds.start_build(connection, "b1")
        builds.mark_built(connection, "b1", {(Provider.AWS, JANUARY): "digest"})
        builds.finish_build(connection, "b1", "published")
        found = builds.last_built(connection, Provider.AWS, JANUARY)
        (build,) = builds.builds(connection)
    assert found == builds.Built("digest", "b1", build.finished_at)


def test_each_month_names_the_builds_that_its_providers_were_last_published_by(settings: Settings) -> None:
    february = JANUARY.next
    scopes = {
        "b1": [(Provider.AWS, JANUARY), (Provider.GCP, JANUARY), (Provider.AWS, february)],
        "b2": [(Provider.AWS, JANUARY)],
    }
    with open_state(settings).begin() as connection:
        assert (builds.last_builds(connection), builds.began(connection, [])) == ({}, {})
        for build_id, pairs in scopes.items():
            builds.start_build(connection, build_id)
            builds.mark_built(connection, build_id, dict.fromkeys(pairs, "digest"))
            builds.finish_build(connection, build_id, "published")
        second, first = builds.builds(connection)
        last = builds.last_builds(connection)
        began = builds.began(connection, ["b1", "b2", "unknown"])
    assert {month: sorted(each.build_id for each in found) for month, found in last.items()} == {
        JANUARY: ["b1", "b2"],
        february: ["b1"],
    }
    assert last[february] == [first]
    assert began == {"b1": first.started_at, "b2": second.started_at}


def test_an_attempt_stands_once_until_it_is_resolved(settings: Settings) -> None:
    noted = {"provider": Provider.AWS, "source": "bill", "fingerprint": "f", "outcome": "waiting"}
    with open_state(settings).begin() as connection:
        for _ in range(2):
            rejections.record(connection, **noted, period=JANUARY, reason="no manifest")
            rejections.record(connection, **noted, period=None, reason="by hand")
        assert [a.reason for a in rejections.standing(connection)] == ["no manifest", "by hand"]
        rejections.resolve(connection, Provider.AWS, "bill", JANUARY, keep=["no manifest"])
        assert len(rejections.standing(connection)) == 2
        rejections.resolve(connection, Provider.AWS, "bill", JANUARY)
        rejections.resolve(connection, Provider.AWS, "bill", None)
        assert rejections.standing(connection) == []
        rejections.record(connection, **noted, period=JANUARY, reason="no manifest")
        assert len(rejections.standing(connection)) == 1


def test_a_store_that_cannot_be_reached_is_one_line_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        open_state(Settings(home=tmp_path, state_url="postgresql+psycopg://u:canary@127.0.0.1:1/none"))
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_sign_off_keeps_its_amount_exactly(settings: Settings) -> None:
    key = InvoiceKey(JANUARY, "AWS", "INV-1", "", "USD")
    made = SignOff(key, Decimal("-12345678901234567.000000000001"), "Ann", "late fee, agreed with AWS", NOON)
    with open_state(settings).begin() as connection:
        closing.record_sign_off(connection, made)
    with open_state(settings).connect() as connection:
        assert closing.sign_offs(connection) == [made]


def test_a_month_is_closed_once_and_keeps_its_rates_to_the_last_digit(settings: Settings) -> None:
    rate = LockedRate("EUR", "USD", Decimal("1.038912345678901234"), "bank")
    closed = ClosedPeriod(JANUARY, NOON, "Ann", "build-1", "d" * 64, {"charges.parquet": "a" * 64}, (rate,))
    with open_state(settings).begin() as connection:
        closing.record_closed(connection, closed)
    with open_state(settings).connect() as connection:
        assert closing.closed_periods(connection) == {JANUARY: closed}
    with pytest.raises(IntegrityError), open_state(settings).begin() as connection:
        closing.record_closed(connection, closed)
