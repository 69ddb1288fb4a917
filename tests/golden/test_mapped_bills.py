"""Golden cases: a few native lines of a bill, and the FOCUS rows they must become.

Each ``*.yml`` in the folders beside this file is one case. It opens by saying in words what is expected and why. All
cases are landed and built together, once; a case has a (provider, billing period) of its own, so that it sees no
other's rows. ``like`` names the columns a line has where the case does not say otherwise.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from tests.native_files import LIKE, types_of, write_csv, write_parquet

from finops.core.formats import SourceFormat
from finops.core.providers import ANY_VENDOR, CLOUDS, Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.transform import runner
from finops.transform.service import build

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One golden case."""

    name: str
    words: str
    provider: Provider
    billing_period: str
    deliveries: list[dict[str, Any]]
    expected: list[dict[str, Any]]
    containers: list[dict[str, Any]] = field(default_factory=list)
    """Rows of fct_container_costs, where the case is about them."""
    excluded: list[dict[str, Any]] = field(default_factory=list)
    """Rows of mart_excluded_lines, likewise."""
    spec: str = ""
    """The worked example of the specification that the case reproduces, where there is one."""


def _cases() -> list[Case]:
    found = []
    for path in sorted(FOLDER.glob("*/*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.append(
            Case(name=f"{path.parent.name}/{path.stem}", **{**content, "provider": Provider(content["provider"])})
        )
    return found


CASES = _cases()


def _land(settings: Settings, folder: Path, case: Case) -> None:
    for number, delivery in enumerate(case.deliveries):
        source_format = SourceFormat(delivery["format"])
        rows = [{**LIKE[delivery["like"]], **row} for row in delivery["rows"]]
        kind = delivery.get("file", "csv")
        path = folder / f"{case.name.replace('/', '-')}-{number}.{kind}"
        if kind == "parquet":
            write_parquet(path, rows, {**types_of(source_format), **delivery.get("types", {})})
        else:
            write_csv(path, rows)
        source = f"{case.name.replace('/', '-')}-{delivery['format']}".replace("_", "-")
        whose = case.provider if case.provider in CLOUDS else ANY_VENDOR
        report = ingest(settings, whose, str(path), no_manifest=True, source=source, source_format=source_format)
        assert not report.rejections, report.rejections


@dataclass(frozen=True)
class Built:
    """The fact of all cases, and the warehouse it lies in."""

    settings: Settings
    rows: dict[tuple[str, str], list[dict[str, Any]]]
    containers: dict[tuple[str, str], list[dict[str, Any]]]
    excluded: dict[tuple[str, str], list[dict[str, Any]]]
    reconciliation: list[tuple[Any, ...]]
    rates: dict[tuple[str, str], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Land every case, then build them in one go through the real services."""
    folder = tmp_path_factory.mktemp("golden")
    settings = Settings(home=folder / "home")
    for case in CASES:
        _land(settings, folder, case)
    candidate = build(settings)
    assert candidate is not None
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        rows = _by_period(connection, "fct_focus_costs")
        containers = _by_period(connection, "fct_container_costs")
        excluded = _by_period(connection, "marts.mart_excluded_lines")
        reconciliation = connection.execute(
            "select provider, billing_period, billing_currency, stage, difference from marts.mart_reconciliation"
        ).fetchall()
        rates = _by_period(connection, "marts.mart_exchange_rates")
    return Built(settings, rows, containers, excluded, reconciliation, rates)


def _by_period(connection: duckdb.DuckDBPyConnection, table: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found = connection.execute(f"select * from {table}")
    names = [column[0] for column in found.description]
    rows = defaultdict(list)
    for values in found.fetchall():
        row = dict(zip(names, values, strict=True))
        rows[row["provider"], row["billing_period"]].append(row)
    return rows


def _as_text(value: Any) -> str | None:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    return None if value is None else str(value)


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, str | None]]:
    return sorted(({name: _as_text(value) for name, value in row.items()} for row in rows), key=str)


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, str | None]]:
    def plain(value: Any) -> Any:
        return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value

    return _sorted([{name: plain(value) for name, value in row.items()} for row in rows])


def test_every_case_opens_with_words_and_has_a_period_of_its_own() -> None:
    assert CASES
    assert all(len(case.words.split()) > 15 for case in CASES)
    assert len({(case.provider, case.billing_period) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_lines_become_the_expected_focus_rows(case: Case, built: Built) -> None:
    names = list(case.expected[0])
    assert all(list(row) == names for row in case.expected), "every expected row names the same columns"
    actual = [{name: row[name] for name in names} for row in built.rows[case.provider, case.billing_period]]

    assert _sorted(actual) == _plain(case.expected)


@pytest.mark.parametrize("table", ["containers", "excluded"])
@pytest.mark.parametrize("case", [case for case in CASES if case.containers], ids=lambda case: case.name)
def test_lines_that_are_no_charges_are_kept_and_named(case: Case, table: str, built: Built) -> None:
    expected = getattr(case, table)
    found = getattr(built, table)[case.provider, case.billing_period]

    assert _sorted([{name: row[name] for name in expected[0]} for row in found]) == _plain(expected)


def test_every_native_line_is_a_charge_or_named_as_excluded(built: Built) -> None:
    """Of CURs; a line may yield more charges than one, so the fact has at least as many rows as included lines."""
    for case in (case for case in CASES if case.name.startswith("aws")):
        key = case.provider, case.billing_period
        lines = sum(len(delivery["rows"]) for delivery in case.deliveries)
        excluded = sum(row["row_count"] for row in built.excluded[key])

        assert len(built.rows[key]) >= lines - excluded, case.name


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


def test_every_repair_has_a_case(built: Built) -> None:
    """What the rows of the cases say was changed: each rule at least once, and none that the seed does not describe."""
    path = built.settings.project_dir / "dbt_project" / "seeds" / "focus_repairs.csv"
    with path.open(encoding="utf-8", newline="") as file:
        described = {row["id"] for row in csv.DictReader(file)}
    made = {
        change
        for rows in built.rows.values()
        for row in rows
        for change in (row["x_source_changes"] or "").split(", ")
        if change
    }

    assert made == described


def test_a_google_commitment_is_effective_for_what_was_paid(built: Built) -> None:
    """Whatever links the fee to its usage: what the fees were billed is effective elsewhere, and nothing else is."""
    fees, effective = defaultdict(Decimal), defaultdict(Decimal)
    for (_, period), rows in built.rows.items():
        for row in rows:
            if not row["x_source_format"].startswith("gcp"):
                continue
            key = (period, row["billing_currency"])
            is_fee = row["charge_category"] == "Purchase" and row["commitment_discount_id"] is not None
            fees[key] += row["billed_cost"] if is_fee else 0
            effective[key] += row["effective_cost"] - (0 if is_fee else row["billed_cost"])
            assert not is_fee or row["effective_cost"] == row["contracted_cost"] == row["list_cost"] == 0, row

    assert sum(map(bool, fees.values())) > 3
    assert effective == fees


def test_the_rates_that_bills_name_stand_by_month_as_they_are_written(built: Built) -> None:
    """Wherever a case is charged in another currency than it is priced in, and nowhere else."""
    names = ("pricing_currency", "billing_currency", "rate")

    assert {key: [tuple(row[name] for name in names) for row in rows] for key, rows in built.rates.items()} == {
        ("azure", "2020-05"): [("USD", "GBP", Decimal("0.8"))],
        ("gcp", "2020-07"): [("USD", "GBP", Decimal("0.8"))],
    }


def test_the_unit_tests_of_the_models_pass(built: Built) -> None:
    """dbt's own unit tests; they need the models' columns, hence a warehouse. Those of KPIs are in theirs."""
    passed = runner.run(built.settings, ["test", "--select", "test_type:unit", "--exclude", "tag:kpi"])

    assert {
        "a_commitment_ends_on_the_day_that_its_lines_say",
        "azure_charges_are_told_by_type_and_pricing_model",
        "azure_commitments_are_billed_once_and_effective_once",
        "azure_quantities_are_divided_exactly",
        "azure_refunds_correct_earlier_invoices_alone",
        "azure_usage_of_a_commitment_has_a_status",
        "aws_refunds_are_effective_as_invoiced_unless_they_are_of_a_commitment",
        "gcp_adjustments_correct_earlier_invoices_alone",
        "gcp_credits_count_once_and_a_large_promotion_stands_apart",
        "gcp_credits_go_to_the_commitment_they_name_or_fit",
        "gcp_fees_are_spread_over_what_their_credits_covered",
        "focus_gaps_are_filled_by_named_rules",
        "focus_prices_are_in_the_currency_that_the_costs_tell",
        "focus_repairs_are_noted_by_name",
        "spellings_of_a_key_are_one_key_and_a_wrong_value_is_none",
        "every_source_of_an_owner_has_its_part_of_the_day",
    } <= set(passed)


def test_the_laws_of_the_statements_hold_in_the_data(built: Built) -> None:
    """`finops build` runs them too; what breaks one is never offered for publication."""
    passed = runner.run(built.settings, ["test", "--select", "test_type:data", "--exclude", "tag:kpi"])

    assert {"rules_move_and_make_nothing", "statements_are_the_focus_fact"} <= set(passed)


NAMES_OF_SPEC = {
    "charge_category": "ChargeCategory",
    "charge_frequency": "ChargeFrequency",
    "pricing_category": "PricingCategory",
    "billed_cost": "BilledCost",
    "effective_cost": "EffectiveCost",
    "commitment_discount_category": "CommitmentDiscountCategory",
    "commitment_discount_id": "CommitmentDiscountId",
    "commitment_discount_quantity": "CommitmentDiscountQuantity",
    "commitment_discount_status": "CommitmentDiscountStatus",
    "commitment_discount_unit": "CommitmentDiscountUnit",
}


def _of_spec(value: str | None) -> str | None:
    """A value of the specification's examples as the platform writes it."""
    if value in ("null", "", None):
        return None
    if value == "<my-commitment-discount-id>":
        return "the commitment"
    try:
        return _as_text(Decimal(value))
    except InvalidOperation:
        return {"Hour": "Hours", "Normalized Hour": "Normalized Hours"}.get(value, value)


@pytest.mark.shared
@pytest.mark.parametrize("case", [case for case in CASES if case.spec], ids=lambda case: case.name)
def test_the_worked_examples_of_the_specification_are_what_the_cases_expect(case: Case, shared_data: Path) -> None:
    """The cases say it in our own rows; the specification's files, which are not ours to copy, are the oracle.

    Their hourly fees stand in other files than the usage, so a case may hold purchases that its example leaves out.
    """
    text = (shared_data / "focus" / f"{case.spec}.csv").read_text(encoding="utf-8")
    examples = list(csv.DictReader(line for line in text.splitlines() if line.strip()))
    names = {name: native for name, native in NAMES_OF_SPEC.items() if native in examples[0]}
    oracle = [{name: _of_spec(row[native]) for name, native in names.items()} for row in examples]
    is_about_purchases = any(row["charge_category"] == "Purchase" for row in oracle)
    ours = [
        {name: "the commitment" if name.endswith("_id") and row[name] else row[name] for name in names}
        for row in case.expected
        if is_about_purchases or row["charge_category"] != "Purchase"
    ]

    assert _plain(ours) == _sorted(oracle)


def test_all_eleven_worked_examples_are_cases() -> None:
    assert len({case.spec for case in CASES if case.spec}) == 11
