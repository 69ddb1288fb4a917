"""Golden cases: a few native lines of a bill, and the FOCUS rows they must become.

Each ``*.yml`` in the folders beside this file is one case. It opens by saying in words what is expected and why. All
cases are landed and built together, once; a case has a (provider, billing period) of its own, so that it sees no
other's rows. ``like`` names the columns a line has where the case does not say otherwise.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from finops.core.formats import Provider, SourceFormat, columns_of
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.transform import runner
from finops.transform.service import build

FOLDER = Path(__file__).parent
LIKE = yaml.safe_load((FOLDER / "like.yml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Case:
    """One golden case."""

    name: str
    words: str
    provider: Provider
    billing_period: str
    deliveries: list[dict[str, Any]]
    expected: list[dict[str, Any]]


def _cases() -> list[Case]:
    found = []
    for path in sorted(FOLDER.glob("*/*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.append(
            Case(name=f"{path.parent.name}/{path.stem}", **{**content, "provider": Provider(content["provider"])})
        )
    return found


CASES = _cases()


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    written = text.getvalue().encode("utf-8-sig")
    path.write_bytes(gzip.compress(written) if path.suffix == ".gz" else written)


def _write_parquet(path: Path, rows: list[dict[str, Any]], types: dict[str, str]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    structure = json.dumps({name: types[name] for name in names})
    texts = [json.dumps({name: row.get(name) for name in names}) for row in rows]
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("create table texts (line varchar)")
        connection.executemany("insert into texts values (?)", [[text] for text in texts])
        transformed = f"from_json(line, '{structure.replace(chr(39), chr(39) * 2)}')"
        connection.execute(f"copy (select unnest({transformed}) from texts) to '{path}' (format parquet)")


def _types(source_format: SourceFormat, given: dict[str, str]) -> dict[str, str]:
    listed = {name: column.duckdb_type for column in columns_of(source_format) for name in column.names}
    return {**listed, **given}


def _land(settings: Settings, folder: Path, case: Case) -> None:
    for number, delivery in enumerate(case.deliveries):
        source_format = SourceFormat(delivery["format"])
        rows = [{**LIKE[delivery["like"]], **row} for row in delivery["rows"]]
        kind = delivery.get("file", "csv")
        path = folder / f"{case.name.replace('/', '-')}-{number}.{kind}"
        if kind == "parquet":
            _write_parquet(path, rows, _types(source_format, delivery.get("types", {})))
        else:
            _write_csv(path, rows)
        source = f"{case.name.replace('/', '-')}-{delivery['format']}".replace("_", "-")
        report = ingest(
            settings, case.provider, str(path), no_manifest=True, source=source, source_format=source_format
        )
        assert not report.not_taken, report.not_taken


@dataclass(frozen=True)
class Built:
    """The fact of all cases, and the warehouse it lies in."""

    settings: Settings
    rows: dict[tuple[str, str], list[dict[str, Any]]]
    reconciliation: list[tuple[Any, ...]]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Land every case, then build them in one go through the real services."""
    folder = tmp_path_factory.mktemp("golden")
    settings = Settings(home=folder / "home")
    for case in CASES:
        _land(settings, folder, case)
    candidate = build(settings)
    assert candidate is not None
    rows = defaultdict(list)
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        fact = connection.execute("select * from fct_focus_costs")
        names = [column[0] for column in fact.description]
        for values in fact.fetchall():
            row = dict(zip(names, values, strict=True))
            rows[row["provider"], row["billing_period"]].append(row)
        reconciliation = connection.execute(
            "select provider, billing_period, billing_currency, stage, difference from marts.mart_reconciliation"
        ).fetchall()
    return Built(settings, rows, reconciliation)


def _as_text(value: Any) -> str | None:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    return None if value is None else str(value)


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, str | None]]:
    return sorted(({name: _as_text(value) for name, value in row.items()} for row in rows), key=str)


def _expected(case: Case) -> list[dict[str, str | None]]:
    def plain(value: Any) -> Any:
        return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value

    return _sorted([{name: plain(value) for name, value in row.items()} for row in case.expected])


def test_every_case_opens_with_words_and_has_a_period_of_its_own() -> None:
    assert CASES
    assert all(len(case.words.split()) > 15 for case in CASES)
    assert len({(case.provider, case.billing_period) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_lines_become_the_expected_focus_rows(case: Case, built: Built) -> None:
    names = list(case.expected[0])
    assert all(list(row) == names for row in case.expected), "every expected row names the same columns"
    actual = [{name: row[name] for name in names} for row in built.rows[case.provider, case.billing_period]]

    assert _sorted(actual) == _expected(case)


def test_every_stage_of_every_case_equals_its_source(built: Built) -> None:
    assert {(provider, period) for provider, period, *_ in built.reconciliation} >= {
        (case.provider, case.billing_period) for case in CASES
    }
    assert [row for row in built.reconciliation if row[-1] != 0] == []


def test_every_row_keeps_the_laws_of_focus(built: Built) -> None:
    """Rules of FOCUS 1.2 that hold for every row, whatever bill it came from."""
    for row in (row for rows in built.rows.values() for row in rows):
        for name in ("billed_cost", "effective_cost", "contracted_cost", "list_cost", "service_name", "provider_name"):
            assert row[name] is not None, (name, row)
        has_id = row["commitment_discount_id"] is not None
        assert (row["commitment_discount_category"] is not None) == has_id, row
        assert (row["commitment_discount_type"] is not None) == has_id, row
        assert (row["commitment_discount_status"] is not None) == (has_id and row["charge_category"] == "Usage"), row
        assert (row["pricing_unit"] is None) == (row["pricing_quantity"] is None), row
        assert (row["region_id"] is None) == (row["region_name"] is None), row
        assert (row["resource_id"] is None) == (row["resource_type"] is None), row
        assert row["charge_period_start"] < row["charge_period_end"], row
        if row["charge_category"] == "Purchase":
            assert row["charge_frequency"] != "Usage-Based", row
        if row["charge_category"] == "Tax":
            assert row["pricing_quantity"] is None, row
            assert row["pricing_category"] is None, row


def test_the_unit_tests_of_the_models_pass(built: Built) -> None:
    """dbt's own unit tests; they need the models' columns, hence a warehouse."""
    passed = runner.run(built.settings, ["test", "--select", "test_type:unit"])

    assert {
        "azure_commitments_are_billed_once_and_effective_once",
        "gcp_credits_count_once_and_a_large_promotion_stands_apart",
        "focus_gaps_are_filled_by_named_rules",
        "spellings_of_a_key_are_one_key_and_a_wrong_value_is_none",
        "every_source_of_an_owner_has_its_part_of_the_day",
    } <= set(passed)
