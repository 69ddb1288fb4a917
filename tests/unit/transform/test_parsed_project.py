"""One parse of the dbt project serves every workspace, and no workspace reads or writes in another's folder."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.unit.ingest.native_bills import csv_bytes, put, rows

from finops.core.formats import SourceFormat
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.transform import runner
from finops.transform.parsed_project import ANYWHERE
from finops.transform.service import build


def _built(folder: Path, cost: str) -> Settings:
    settings = Settings(home=folder / "home", cache_dir=folder.parent / "cache")
    put(folder / "bill" / "bill.csv", csv_bytes(rows(SourceFormat.FOCUS, [cost])))
    ingest(settings, Provider.AWS, str(folder / "bill"), no_manifest=True)
    assert build(settings) is not None
    return settings


def _cost(settings: Settings) -> Decimal:
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        found = connection.execute("select sum(billed_cost) from marts.fct_daily_costs").fetchone()
    return found[0] if found else Decimal(0)


def test_two_homes_that_share_a_parsed_project_have_their_own_bills_and_files(tmp_path: Path) -> None:
    one, other = _built(tmp_path / "one", "1"), _built(tmp_path / "other", "2")

    assert (_cost(one), _cost(other)) == (1, 2)
    assert all(list(each.focus_dir.rglob("*.parquet")) for each in (one, other))
    assert not Path(ANYWHERE).exists()


@pytest.mark.parametrize("content", [b"", b"\x00no msgpack", b"\x80"], ids=["empty", "noise", "of nothing"])
def test_a_damaged_parsed_project_is_parsed_again(settings: Settings, tmp_path: Path, content: bytes) -> None:
    settings = settings.model_copy(update={"cache_dir": tmp_path / "cache"})
    parsed = settings.parsed_project_dir / "partial_parse.msgpack"
    put(parsed, content)
    settings.warehouse_dir.mkdir(parents=True)

    assert runner.run(settings, ["seed"])
    assert parsed.stat().st_size > 100_000


def test_a_home_that_two_checkouts_use_has_each_project_parsed_apart(tmp_path):
    # What is parsed names the files of its checkout; those of one that was moved are gone.
    one, other = (
        Settings(home=tmp_path, project_dir=tmp_path / name).parsed_project_dir for name in ("before", "after")
    )
    assert one != other
