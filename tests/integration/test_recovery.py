"""A backup goes into a PostgreSQL state store and comes out of one, to the row; and numbers go on from there."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select
from tests.crafted_warehouse import craft

from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.recovery.service import restore, write_backup
from finops.stores import published
from finops.stores.candidate import Verdict, save_verdict
from finops.stores.state import dump, rejections
from finops.stores.state.store import open_state
from finops.transform.publish import publish

pytestmark = pytest.mark.integration


def state_of(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    with open_state(settings).connect() as connection:
        tables = dump.TABLES.items()
        return {
            name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for name, table in tables
        }


def reject(settings: Settings, source: str) -> None:
    with open_state(settings).begin() as connection:
        noted = {"provider": Provider.AWS, "source": source, "fingerprint": "f", "outcome": "waiting"}
        rejections.record(connection, **noted, period=None, reason="no manifest")


@pytest.mark.parametrize("origin", ["sqlite", "postgres"])
def test_a_home_whose_state_is_in_postgresql_is_restored_to_the_row(origin, postgres_url, tmp_path: Path) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        for name in ("before", "after"):
            connection.execute(f"create database recovery_{origin}_{name}")
    server = postgres_url.rsplit("/", 1)[0]
    before = f"{server}/recovery_postgres_before" if origin == "postgres" else None
    settings = Settings(home=tmp_path / "home", state_url=before)
    craft(settings, [("aws", "2025-01"), ("gcp", "2025-01")], lines=60)
    save_verdict(settings, Verdict("build-1", True, (), ()))
    publish(settings)
    for source in ("one", "two"):
        reject(settings, source)
    made = write_backup(settings, tmp_path / "backups")

    lost = Settings(home=tmp_path / "new", state_url=f"{server}/recovery_{origin}_after")
    done = restore(lost, made.path)

    assert state_of(lost) == state_of(settings)
    assert done.rows == sum(map(len, state_of(settings).values())) > 0
    assert published.latest(lost).build_id == "build-1"
    reject(lost, "three")
    with open_state(lost).connect() as connection:
        assert [each.source for each in rejections.standing(connection)] == ["one", "two", "three"]
    again = Settings(home=tmp_path / "back", state_url=None)
    restore(again, write_backup(lost, tmp_path / "other").path)
    assert state_of(again) == state_of(lost)
