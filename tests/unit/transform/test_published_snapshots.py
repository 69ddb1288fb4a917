"""Every version that a reader could see leaves its daily rows in the history: once, exactly, whatever is killed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import delete
from tests.crafted_warehouse import craft, edit

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.stores import published, snapshots
from finops.stores.candidate import Verdict, save_verdict
from finops.stores.snapshots import Snapshot
from finops.stores.state import ledger, tables
from finops.stores.state.store import open_state
from finops.transform import publish, published_snapshots

JANUARY = BillingPeriod(2025, 1)
AWS = [("aws", "2025-01")]
BOTH = [*AWS, ("gcp", "2025-01")]


def make(settings: Settings, scope: list[tuple[str, str]], build_id: str, revision: int = 0) -> None:
    offer(settings, scope, build_id, revision)
    publish.publish(settings)


def offer(settings: Settings, scope: list[tuple[str, str]], build_id: str, revision: int = 0) -> None:
    craft(settings, scope, build_id=build_id, revision=revision, lines=60, marts=("fct_daily_costs",))
    save_verdict(settings, Verdict(build_id, True, (), ()))


def recorded(settings: Settings, provider: Provider | None = None) -> list[Snapshot]:
    with open_state(settings).connect() as state:
        return snapshots.of_period(state, JANUARY, provider)


def rows(settings: Settings, *of: Snapshot) -> list[tuple[object, ...]]:
    return duckdb.sql(f"select * from ({snapshots.daily_sql(settings, of)}) order by all").fetchall()


def current_rows(settings: Settings, provider: str) -> list[tuple[object, ...]]:
    with published.latest(settings).connect() as connection:
        query = (
            f"select * from fct_daily_costs where provider = '{provider}' and billing_period = '2025-01' order by all"
        )
        return connection.execute(query).fetchall()


def files(settings: Settings) -> list[str]:
    return sorted(str(path.relative_to(settings.history_dir)) for path in settings.history_dir.rglob("*.parquet"))


def test_a_load_holds_what_was_published_and_says_from_which_deliveries(settings: Settings) -> None:
    make(settings, BOTH, "build-1")
    was = current_rows(settings, "aws")
    make(settings, BOTH, "build-2", revision=1)
    first, second = recorded(settings, Provider.AWS)
    assert rows(settings, first) == was
    assert rows(settings, second) == current_rows(settings, "aws") != was
    assert first.row_count == len(was)
    assert first.published_at < second.published_at
    with open_state(settings).connect() as state:
        old, new = ledger.history(state, Provider.AWS, "bill", JANUARY)
    for snapshot, delivery in ((first, old), (second, new)):
        (noted,) = snapshot.deliveries
        assert (noted.delivery_id, noted.source) == (delivery.delivery_id, "bill")
        assert (noted.produced_at, noted.row_count) == (delivery.produced_at, 60)


def test_the_totals_of_a_load_are_those_of_its_rows_to_the_last_decimal_and_per_currency(settings: Settings) -> None:
    make(settings, AWS, "build-1")
    (snapshot,) = recorded(settings)
    sums = duckdb.sql(
        "select billing_currency, count(*), sum(billed_cost), sum(effective_cost)"
        f" from ({snapshots.daily_sql(settings, [snapshot])}) group by all order by all"
    ).fetchall()
    noted = [(t.billing_currency, t.row_count, t.billed_cost, t.effective_cost) for t in snapshot.totals]
    assert noted == sums
    assert [currency for currency, *_ in sums] == ["EUR", "USD"]


def test_a_load_with_the_rows_of_the_one_before_refers_to_its_file(settings: Settings) -> None:
    for number, revision in enumerate((0, 0, 1, 0)):
        make(settings, AWS, f"build-{number}", revision)
    folder = "fct_daily_costs/provider=aws/billing_period=2025-01"
    paths = [snapshot.relative_path for snapshot in recorded(settings)]
    assert paths == [f"{folder}/build-{number}.parquet" for number in (0, 0, 2, 3)]
    assert files(settings) == [f"{folder}/build-{number}.parquet" for number in (0, 2, 3)]


def test_only_the_scope_is_loaded_however_many_months_there_are(settings: Settings) -> None:
    make(settings, [("aws", f"2024-{month:02d}") for month in range(1, 13)] + BOTH, "build-1")
    before = files(settings)
    make(settings, AWS, "build-2", revision=1)
    assert set(files(settings)) - set(before) == {"fct_daily_costs/provider=aws/billing_period=2025-01/build-2.parquet"}
    assert [snapshot.build_id for snapshot in recorded(settings, Provider.GCP)] == ["build-1"]


def test_a_month_published_empty_is_a_load_without_rows(settings: Settings) -> None:
    make(settings, AWS, "build-1")
    offer(settings, AWS, "build-2", revision=1)
    edit(settings, "delete from marts.fct_daily_costs")
    publish.publish(settings)
    empty = recorded(settings)[-1]
    assert (empty.row_count, empty.totals, rows(settings, empty)) == (0, (), [])


def test_a_version_killed_before_it_was_recorded_is_recorded_before_another_takes_its_place(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link has moved, readers have seen the version, and then another build comes first."""
    make(settings, BOTH, "build-1")
    offer(settings, AWS, "build-2", revision=1)
    with monkeypatch.context() as patch:
        patch.setattr(published_snapshots, "keep", _killed)
        with pytest.raises(KeyboardInterrupt):
            publish.publish(settings)
    seen = current_rows(settings, "aws")
    make(settings, [("gcp", "2025-01")], "build-3", revision=2)
    assert [snapshot.build_id for snapshot in recorded(settings, Provider.AWS)] == ["build-1", "build-2"]
    lost = recorded(settings, Provider.AWS)[-1]
    assert rows(settings, lost) == seen
    assert lost.deliveries


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_month_published_before_there_was_a_history_is_loaded_before_it_is_replaced(settings: Settings) -> None:
    make(settings, BOTH, "build-1")
    make(settings, [("gcp", "2025-01")], "build-2", revision=1)
    was = current_rows(settings, "aws")
    _forget_the_history(settings)
    make(settings, AWS, "build-3", revision=2)
    before, after = recorded(settings)
    assert [before.build_id, after.build_id] == ["build-1", "build-3"]
    assert rows(settings, before) == was
    assert (before.deliveries, len(after.deliveries)) == ((), 1)
    assert before.published_at < after.published_at


