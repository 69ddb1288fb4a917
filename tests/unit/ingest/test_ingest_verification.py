"""Every file that cannot be trusted is refused with its file, column, line and value; sound oddities are taken."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.ingest.native_bills import csv_bytes, gz_bytes, parquet_bytes, put, rows

from finops.core.errors import BadInput, Unavailable
from finops.core.formats import SourceFormat
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest import reading
from finops.ingest.models import FetchedFile, FileFacts
from finops.ingest.reading import open_engine
from finops.ingest.verification.inspection import inspect

CUR2, FOCUS, GCP = SourceFormat.AWS_CUR2, SourceFormat.FOCUS, SourceFormat.GCP_DETAILED


@pytest.fixture
def look(settings: Settings, tmp_path: Path):
    """Inspect bytes as a file of the given name."""

    def _look(content: bytes, name: str = "bill.csv", provider: Provider = Provider.AWS, **stated: object) -> FileFacts:
        path = put(tmp_path / f"local{reading.ending(name)}", content)
        with open_engine(settings, tmp_path) as connection:
            return inspect(connection, FetchedFile(path, name, **stated), provider, None)  # type: ignore[arg-type]

    return _look


@pytest.fixture
def complaint(look):
    """What is said of bytes that are refused; always one line that names the file."""

    def _complaint(content: bytes, name: str = "bill.csv", provider: Provider = Provider.AWS, **stated: object) -> str:
        with pytest.raises(BadInput) as caught:
            look(content, name, provider, **stated)
        text = str(caught.value)
        assert "\n" not in text
        assert name in text
        return text

    return _complaint


def cost_of(facts: FileFacts) -> Decimal:
    return sum((group.source_cost for group in facts.groups), Decimal(0))


@pytest.mark.parametrize("net", [{}, {"line_item_net_unblended_cost": ""}])
def test_a_discount_in_the_map_alone_needs_a_net_cost(complaint, net: dict[str, str]) -> None:
    """What is invoiced would be missed by the discount, and nothing would show it."""
    text = complaint(csv_bytes(rows(CUR2, ["7"], discount_total_discount="-0.5", **net)))
    assert "column discount_total_discount, line 2: '-0.5' is a discount without a line_item_net_unblended_cost" in text


@pytest.mark.parametrize(("discount", "net"), [("-0.5", "6.5"), ("0", ""), ("", "")])
def test_a_row_without_discount_needs_no_net_cost(look, discount: str, net: str) -> None:
    line = rows(CUR2, ["7"], discount_total_discount=discount, line_item_net_unblended_cost=net)
    assert cost_of(look(csv_bytes(line))) == Decimal(net or 7)


@pytest.mark.parametrize("value", ["twelve", "1,5", "NaN", "inf", "-Infinity", "1e40", "$3"])
def test_a_cost_that_is_no_finite_amount_is_named_with_its_line(complaint, value: str) -> None:
    text = complaint(csv_bytes(rows(FOCUS, ["1", "2", value, "4"])))
    assert "column BilledCost, line 4" in text
    assert value in text


@pytest.mark.parametrize("column", ["EffectiveCost", "ListCost"])
def test_every_amount_is_checked_not_only_the_billed_one(complaint, column: str) -> None:
    assert f"column {column}, line 2" in complaint(csv_bytes(rows(FOCUS, ["1"], **{column: "abc"})))


def test_a_row_without_a_cost_is_refused(complaint) -> None:
    assert "column BilledCost, line 3: an empty field" in complaint(csv_bytes(rows(FOCUS, ["1", ""])))


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_double_that_is_no_number_is_named_with_its_row(complaint, tmp_path: Path, value: str) -> None:
    content = parquet_bytes(CUR2, rows(CUR2, ["1", value]), tmp_path)
    assert "column line_item_unblended_cost, row 2" in complaint(content, "bill.parquet")


def test_a_credit_that_is_no_number_is_refused(complaint, tmp_path: Path) -> None:
    content = parquet_bytes(GCP, rows(GCP, ["1"], credits="[{'amount': nan}]"), tmp_path)
    assert "credits" in complaint(content, "p.parquet", Provider.GCP)


def test_a_cost_column_that_became_text_is_told_by_its_type(complaint, tmp_path: Path) -> None:
    content = parquet_bytes(CUR2, rows(CUR2, ["1"]), tmp_path, types={"line_item_unblended_cost": "VARCHAR"})
    assert "line_item_unblended_cost is of type VARCHAR" in complaint(content, "bill.parquet")


def test_a_renamed_column_is_named_with_what_it_may_have_become(complaint) -> None:
    lines = [{**row, "BilledCosts": row["BilledCost"]} for row in rows(FOCUS, ["1"])]
    for row in lines:
        del row["BilledCost"]
    text = complaint(csv_bytes(lines))
    assert "required column BilledCost" in text
    assert "renamed to BilledCosts?" in text


def test_a_file_that_is_no_bill_at_all_names_the_formats(complaint) -> None:
    assert "no aws bill" in complaint(b"a,b\n1,2\n")


def test_a_required_column_that_appears_twice_is_refused(complaint) -> None:
    content = csv_bytes(rows(FOCUS, ["1"])).replace(b"BillingAccountId", b"BilledCost,BillingAccountId", 1)
    assert "BilledCost appears twice" in complaint(content.replace(b"\n1,", b"\n1,1,", 1))


def test_columns_that_differ_in_case_only_are_taken_when_no_amount_is_among_them(look) -> None:
    """Tags of a legacy CUR do so."""
    lines = rows(SourceFormat.AWS_CUR_LEGACY, ["1"], **{"resourceTags/user:Team": "a", "resourceTags/user:team": "b"})
    assert look(csv_bytes(lines)).format is SourceFormat.AWS_CUR_LEGACY


def test_columns_are_matched_without_regard_to_case_and_new_ones_are_recorded(look) -> None:
    lines = [{name.upper(): value for name, value in row.items()} for row in rows(FOCUS, ["1"], x_Team="ml")]
    facts = look(csv_bytes(lines))
    assert (facts.format, facts.new_columns) == (FOCUS, ("X_TEAM",))


def test_duplicate_lines_and_negative_costs_are_kept(look) -> None:
    facts = look(csv_bytes(rows(FOCUS, ["1.5", "-0.5"]) * 2))
    assert (facts.row_count(), cost_of(facts)) == (4, Decimal(2))


def test_a_byte_order_mark_literal_nulls_and_a_stray_column_are_taken(look) -> None:
    lines = rows(FOCUS, ["1"], Id="7", ListUnitPrice="NULL", Tags="NULL")
    content = b"\xef\xbb\xbf" + csv_bytes(lines).replace(b"BilledCost", b'"BilledCost"', 1)
    assert look(content).new_columns == ("Id",)


def test_values_may_hold_commas_quotes_and_line_ends(look) -> None:
    facts = look(csv_bytes(rows(FOCUS, ["1", "2"], Tags='{"a": "x, ""y""\nz"}')))
    assert facts.row_count() == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:-1], "truncated"),
        (lambda text: text + b"1,2,3\n", "number of columns"),
        (lambda text: text + b'"1,2,3\n', "not readable to the end"),
        (lambda text: text.replace(b"value-0", b"value-\xff", 1), "UTF-8"),
        (lambda text: b"", "empty"),
        (lambda text: b"\n\n", "no header"),
    ],
)
def test_a_csv_that_is_not_sound_to_its_end_is_refused(complaint, change, said: str) -> None:
    assert said in complaint(change(csv_bytes(rows(FOCUS, ["1", "2"]))))


@pytest.mark.parametrize("value", ["US", "dollars", "", "usd"])
def test_a_currency_that_is_no_code_is_refused_rather_than_summed(complaint, value: str) -> None:
    assert "column BillingCurrency, line 2" in complaint(csv_bytes(rows(FOCUS, ["1"], BillingCurrency=value)))


@pytest.mark.parametrize("value", ["", "yesterday", "2025-13-01"])
def test_a_row_that_tells_no_billing_month_is_refused(complaint, value: str) -> None:
    assert "column BillingPeriodStart, line 2" in complaint(csv_bytes(rows(FOCUS, ["1"], BillingPeriodStart=value)))


def test_a_billing_month_is_counted_in_utc(look) -> None:
    bounds = {"BillingPeriodStart": "2025-01-31T17:00:00-08:00", "BillingPeriodEnd": "2025-02-28T17:00:00-08:00"}
    facts = look(csv_bytes(rows(FOCUS, ["1"], **bounds)))
    assert [group.period for group in facts.groups] == ["2025-02"]


def test_what_swells_beyond_reason_is_not_unpacked(complaint, monkeypatch) -> None:
    monkeypatch.setattr(reading, "_SMALL", 1 << 20)
    assert "unpacks to more than" in complaint(gzip.compress(b"0" * (1 << 23)), "bill.csv.gz")


def test_a_checksum_or_row_count_that_differs_is_refused(complaint) -> None:
    content = gz_bytes(rows(FOCUS, ["1"]))
    assert "sha256" in complaint(content, "bill.csv.gz", sha256="0" * 64)
    assert "holds 1 rows, the manifest says 2" in complaint(content, "bill.csv.gz", row_count=2)


def test_a_file_of_another_kind_is_named(complaint) -> None:
    with pytest.raises(BadInput, match=r"bill\.xlsx: is not one of"):
        reading.ending("bill.xlsx")


def test_a_legacy_cur_with_the_names_of_cur2_is_told_by_its_lack_of_maps(look) -> None:
    lines = [{k: v for k, v in row.items() if k != "product"} for row in rows(CUR2, ["1"])]
    assert look(csv_bytes(lines)).format is SourceFormat.AWS_CUR_LEGACY


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("EA_ActualCost.csv", {}, SourceFormat.AZURE_ACTUAL),
        ("amortized-2025.csv", {}, SourceFormat.AZURE_AMORTIZED),
        ("costs.csv", {"ChargeType": "UnusedReservation"}, SourceFormat.AZURE_AMORTIZED),
        ("costs.csv", {"ChargeType": "Purchase", "PricingModel": "Reservation"}, SourceFormat.AZURE_ACTUAL),
    ],
)
def test_azures_halves_are_told_apart_by_name_then_by_their_rows(look, name, changes, expected) -> None:
    lines = rows(SourceFormat.AZURE_ACTUAL, ["1"], **changes)
    assert look(csv_bytes(lines), name, Provider.AZURE).format is expected


def test_an_azure_half_that_nothing_tells_is_asked_for(complaint) -> None:
    lines = csv_bytes(rows(SourceFormat.AZURE_ACTUAL, ["1"]))
    assert "--format" in complaint(lines, "costs.csv", Provider.AZURE)


def test_a_file_is_not_blamed_when_memory_runs_out(tmp_path: Path) -> None:
    import duckdb

    error = reading.damaged("bill.csv", duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block"))
    assert isinstance(error, Unavailable)
    assert error.is_retryable
