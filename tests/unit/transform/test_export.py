"""Exports are whole, typed, filtered by bound values, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.crafted_warehouse import craft, edit_fact
from tests.page_links import dead_links
from typer.testing import CliRunner

from finops.cli import app
from finops.core.errors import BadInput, NotReady
from finops.core.focus import COLUMNS
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.core.spreadsheet import STARTS_A_FORMULA, neutralise
from finops.core.sql import Sql, compose
from finops.stores import published
from finops.stores.candidate import Verdict, save_verdict
from finops.transform.export import AsOf, _for_csv, _renamed, export_dictionary, export_focus, export_mart
from finops.transform.publish import publish

JANUARY = BillingPeriod(2025, 1)
MART = "mart_costs_by_sub_account"
DAILY = ["fct_daily_costs", "mart_chargeback"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One publication for every test here: exports change nothing."""
    settings = Settings(home=tmp_path_factory.mktemp("export") / "home")
    craft(settings, [("aws", "2025-01"), ("gcp", "2025-01")], lines=100)
    save_verdict(settings, Verdict("build-1", True, (), ()))
    publish(settings)
    return settings


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_dictionary_leaves_as_a_page_without_dead_links_and_as_json(settings: Settings, tmp_path: Path) -> None:
    page, content = tmp_path / "d.html", tmp_path / "d.json"
    marts = published.latest(settings).marts
    assert export_dictionary(settings, page) == export_dictionary(settings, content) == len(marts) + 1
    assert dead_links(tmp_path, page) == []
    tables = json.loads(content.read_text(encoding="utf-8"))
    assert [each["name"] for each in tables] == ["fct_focus_costs", *marts]
    assert all(column["description"] for each in tables[1:] for column in each["columns"])
    with pytest.raises(BadInput, match=r"must end in \.html or \.json"):
        export_dictionary(settings, tmp_path / "d.txt")


def test_csv_xlsx_and_parquet_hold_the_same_rows(settings: Settings, tmp_path: Path) -> None:
    counts = {suffix: export_mart(settings, MART, tmp_path / f"m{suffix}") for suffix in (".csv", ".xlsx", ".parquet")}
    in_csv = [Decimal(row["billed_cost"]) for row in read_csv(tmp_path / "m.csv")]
    parquet = duckdb.sql(f"select billed_cost from '{tmp_path / 'm.parquet'}'")
    in_parquet = [amount for (amount,) in parquet.fetchall()]
    sheet = openpyxl.load_workbook(tmp_path / "m.xlsx").active
    header, *lines = sheet.iter_rows(values_only=True)
    in_xlsx = [line[header.index("billed_cost")] for line in lines]
    assert set(counts.values()) == {len(in_csv)}
    assert in_csv == in_parquet
    assert str(parquet.types[0]) == "DECIMAL(38,12)"
    assert all(isinstance(amount, int | float) for amount in in_xlsx), "amounts are numbers, not text"
    assert in_xlsx == pytest.approx([float(amount) for amount in in_csv], abs=1e-9)
    assert sheet.freeze_panes == "A2"