def _forget_the_history(settings: Settings) -> None:
    """Leave what a version of the platform without one leaves."""
    import json
    import shutil

    shutil.rmtree(settings.history_dir)
    with open_state(settings).begin() as state:
        state.execute(delete(tables.period_loads))
    path = published.latest(settings).path / "manifest.json"
    manifest = json.loads(path.read_text())
    for each in manifest["scope"]:
        del each["input_digest"], each["deliveries"]
    path.write_text(json.dumps(manifest))


def test_a_clock_that_was_set_back_does_not_put_a_load_before_the_one_it_replaced(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Yesterday(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2020, 1, 1, tzinfo=UTC)

    make(settings, AWS, "build-1")
    monkeypatch.setattr(publish, "datetime", Yesterday)
    make(settings, AWS, "build-2", revision=1)
    assert [snapshot.build_id for snapshot in recorded(settings)] == ["build-1", "build-2"]


def test_what_a_killed_write_left_goes_with_the_next_load_of_the_month(settings: Settings) -> None:
    make(settings, AWS, "build-1")
    left = settings.history_dir / "fct_daily_costs/provider=aws/billing_period=2025-01/.build-0.parquet.tmp"
    left.write_bytes(b"PAR1 cut short")
    make(settings, AWS, "build-2", revision=1)
    assert not left.exists()


def test_a_load_from_before_a_column_reads_with_the_columns_of_today(settings: Settings) -> None:
    make(settings, AWS, "build-1")
    offer(settings, AWS, "build-2", revision=1)
    edit(
        settings,
        "create or replace table marts.fct_daily_costs as select * exclude (ai_stage), 'green' as carbon_class,"
        " 2.5::decimal(38, 12) as carbon from marts.fct_daily_costs",
    )
    publish.publish(settings)
    old, new = recorded(settings)
    with published.latest(settings).connect() as connection:
        today = connection.execute("describe fct_daily_costs").fetchall()
    for snapshot, expected in ((old, ("(none)", None)), (new, ("green", 2.5))):
        relation = duckdb.sql(snapshots.daily_sql(settings, [snapshot]))
        assert [(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)] == [
            (name, kind) for name, kind, *_ in today
        ]
        assert relation.query("r", "select distinct carbon_class, carbon from r").fetchall() == [expected]


def test_a_file_that_is_gone_is_named(settings: Settings) -> None:
    make(settings, AWS, "build-1")
    (snapshot,) = recorded(settings)
    snapshot.path(settings).unlink()
    with pytest.raises(BadInput, match=r"build-1.parquet, the rows of aws 2025-01 as build build-1 .* is gone"):
        snapshots.daily_sql(settings, [snapshot])


def test_no_loads_are_no_rows_with_every_column(settings: Settings, tmp_path: Path) -> None:
    make(settings, AWS, "build-1")
    relation = duckdb.sql(snapshots.daily_sql(settings, []))
    assert relation.fetchall() == []
    assert {"billed_cost", "charge_date", "provider"} <= set(relation.columns)
