"""Which rule selects which charges: by every column that a selection may name, and the first pool that matches."""

from __future__ import annotations

from typing import get_args

import duckdb
import yaml
from tests.model_sql import DBT, macro_names, sources_sql

from finops.policy.allocation import Rules
from finops.policy.allocation.models import Column
from finops.quality.suites.mart_allocation_sources import ASKED_FOR
from finops.transform.allocation_inputs import document

ALWAYS = ("provider", "billing_currency", "cost_center", "service_category", "service_name")
USAGE, TAX = ("cc-1", "Usage"), ("cc-1", "Tax")
POOLS = [
    {"id": "tax", "version": 1, "select": {"charge_category": "Tax"}},
    {"id": "chain", "version": 2, "select": {"cost_center": "cc-1"}, "from": "2025-02"},
    {"id": "rest", "version": 1, "select": {"charge_category": ["Tax", "Usage"]}, "takes_the_rest": True},
]


def test_the_columns_are_those_that_a_selection_may_name() -> None:
    assert tuple(macro_names("allocation_columns")) == ASKED_FOR
    assert {*ALWAYS, *ASKED_FOR} == set(get_args(Column))
    contract = yaml.safe_load((DBT / "models/marts/allocation/mart_allocation_sources.yml").read_text(encoding="utf-8"))
    assert {*ALWAYS, *ASKED_FOR} < {column["name"] for column in contract["models"][0]["columns"]}


def selected(pools: list[dict[str, object]]) -> list[tuple[object, ...]]:
    said = Rules.model_validate(
        {"pools": [{"description": "x", "split": {"method": "even"}, **each} for each in pools]}
    )
    with duckdb.connect() as connection:
        columns = ", ".join(f"{name} varchar default 'x'" for name in (*ALWAYS, *ASKED_FOR))
        connection.execute(
            f"create table fct_daily_costs (billing_period varchar, {columns}, charge_count bigint default 1,"
            " billed_cost decimal(38, 12) default 1, effective_cost decimal(38, 12) default 1)"
        )
        for period in ("2025-01", "2025-02"):
            for center, category in (USAGE, TAX, ("cc-2", "Usage"), ("cc-2", "Purchase")):
                insert = "insert into fct_daily_costs (billing_period, cost_center, charge_category) values (?, ?, ?)"
                connection.execute(insert, [period, center, category])
        query = sources_sql(document(said, ("2025-01", "2025-02")))
        wanted = "billing_period, cost_center, charge_category, region_id, rule_id, rule_version, charge_count"
        return connection.execute(f"select {wanted} from ({query}) order by all").fetchall()


def test_a_charge_is_of_the_first_pool_that_matches_in_its_month() -> None:
    assert selected(POOLS) == [
        ("2025-01", "cc-1", "Tax", None, "tax", 1, 1),
        ("2025-01", "cc-1", "Usage", None, "rest", 1, 1),
        ("2025-01", "cc-2", "Purchase", None, "(none)", 0, 1),
        ("2025-01", "cc-2", "Usage", None, "rest", 1, 1),
        ("2025-02", "cc-1", "Tax", None, "tax", 1, 1),
        ("2025-02", "cc-1", "Usage", None, "chain", 2, 1),
        ("2025-02", "cc-2", "Purchase", None, "(none)", 0, 1),
        ("2025-02", "cc-2", "Usage", None, "rest", 1, 1),
    ]


def test_without_rules_there_is_a_row_per_cost_centre_and_service() -> None:
    assert selected([]) == [
        (period, center, None, None, "(none)", 0, 2) for period in ("2025-01", "2025-02") for center in ("cc-1", "cc-2")
    ]
