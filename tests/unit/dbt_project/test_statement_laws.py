"""dbt's tests of what statements are made of find a planted unit of the twelfth decimal, wherever it is planted."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from tests.crafted_warehouse import craft, edit
from tests.model_sql import model_sql

from finops.core.settings import Settings

UNIT = "0.000000000001::decimal(38, 12)"
_MOVED = """
    insert into marts.mart_allocated_costs
    select * replace (
        '{kind}' as entry_kind, 'tax' as rule_id, 1 as rule_version, 'd' as rule_digest,
        {sign}billed_cost as billed_cost, {sign}effective_cost as effective_cost
    )
    from marts.mart_allocated_costs where entry_kind = 'direct' and service_name = 'service-1'
"""


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bills in two currencies, of which a rule moved a service."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    craft(settings, [("aws", "2025-01"), ("gcp", "2025-02")])
    edit(settings, _MOVED.format(kind="pool", sign=""))
    # Negated once more: what was just added is no direct entry.
    edit(settings, _MOVED.format(kind="offset", sign="-"))
    return settings.warehouse_path


def found(warehouse: Path, law: str, fault: str = "") -> list[tuple[object, ...]]:
    """Return what a test finds after a fault, which is undone again."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set search_path = 'marts'")
        connection.begin()
        if fault:
            connection.execute(fault)
        rows = connection.execute(model_sql(law)).fetchall()
        connection.rollback()
        return rows


@pytest.mark.parametrize(
    "law", ["rules_move_and_make_nothing", "rules_select_every_charge_once", "statements_are_the_focus_fact"]
)
def test_nothing_is_found_where_the_books_tie_out(warehouse: Path, law: str) -> None:
    assert found(warehouse, law) == []


@pytest.mark.parametrize("measure", ["billed_cost", "effective_cost"])
@pytest.mark.parametrize("kind", ["pool", "offset"])
def test_a_rule_that_makes_or_loses_cost_is_found(warehouse: Path, kind: str, measure: str) -> None:
    fault = (
        f"update mart_allocated_costs set {measure} = {measure} + {UNIT} where rowid ="
        f" (select min(rowid) from mart_allocated_costs where entry_kind = '{kind}')"
    )
    assert len(found(warehouse, "rules_move_and_make_nothing", fault)) == 1


def test_a_markup_is_zero_on_its_own(warehouse: Path) -> None:
    # Its entries may not make up for what the pool's entries lack.
    fault = "update mart_allocated_costs set entry_kind = 'markup' where entry_kind = 'pool'"
    assert found(warehouse, "rules_move_and_make_nothing", fault)


@pytest.mark.parametrize("measure", ["billed_cost", "effective_cost"])
@pytest.mark.parametrize("mart", ["mart_chargeback", "mart_allocated_costs"])
def test_a_statement_that_is_not_the_fact_is_found(warehouse: Path, mart: str, measure: str) -> None:
    one = f"(select min(rowid) from {mart} where cost_center = 'cc-1001' and billing_period = '2025-01')"
    fault = f"update {mart} set {measure} = {measure} - {UNIT} where rowid = {one}"
    ((period, *_, billed, effective),) = found(warehouse, "statements_are_the_focus_fact", fault)
    assert period == "2025-01"
    assert (bool(billed), bool(effective)) == (measure == "billed_cost", measure == "effective_cost")


def test_a_bill_that_a_mart_lost_whole_is_found(warehouse: Path) -> None:
    fault = "delete from mart_chargeback where provider = 'gcp' and billing_currency = 'EUR'"
    assert len(found(warehouse, "statements_are_the_focus_fact", fault)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        f"update mart_allocation_sources set billed_cost = billed_cost + {UNIT} where service_name = 'service-1'",
        "update mart_allocation_sources set charge_count = charge_count + 1 where service_name = 'service-1'",
        "insert into mart_allocation_sources from mart_allocation_sources where service_name = 'service-1'",
        "delete from mart_allocation_sources where service_name = 'service-1'",
    ],
)
def test_a_charge_that_is_not_selected_once_is_found(warehouse: Path, fault: str) -> None:
    assert found(warehouse, "rules_select_every_charge_once", fault)
