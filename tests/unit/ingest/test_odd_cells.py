"""Bills as people have them: what is odd and harmless is taken, what would be read wrong is named with its line."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from tests.unit.ingest.mutated_bills import Kind
from tests.unit.ingest.native_bills import csv_bytes, parquet_bytes, put, rows
from tests.unit.ingest.test_what_lands_stages import Landed, Stage

from finops.core.errors import BadInput
from finops.core.formats import SourceFormat
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.models import FetchedFile, FileFacts
from finops.ingest.preparation import prepare
from finops.ingest.reading import open_engine
from finops.ingest.verification.inspection import inspect

CUR2, AZURE, FOCUS = SourceFormat.AWS_CUR2, SourceFormat.AZURE_ACTUAL, SourceFormat.FOCUS
PROVIDERS = {CUR2: Provider.AWS, AZURE: Provider.AZURE, FOCUS: Provider.AWS}


@pytest.fixture
def look(settings: Settings, tmp_path: Path):
    def _look(source_format: SourceFormat, content: bytes, name: str = "bill.csv") -> FileFacts:
        path = put(tmp_path / name.replace(".zip", ".csv"), content)
        with open_engine(settings, tmp_path) as connection:
            file = prepare(FetchedFile(path, name))
            return inspect(connection, file, PROVIDERS[source_format], source_format)

    return _look


@pytest.fixture
def refused(look):
    def _refused(source_format: SourceFormat, **changes: str) -> str:
        with pytest.raises(BadInput) as caught:
            look(source_format, csv_bytes(rows(source_format, ["1"], **changes)))
        return str(caught.value)

    return _refused


@pytest.mark.parametrize("value", ["1.11122E+11", "111122223333.0", "1111222233334"])
def test_an_account_that_a_spreadsheet_rounded_is_refused(refused, value: str) -> None:
    said = refused(CUR2, bill_payer_account_id=value)
    assert (
        f"column bill_payer_account_id, line 2: '{value}' is no account id of 12 digits; format the column as" in said
    )


def test_an_account_without_its_leading_zeros_is_the_same_account(look) -> None:
    facts = look(CUR2, csv_bytes(rows(CUR2, ["1"], bill_payer_account_id="11122223333")))
    assert [group.account for group in facts.groups] == ["011122223333"]


@pytest.mark.parametrize("value", ["1_000", "infinity", "1e14"])
def test_what_duckdb_or_a_person_may_take_for_an_amount_is_refused(refused, value: str) -> None:
    assert f"line 2: '{value}' is not a finite amount" in refused(FOCUS, BilledCost=value)


@pytest.mark.parametrize("value", ["1999-12-01", "2999-01-01", "01/01/25", "infinity", "31/01/2025"])
def test_a_billing_period_that_cannot_be_is_refused(refused, value: str) -> None:
    assert "has no valid billing month between 2000-01 and" in refused(FOCUS, BillingPeriodStart=value)


def test_a_month_east_of_greenwich_is_the_month_that_it_says(look) -> None:
    bounds = {"BillingPeriodStart": "2025-01-01T00:00:00+08:00", "BillingPeriodEnd": "2025-02-01T00:00:00+08:00"}
    assert [each.period for each in look(FOCUS, csv_bytes(rows(FOCUS, ["1"], **bounds))).groups] == ["2025-01"]


def test_periods_and_charges_that_end_before_they_start_are_refused(refused) -> None:
    assert "ends before the billing period starts" in refused(FOCUS, BillingPeriodEnd="2024-12-01T00:00:00Z")
    assert "ends before the charge starts" in refused(FOCUS, ChargePeriodEnd="2024-12-01T00:00:00Z")


def test_days_written_day_first_are_told_by_the_period_and_refused_where_they_cannot_be_rewritten(
    look, tmp_path
) -> None:
    """A CSV is rewritten (test_day_first)."""
    texts = {"BillingPeriodStartDate": "VARCHAR", "Date": "VARCHAR"}
    april = {"BillingPeriodStartDate": "2025-04-01", "BillingPeriodEndDate": "2025-04-30"}
    third, fifth = (rows(AZURE, ["1"], **april, Date=day) for day in ("03/04/2025", "04/05/2025"))
    with pytest.raises(BadInput, match="only when it is read day first"):
        look(AZURE, parquet_bytes(AZURE, third, tmp_path, types=texts), "bill.parquet")
    assert look(AZURE, parquet_bytes(AZURE, [*fifth, *third], tmp_path, types=texts), "bill.parquet").row_count() == 2


def test_a_period_written_day_first_is_refused_where_it_cannot_be_rewritten(look, tmp_path) -> None:
    may = {"BillingPeriodStartDate": "01/05/2025", "BillingPeriodEndDate": "31/05/2025"}
    lines, texts = rows(AZURE, ["1"], **may), dict.fromkeys(may, "VARCHAR")
    with pytest.raises(BadInput, match="column BillingPeriod"):
        look(AZURE, parquet_bytes(AZURE, lines, tmp_path, types=texts), "bill.parquet")


def test_a_tax_without_dates_is_taken_and_usage_without_dates_is_not(look, refused) -> None:
    blank = {"line_item_usage_start_date": "", "line_item_usage_end_date": ""}
    period = {"bill_billing_period_end_date": "2025-02-01T00:00:00Z"}
    assert look(CUR2, csv_bytes(rows(CUR2, ["1"], line_item_line_item_type="Tax", **blank, **period))).row_count() == 1
    assert "line 2: an empty field is not a time" in refused(CUR2, line_item_line_item_type="Usage", **blank, **period)


@pytest.mark.parametrize(
    ("line_type", "column"),
    [
        ("SavingsPlanCoveredUsage", "savings_plan_savings_plan_effective_cost"),
        ("SavingsPlanRecurringFee", "savings_plan_used_commitment"),
        ("DiscountedUsage", "reservation_effective_cost"),
        ("RIFee", "reservation_unused_recurring_fee"),
    ],
)
def test_a_line_type_asks_for_the_columns_of_its_commitment(refused, line_type: str, column: str) -> None:
    said = refused(CUR2, line_item_line_item_type=line_type)
    assert f"line 2: '{line_type}' needs columns that the export lacks: " in said
    assert column in said


def test_the_first_findings_are_named_and_all_are_counted(look) -> None:
    with pytest.raises(BadInput, match=r"line 2: 'x' .*; column BilledCost, line 3: 'x' is not .*; 5 rows in all"):
        look(FOCUS, csv_bytes(rows(FOCUS, ["x"] * 5)))


def test_a_value_is_shown_short_and_without_control_characters(refused) -> None:
    said = refused(FOCUS, BilledCost="\x1b[31m" + "x" * 500)
    assert said.isprintable()
    assert len(said) < 300


def test_tags_of_any_shape_are_read_beside_each_other(look, settings: Settings, tmp_path: Path) -> None:
    """A map, JSON text, a struct and lists in the same build; what cannot be parsed is kept."""
    shapes = {
        "MAP(VARCHAR, VARCHAR)": "{team=ml}",
        "VARCHAR": "not json",
        "STRUCT(team VARCHAR)": "{team: ml}",
        "STRUCT(key VARCHAR, value VARCHAR, inherited BOOLEAN)[]": "[{key: team, value: ml, inherited: false}]",
        # Of all types the one that would make text that is no JSON an error.
        "JSON": '{"team":"ml"}',
    }
    landed = []
    for number, (kind, tags) in enumerate(shapes.items()):
        content = parquet_bytes(CUR2, rows(CUR2, ["1"], resource_tags=tags), tmp_path, types={"resource_tags": kind})
        facts = look(CUR2, content, f"{number}.parquet")
        landed.append(Landed(number, Kind(Provider.AWS, CUR2, "aws_cur2", True), facts))
    stage = Stage(tmp_path / "warehouse")
    stage.must_read(landed)

    found = stage._connection.execute("select tags from staged order by source").fetchall()
    team = '{"team":"ml"}'
    assert found == [(team,), ('{"x_unparsed_tags":"not json"}',), (team,), (team,), (team,)]


def test_a_column_of_json_beside_one_of_text_is_text(look, tmp_path: Path) -> None:
    """JSON would be the type of both, and a time is no JSON."""
    blank = {"line_item_line_item_type": "Tax", "line_item_usage_start_date": "", "line_item_usage_end_date": ""}
    blank["bill_billing_period_end_date"] = "2025-02-01T00:00:00Z"
    landed = []
    for number, (kind, changes) in enumerate({"JSON": blank, "VARCHAR": {}}.items()):
        types = {"line_item_usage_start_date": kind}
        content = parquet_bytes(CUR2, rows(CUR2, ["1"], **changes), tmp_path, types=types)
        facts = look(CUR2, content, f"{number}.parquet")
        landed.append(Landed(number, Kind(Provider.AWS, CUR2, "aws_cur2", True), facts))
    Stage(tmp_path / "warehouse").must_read(landed)


def test_a_time_that_is_a_json_string_is_read_without_its_quotes(look, tmp_path: Path) -> None:
    column = "line_item_usage_start_date"
    quoted = {column: '"2025-01-01T03:00:00Z"'}
    content = parquet_bytes(CUR2, rows(CUR2, ["1"], **quoted), tmp_path, types={column: "JSON"})
    stage = Stage(tmp_path / "warehouse")
    stage.must_read([Landed(0, Kind(Provider.AWS, CUR2, "aws_cur2", True), look(CUR2, content, "0.parquet"))])
    found = stage._connection.execute("select line_item_usage_start_date::varchar from staged").fetchall()
    assert found == [("2025-01-01 03:00:00",)]


def test_a_zip_with_one_csv_is_that_csv(look, tmp_path: Path) -> None:
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bill.csv", csv_bytes(rows(CUR2, ["1", "2"])))
    assert look(CUR2, path.read_bytes(), "bill.zip").row_count() == 2

    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.csv", b"a")
    with pytest.raises(BadInput, match="holds 2 files"):
        look(CUR2, path.read_bytes(), "bill.zip")


def test_a_localised_header_is_read_by_the_name_in_brackets(look) -> None:
    content = csv_bytes(rows(AZURE, ["1"])).replace(b"MeterCategory", b"Kategorie (MeterCategory)", 1)
    assert look(AZURE, content).row_count() == 1


def test_a_delimiter_that_is_no_comma_is_named(look) -> None:
    with pytest.raises(BadInput, match="separated by ';'; have the export written with commas"):
        look(AZURE, csv_bytes(rows(AZURE, ["1"])).replace(b",", b";"))


def test_an_azure_export_without_pricing_model_has_no_commitments(look) -> None:
    line = [{k: v for k, v in row.items() if k != "PricingModel"} for row in rows(AZURE, ["1"], ReservationId="")]
    assert look(AZURE, csv_bytes(line)).row_count() == 1
    line[0]["ReservationId"] = "r-1"
    with pytest.raises(BadInput, match="lacks the column PricingModel"):
        look(AZURE, csv_bytes(line))