def test_text_that_a_spreadsheet_would_run_is_neutralised_and_numbers_are_not(
    settings: Settings, tmp_path: Path
) -> None:
    export_mart(settings, MART, tmp_path / "m.csv")
    export_mart(settings, MART, tmp_path / "m.xlsx")
    row = read_csv(tmp_path / "m.csv")[0]
    assert row["sub_account_name"].startswith("'=account")
    assert any(each["billed_cost"].startswith("-") for each in read_csv(tmp_path / "m.csv"))
    sheet = openpyxl.load_workbook(tmp_path / "m.xlsx").active
    kinds = {cell.data_type for line in sheet.iter_rows(min_row=2) for cell in line}
    assert "f" not in kinds, "no cell is a formula"


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=6)))
def test_csv_neutralises_exactly_as_the_rest_of_the_platform_does(texts: list[str]) -> None:
    texts = [*texts, *(start + text for start in STARTS_A_FORMULA for text in texts[:3])]
    query = compose("select {column} from (select unnest(?::varchar[]) as a)", column=_for_csv("a", "VARCHAR"))
    found = duckdb.execute(query, [texts]).fetchall()
    assert [value for (value,) in found] == [neutralise(text) for text in texts]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("'=1+1'::json", "'=1+1"),
        ("'@a'::enum_of_text", "'@a"),
        ("(-1.5)::decimal(38,12)", "-1.500000000000"),
        ("(-7)::integer", "-7"),
        ("(-7)::hugeint", "-7"),
        ("(-0.25)::double", "-0.25"),
        ("false", "false"),
        ("date '2025-01-02'", "2025-01-02"),
        ("['=a']", "['=a']"),
    ],
)
def test_whatever_is_no_number_is_text_and_a_number_stays_one(value: str, written: str, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("create type enum_of_text as enum ('@a', 'b')")
        if value.endswith("json"):
            # JSON that begins like a formula is no valid one; a file that was damaged may hold it all the same.
            value, kind = "'=1+1'", "JSON"
        else:
            kind = str(connection.execute(f"select typeof({value})").fetchall()[0][0])
        column = _for_csv("a", kind)
        connection.execute(
            compose(
                "copy (select {column} from (select {value} as a)) to {file} (format csv, header false)",
                column=column,
                value=Sql(value),
                file=tmp_path / "x.csv",
            )
        )
    assert [*csv.reader((tmp_path / "x.csv").read_text(encoding="utf-8").splitlines())] == [[written]]


def test_conditions_all_hold_and_are_compared_by_the_columns_type(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "m.csv"
    where = [("provider", "aws"), ("sub_account_id", "account-1"), ("billing_currency", "USD")]
    assert export_mart(settings, MART, out, where) == 1
    (row,) = read_csv(out)
    assert (row["provider"], row["sub_account_id"], row["billing_currency"]) == ("aws", "account-1", "USD")
    amount = row["billed_cost"].rstrip("0")
    assert export_mart(settings, MART, out, [*where, ("billed_cost", amount)]) == 1
    assert export_mart(settings, MART, out, [("provider", "x' or '1'='1")]) == 0, "values are bound"


def test_a_month_of_the_daily_mart_is_exported_as_it_was(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    out, was, now = tmp_path / "then.csv", tmp_path / "was.csv", tmp_path / "now.csv"
    for number, file in ((1, was), (2, now)):
        craft(settings, [("aws", "2025-01")], build_id=f"build-{number}", lines=100, revision=number, marts=DAILY)
        save_verdict(settings, Verdict(f"build-{number}", True, (), ()))
        publish(settings)
        export_mart(settings, "fct_daily_costs", file)
    conditions = [("billing_currency", "USD")]

    every = export_mart(settings, "fct_daily_costs", out, as_of=AsOf(JANUARY, "build-1"))
    assert out.read_bytes() == was.read_bytes() != now.read_bytes()
    some = export_mart(settings, "fct_daily_costs", out, conditions, AsOf(JANUARY, "build-1"))
    assert 0 < some < every
    with pytest.raises(BadInput, match="nothing of 2025-01 was published by 2024-12-31"):
        export_mart(settings, "fct_daily_costs", out, as_of=AsOf(JANUARY, "2024-12-31"))
    with pytest.raises(BadInput, match="only fct_daily_costs is kept for every publication"):
        export_mart(settings, "mart_chargeback", out, as_of=AsOf(JANUARY, "build-1"))


def test_the_command_takes_as_of_with_its_month_only(tmp_path: Path) -> None:
    command = ["export", "mart", "fct_daily_costs", "--out", str(tmp_path / "m.csv")]
    for part in (["--as-of", "2025-01-31"], ["--billing-period", "2025-01"]):
        result = CliRunner().invoke(app, [*command, *part])
        assert "--as-of T and --billing-period YYYY-MM go together" in str(result.exception)


def test_wrong_use_is_named_with_what_is_right(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "m.csv"
    with pytest.raises(BadInput, match=r"no mart 'nope'; the marts are fct_daily_costs, mart_allocated_costs"):
        export_mart(settings, "nope", out)
    with pytest.raises(BadInput, match=r"no column 'owner'; its columns are billing_period, provider"):
        export_mart(settings, MART, out, [("owner", "x")])
    with pytest.raises(BadInput, match=r"'much' is not a value of column billed_cost"):
        export_mart(settings, MART, out, [("billed_cost", "much")])
    with pytest.raises(BadInput, match=r"must end in \.csv or \.xlsx or \.parquet"):
        export_mart(settings, MART, tmp_path / "m.txt")
    with pytest.raises(BadInput, match=r"nothing of azure is published for 2025-01"):
        export_focus(settings, JANUARY, out, Provider.AZURE)
    with pytest.raises(BadInput, match=r"nothing is published for 2030-01; there are 2025-01"):
        export_focus(settings, BillingPeriod(2030, 1), out)
    assert list(tmp_path.iterdir()) == []


def test_before_anything_is_published_there_is_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="nothing is published yet"):
        export_mart(Settings(home=tmp_path / "empty"), MART, tmp_path / "m.csv")


def test_an_unwritable_target_is_refused_in_one_line_and_the_file_before_stays(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(BadInput, match=r"cannot write .*/m\.csv: .*/file is no folder"):
        export_mart(settings, MART, tmp_path / "file" / "m.csv")
    (tmp_path / "m.csv").mkdir()
    with pytest.raises(BadInput, match="it is a folder"):
        export_mart(settings, MART, tmp_path / "m.csv")


def test_an_export_that_fails_half_way_leaves_the_file_before(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "m.xlsx"
    out.write_text("yesterday's")
    monkeypatch.setattr("finops.transform.export.SHEET_ROWS", 2)
    with pytest.raises(BadInput, match=r"a worksheet holds 2 rows, there are more; use \.csv or \.parquet"):
        export_mart(settings, MART, out)
    assert out.read_text() == "yesterday's"
    assert [path.name for path in tmp_path.iterdir()] == ["m.xlsx"]


def test_focus_leaves_under_the_names_of_the_specification(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "focus.parquet"
    assert export_focus(settings, JANUARY, out) == 200
    table = duckdb.sql(f"select * from '{out}'")
    types = dict(zip(table.columns, map(str, table.types), strict=True))
    named = [column for column in types if not column.startswith("x_")]
    assert named == [column.name for column in COLUMNS]
    assert "x_charge_type" in types
    assert types["BilledCost"] == "DECIMAL(38,12)"
    assert types["ChargePeriodStart"] == "TIMESTAMP WITH TIME ZONE"
    publication = published.latest(settings)
    with publication.connect() as connection:
        total = connection.execute(f"select sum(billed_cost) from ({publication.focus_sql()})").fetchall()
    assert duckdb.sql(f"select sum(BilledCost) from '{out}'").fetchall() == total


def test_focus_as_csv_writes_moments_as_the_specification_has_them(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "focus.csv"
    assert export_focus(settings, JANUARY, out, Provider.GCP) == 100
    rows = read_csv(out)
    assert {row["ProviderName"] for row in rows} == {"GCP"}
    assert {row["BillingPeriodEnd"] for row in rows} == {"2025-02-01T00:00:00Z"}
    assert Decimal(rows[0]["ListCost"]) == 2 * Decimal(rows[0]["ContractedCost"])


def test_what_focus_1_3_adds_leaves_only_where_a_charge_has_it(tmp_path: Path) -> None:
    """A file of charges without these columns stays FOCUS 1.2 column by column, as the validator wants it."""
    settings = Settings(home=tmp_path / "home")
    craft(settings, [("aws", "2025-01"), ("gcp", "2025-01")], lines=10)
    for provider, tags in (("aws", "null::varchar"), ("gcp", """'{"team": "vision"}'""")):
        edit_fact(settings, provider, "2025-01", f"*, {tags} as allocated_tags, null::varchar as contract_applied")
    save_verdict(settings, Verdict("build-1", True, (), ()))
    publish(settings)
    out = tmp_path / "focus.csv"

    export_focus(settings, JANUARY, out, Provider.GCP)
    assert {row["AllocatedTags"] for row in read_csv(out)} == {'{"team": "vision"}'}
    assert "ContractApplied" not in read_csv(out)[0]

    export_focus(settings, JANUARY, out, Provider.AWS)
    assert "AllocatedTags" not in read_csv(out)[0]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("service_name", "Amazon EC2", "Amazon EC2"),
        ("service_name", "Größe & Café", "Grosse & Cafe"),
        ("service_name", "云服务器", r"\u4e91\u670d\u52a1\u5668"),
        ("pricing_unit", "小时", r"\u5c0f\u65f6"),
        ("service_name", None, None),
        # Names that people give leave as they are.
        ("sub_account_name", "Entwicklung Süd", "Entwicklung Süd"),
    ],
)
def test_service_names_and_units_leave_in_ascii(name: str, text: str | None, expected: str | None) -> None:
    column = _renamed(name, "New", is_moment=False)
    query = f"select {column} from (select cast($1 as varchar) as {name})"

    assert duckdb.execute(query, [text]).fetchall() == [(expected,)]


def test_sql_that_is_not_marked_as_such_is_quoted() -> None:
    assert compose("select {a}, {b}", a="x' y", b=Sql("1")) == "select 'x'' y', 1"
