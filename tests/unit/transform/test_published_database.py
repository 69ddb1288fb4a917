"""``finops.duckdb`` of a version, and what people read in it: marts by old and new names, and their descriptions."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from tests.crafted_warehouse import craft, edit
from tests.unit.transform.releases import FEW, JANUARY, make, rows

from finops.core.settings import Settings
from finops.stores import dictionary, published
from finops.stores.candidate import Verdict, save_verdict
from finops.stores.published import Publication, open_version
from finops.transform.export import export_mart
from finops.transform.publish import publish

FEBRUARY = [("aws", "2025-02")]


def as_the_release_before_wrote_it(version: Publication) -> Publication:
    """Make the marts tables of the version's database, and its manifest silent about their columns."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{version.database.with_suffix('.tables')}' as old")
        for mart in version.marts:
            connection.execute(f"create table old.{mart} as {version.mart_sql(mart)}")
        connection.execute("detach old")
    version.database.with_suffix(".tables").replace(version.database)
    manifest = {name: value for name, value in version.manifest.items() if name != "columns"}
    (version.path / published.MANIFEST).write_text(json.dumps(manifest))
    return open_version(version.path)


def test_a_version_of_the_release_before_is_read_and_the_next_one_takes_its_months(settings: Settings) -> None:
    """An upgrade with nothing pending leaves readers what they had; the first publication links it."""
    before = make(settings, JANUARY, "build-1", marts=FEW)
    january = rows(before, "mart_chargeback")
    old = as_the_release_before_wrote_it(before)
    assert rows(old, "mart_chargeback") == january

    new = make(settings, FEBRUARY, "build-2", marts=FEW)

    assert [row for row in rows(new, "mart_chargeback") if row[0] == "2025-01"] == january
    part = Path("mart_chargeback", "billing_period=2025-01", "part.parquet")
    assert (new.path / part).samefile(old.path / part)
    with duckdb.connect(str(new.database), read_only=True) as connection:
        assert connection.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]


def test_a_renamed_mart_is_read_by_its_old_name_for_one_release(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(published.RENAMED_MARTS, "mart_recharge", "mart_chargeback")
    make(settings, JANUARY, "build-1", marts=FEW)
    version = make(settings, JANUARY, "build-2", revision=1, marts=FEW)
    assert rows(version, "mart_recharge") == rows(version, "mart_chargeback")
    assert version.marts == sorted(FEW)
    count = export_mart(settings, "mart_recharge", tmp_path / "old.csv")
    assert "mart_recharge is now called mart_chargeback" in caplog.text
    assert count == export_mart(settings, "mart_chargeback", tmp_path / "new.csv")
    assert (tmp_path / "old.csv").read_bytes() == (tmp_path / "new.csv").read_bytes()


def test_every_table_and_column_of_the_database_has_a_comment(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    make(settings, [("aws", "2025-01")], "build-2", revision=1)
    with duckdb.connect(str(published.latest(settings).database), read_only=True) as connection:
        tables = connection.execute(
            "select table_name, comment from duckdb_tables()"
            " union all select view_name, comment from duckdb_views() where not internal"
        ).fetchall()
        query = "select table_name, column_name, comment from duckdb_columns() where not internal"
        columns = connection.execute(query).fetchall()
    assert {name for name, _ in tables} >= {"mart_chargeback", "mart_cost_variance"}
    assert [name for name, about in tables if not about] == []
    assert [(table, name) for table, name, about in columns if not about] == []


def test_a_description_that_changed_reaches_the_database_the_old_name_and_the_dictionary(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(published.RENAMED_MARTS, "mart_recharge", "mart_chargeback")
    make(settings, JANUARY, "build-1", marts=FEW)
    craft(settings, JANUARY, build_id="build-2", lines=60, marts=FEW)
    edit(settings, "comment on column marts.mart_chargeback.cost_center is 'Who pays: <b>it''s</b>\nsaid better.'")
    save_verdict(settings, Verdict("build-2", True, (), ()))
    version = publish(settings)
    with duckdb.connect(str(version.database), read_only=True) as connection:
        query = (
            "select distinct comment from duckdb_columns() where column_name = 'cost_center' and table_name in (?, ?)"
        )
        found = connection.execute(query, ["mart_chargeback", "mart_recharge"]).fetchall()
    assert found == [("Who pays: <b>it's</b> said better.",)]
    (mart,) = (each for each in dictionary.read(version.path) if each.name == "mart_chargeback")
    assert "Who pays: <b>it's</b> said better." in {each.description for each in mart.columns}
    page = (version.path / dictionary.PAGE).read_text(encoding="utf-8")
    assert "Who pays: &lt;b&gt;it" in page
    assert "<b>it" not in page
