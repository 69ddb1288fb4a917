"""A folder, a file or a pattern says which files there are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.telemetry.delivered_files import at, write

from finops.core.errors import BadInput
from finops.policy.telemetry import FileSource
from finops.telemetry.readers import offered_files


def names(place: Path | str, **more: object) -> list[str]:
    values = {"name": "gpu", "kind": "resource_metrics", "from": str(place), **more}
    source = FileSource.model_validate(values)
    return [each.name for each in offered_files(source)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.csv", "deep/a.csv.gz", "C.PARQUET", ".hidden.csv", ".tmp/a.csv", "README.txt"):
        write(tmp_path / "in" / name, [at(0)])
    return tmp_path / "in"


def test_a_folder_offers_its_tables_and_those_of_its_folders(folder: Path) -> None:
    assert names(folder) == ["C.PARQUET", "b.csv", "deep/a.csv.gz"]


def test_a_pattern_offers_what_it_matches_each_once(folder: Path) -> None:
    assert names(folder / "*.csv") == ["b.csv"]
    assert names(folder / "**" / "*.csv*") == ["b.csv", "deep/a.csv.gz"]
    assert names(folder / "*.none") == []


def test_a_file_offers_itself(folder: Path) -> None:
    assert names(folder / "b.csv") == ["b.csv"]


def test_a_place_that_does_not_exist_is_named(folder: Path) -> None:
    for place in (folder / "none", folder / "none" / "*.csv"):
        with pytest.raises(BadInput, match=r"none does not exist; correct `from` of source gpu"):
            names(place)


def test_a_place_may_be_absent_where_the_source_says_so(folder: Path) -> None:
    for place in (folder / "none", folder / "none" / "*.csv"):
        assert names(place, optional=True) == []
    assert names(folder, optional=True) == names(folder), "what is there is offered"
