"""What a cost centre's login can and cannot learn of the others from a real PostgreSQL server.

docs/features/serving.md says the same in words: no row, no value, no name; how many rows a table has, yes.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg
from serving_steps import ask, connect, member, serve_with_statements

from finops.core.settings import Settings
from finops.serving import service

pytestmark = pytest.mark.integration

ATTACKER = "attacker_1001"
DOCS = Path(__file__).resolve().parents[2] / "docs" / "features" / "serving.md"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, loader_url: str) -> Settings:
    """A served version with statements; the attacker signs in as a member of cost centre cc-1001."""
    settings = Settings(home=tmp_path_factory.mktemp("served"), serving_url=loader_url, serving_schema="attacked")
    serve_with_statements(settings)
    service.grant(settings, "attacked_1001", ["cc-1001"])
    service.grant(settings, "attacked_1002", ["cc-1002"])
    member(settings, ATTACKER, "attacked_1001")
    return settings


def all_text(settings: Settings, query: str) -> str:
    return str(ask(settings, query, ATTACKER))


@pytest.mark.parametrize(
    "query",
    [
        "select * from pg_stats where schemaname = 'attacked'",
        "select * from pg_stats_ext",
        "select * from pg_stats_ext_exprs",
        "select * from pg_stat_activity where usename <> current_user",
        "select * from information_schema.columns where column_default is not null",
        "select cost_center from attacked.my_cost_centers",
        "table mart_chargeback",
        "table statement_lines",
        "select * from mart_chargeback where cost_center <> 'cc-1001' or true",
        "select query_to_xml('select * from attacked.mart_chargeback', true, false, '')::text",
        "select database_to_xml(true, false, '')::text",
        "select row_to_json(m)::text from mart_chargeback as m",
    ],
)
def test_no_row_or_name_of_another_cost_centre_is_told(served: Settings, query: str) -> None:
    try:
        found = all_text(served, query)
    except pg.InsufficientPrivilege:
        return
    assert "cc-1002" not in found


@pytest.mark.parametrize(
    "query",
    [
        "select * from pg_statistic",
        "select * from pg_authid",
        "select * from attacked.audiences",
        "select * from attacked.served_parts",
        "select * from attacked.mart_reconciliation",
        "select pg_read_file('/etc/passwd')",
        "select pg_ls_dir('.')",
        "select lo_import('/etc/passwd')",
        "copy mart_chargeback to '/tmp/finops-stolen.csv'",
        "copy mart_chargeback to program 'true'",
        "create temporary table t (a text); copy t from '/etc/passwd'",
        "create table public.mine (a text)",
        "create schema mine",
        "create table attacked.mine (a text)",
        "create function attacked.mine() returns int language sql as 'select 1'",
        "create extension pageinspect",
        "set role attacked_1002",
        "set role loader",
        "set session authorization loader",
        "grant attacked_1002 to current_user",
        "alter table attacked.mart_chargeback disable row level security",
        "alter table attacked.mart_chargeback no force row level security",
        "drop policy audience on attacked.mart_chargeback",
        "create policy mine on attacked.mart_chargeback using (true)",
        "create index on attacked.mart_chargeback (cost_center)",
        "create trigger mine before insert on attacked.mart_chargeback for each row execute function now()",
        "update attacked.mart_chargeback set cost_center = 'cc-1001'",
        "truncate attacked.mart_chargeback",
        "begin; lock table attacked.mart_chargeback in access exclusive mode",
    ],
)
def test_what_an_attacker_tries_is_refused(served: Settings, query: str) -> None:
    with (
        closing(connect(served, ATTACKER)) as connection,
        pytest.raises((pg.InsufficientPrivilege, pg.InvalidGrantOperation, pg.FeatureNotSupported, pg.UndefinedFile)),
    ):
        connection.execute(query)


def test_row_security_cannot_be_switched_off(served: Settings) -> None:
    with closing(connect(served, ATTACKER)) as connection:
        connection.execute("set row_security = off")
        with pytest.raises(pg.InsufficientPrivilege, match="row-level security"):
            connection.execute("select * from mart_chargeback")


@pytest.mark.parametrize(
    "expression",
    [
        "1 / (case when cost_center = 'cc-1001' then 1 else 0 end) = 1",
        "cast(cost_center || 'x' as integer) = 1 or cost_center = 'cc-1001'",
        "cost_center ~ 'cc-1002'",
    ],
)
def test_an_error_that_a_function_raises_quotes_no_row_of_another(served: Settings, expression: str) -> None:
    """Row security is checked first: only functions that are leak-proof see rows before it."""
    told: Exception | None = None
    with closing(connect(served, ATTACKER)) as connection:
        try:
            connection.execute(f"select * from mart_chargeback where {expression}").fetchall()
        except psycopg.Error as error:
            told = error
    assert "cc-1002" not in str(told)
    assert not isinstance(told, pg.DivisionByZero), "it saw a row of another"


def test_a_plan_shows_no_value_of_another_cost_centre(served: Settings) -> None:
    plan = all_text(served, "explain (analyze, verbose, buffers) select * from mart_chargeback")
    assert "cc-1002" not in plan
    assert "cc-1001" not in plan


def test_how_many_rows_a_table_has_is_told_as_the_documentation_says(served: Settings) -> None:
    """PostgreSQL tells everybody the size of every table, and EXPLAIN how many rows a policy took away."""
    counted = "select count(*) from pg_stat_user_tables where schemaname = 'attacked'"
    assert ask(served, counted, ATTACKER) != [(0,)]
    assert ask(served, "select pg_relation_size('attacked.mart_chargeback') > 0", ATTACKER) == [(True,)]
    says = DOCS.read_text(encoding="utf-8")
    for way in ("EXPLAIN ANALYZE", "pg_class", "pg_stat_user_tables", "pg_relation_size"):
        assert way in says
