"""``finops conformance`` reads what is published, through the same door as every feature."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from finops.cli import app
from finops.conformance import scan
from finops.conformance.models import Kind, State
from finops.conformance.service import report
from finops.core.errors import BadInput, NotReady
from finops.core.focus import COLUMNS
from finops.core.focus import Kind as Type
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.core.sql import compose, literal

ROWS = (
    {"charge_category": "Usage", "service_name": "Amazon Athena", "sku_id": "S", "pricing_unit": "Hours"},
    {"charge_category": "Usage", "service_name": "Quantum", "service_category": "Other", "pricing_unit": "Qubits!"},
    {"charge_category": "Tax", "billing_currency": "EUR", "billed_cost": "0.1"},
    {"charge_category": "Adjustment", "x_charge_type": "Unheard", "x_source_changes": "a_rule, another"},
    {"charge_category": "Adjustment", "x_charge_type": "Refund", "charge_class": "Correction"},
)
"""Charges, where they differ from a plain one."""

PLAIN = {
    "billing_currency": "USD",
    "billed_cost": "1.25",
    "service_category": "Compute",
    "service_name": "Amazon Athena",
}
TYPES = {Type.TEXT: "varchar", Type.JSON: "varchar", Type.DECIMAL: "decimal(38,12)", Type.MOMENT: "timestamp"}


@pytest.fixture
def published(settings: Settings) -> Settings:
    """A publication of one month of two providers, written as `finops build` leaves it."""
    version = settings.published_dir / "versions" / "build-1"
    names = {column.snake: TYPES[column.kind] for column in COLUMNS}
    names |= {"x_charge_type": "varchar", "x_source_changes": "varchar"}
    for provider in ("aws", "gcp"):
        leaf = version / "fct_focus_costs" / f"provider={provider}" / "billing_period=2025-01"
        leaf.mkdir(parents=True)
        _write(leaf / "part.parquet", names)
    duckdb.connect(str(version / "finops.duckdb")).close()
    fact = {"rows": 10, "partitions": {"aws/2025-01": {"rows": 5}, "gcp/2025-01": {"rows": 5}}}
    manifest = {"fact": fact, "marts": {}, "billing_periods": ["2025-01"]}
    (version / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (settings.published_dir / "current").symlink_to(version)
    return settings


def _write(path: Path, names: dict[str, str]) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"create table fact ({', '.join(f'{name} {kind}' for name, kind in names.items())})")
        for row in ROWS:
            full = {**PLAIN, **row}
            marks = ", ".join("?" for _ in full)
            connection.execute(f"insert into fact ({', '.join(full)}) values ({marks})", list(full.values()))
        connection.execute(f"copy fact to '{path}' (format parquet)")


def test_a_column_is_judged_over_the_rows_it_applies_to(published: Settings) -> None:
    states = {e.column: e.state for e in report(published).coverage if e.provider == "aws"}

    assert states["BilledCost"] is State.FILLED
    assert states["SkuId"] is State.PARTLY, "one of the two usage rows; tax and adjustments have no SKU"
    assert states["SkuPriceId"] is State.ABSENT
    assert states["ChargeClass"] is State.FILLED, "only a correction has a class"
    assert states["CapacityReservationStatus"] is State.NOT_APPLICABLE
    assert states["CommitmentDiscountQuantity"] is State.NOT_APPLICABLE


def test_what_nobody_knows_is_listed_with_its_spend(published: Settings) -> None:
    found = [e for e in report(published, provider=Provider.AWS).findings]

    assert {(e.kind, e.name, e.rows, e.billed_cost) for e in found} == {
        (Kind.SERVICE, "Quantum", 1, Decimal("1.25")),
        (Kind.UNIT, "Qubits!", 1, Decimal("1.25")),
        (Kind.LINE_TYPE, "Unheard", 1, Decimal("1.25")),
        (Kind.REPAIR, "a_rule", 1, Decimal("1.25")),
        (Kind.REPAIR, "another", 1, Decimal("1.25")),
    }


def test_the_command_prints_json_a_script_can_rely_on(published: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_HOME", str(published.root))

    done = CliRunner().invoke(app, ["conformance", "--json", "--provider", "gcp", "--billing-period", "2025-01"])
    table = CliRunner().invoke(app, ["conformance"])

    content = json.loads(done.stdout)
    assert (done.exit_code, table.exit_code) == (0, 0)
    assert content["rows"] == {"gcp": 5}
    assert len(content["columns"]) == len(COLUMNS)
    assert {"provider", "column", "state", "applicable", "filled", "share", "must", "rule"} == set(
        content["columns"][0]
    )
    assert "partly filled 50.0% of 2" in table.stdout


def test_a_month_or_a_publication_that_is_not_there_is_named(published: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nothing is published for 2031-01; there are 2025-01"):
        report(published, [BillingPeriod(2031, 1)])
    with pytest.raises(BadInput, match="nothing of azure is published"):
        report(published, provider=Provider.AZURE)
    with pytest.raises(NotReady):
        report(Settings(home=tmp_path / "other"))


@pytest.mark.parametrize(
    ("unit", "is_odd"),
    [
        ("Hours", False),
        # A block of a unit that the seed has, and what nobody has counted yet.
        ("10000 Units", False),
        ("100 Hours", False),
        ("DBU-Hours", False),
        ("Widgets/3 Months", False),
        # What a spend was committed in.
        ("USD", False),
        # Spelled otherwise than the seed has it.
        ("Hrs", True),
        ("tb-Hours", True),
        ("100 hrs", True),
        # Out of FOCUS's format.
        ("1K tokens", True),
        ("GB-Mo", True),
    ],
)
def test_a_unit_that_is_right_raises_no_alarm(settings: Settings, unit: str, is_odd: bool) -> None:
    query = compose(
        "with units as (select lower(native_unit) as spelling, focus_unit from read_csv({seed}, all_varchar = true))"
        " select {odd} from (select {unit} as unit, 'USD' as billing_currency, 'EUR' as pricing_currency)",
        seed=literal(settings.dbt_dir / "seeds" / "pricing_units.csv"),
        odd=scan.is_odd("unit"),
        unit=literal(unit),
    )

    assert duckdb.sql(query).fetchall() == [(is_odd,)]
