"""Served from a real PostgreSQL server: each reader their own rows."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from psycopg import errors as pg
from psycopg.sql import SQL, Identifier
from serving_steps import JANUARY, ask, connect, member, release, serve_with_statements

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.serving import service

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(serving_settings: Settings) -> Settings:
    """A home of its own, and a schema of its own to serve from."""
    return serving_settings


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, loader_url: str) -> Settings:
    """A served version with statements, and roles: one cost centre's, another's, finance. Shared: tests undo."""
    settings = Settings(home=tmp_path_factory.mktemp("served"), serving_url=loader_url, serving_schema="served")
    serve_with_statements(settings)
    service.grant(settings, "cc_1001", ["cc-1001"])
    service.grant(settings, "cc_1002", ["cc-1002"])
    service.grant(settings, "finops_finance", None)
    member(settings, "viewer_1001", "cc_1001")
    member(settings, "controller", "finops_finance")
    return settings


def test_a_cost_centres_role_reads_its_own_rows_and_finance_reads_all(served):
    for table, column in (
        ("fct_daily_costs", "cost_center"),
        ("mart_chargeback", "cost_center"),
        ("mart_cost_variance", "cost_center"),
        ("mart_savings", "cost_center"),
        ("statement_lines", "audience"),
    ):
        everyone = {row[0] for row in ask(served, f"select distinct {column} from {table}", "controller")}
        assert {"cc-1001", "cc-1002"} < everyone
        assert ask(served, f"select distinct {column} from {table}", "viewer_1001") == [("cc-1001",)]
    assert None in {row[0] for row in ask(served, "select audience from statement_lines", "controller")}
    both = "select sum(effective_cost) from mart_chargeback where cost_center = 'cc-1001'"
    assert ask(served, both, "viewer_1001") == ask(served, both, "controller")


def test_tables_without_a_cost_centre_are_for_finance_alone(served):
    for table in ("mart_costs_by_service", "mart_bill_completeness", "mart_reconciliation", "served_parts"):
        assert ask(served, f"select count(*) from {table}", "controller") != [(0,)]
        with pytest.raises(pg.InsufficientPrivilege):
            ask(served, f"select * from {table}", "viewer_1001")
    # Should somebody give the right by hand, row-level security still holds.
    with connect(served) as connection:
        connection.execute("grant select on mart_costs_by_service to cc_1001")
    assert ask(served, "select count(*) from mart_costs_by_service", "viewer_1001") == [(0,)]
    service.publish(served)
    with pytest.raises(pg.InsufficientPrivilege):
        ask(served, "select * from mart_costs_by_service", "viewer_1001")


def test_nobody_writes_and_a_stranger_reads_nothing(served):
    for user in ("viewer_1001", "controller"):
        with pytest.raises(pg.InsufficientPrivilege):
            ask(served, "delete from mart_chargeback returning 1", user)
        with pytest.raises(pg.InsufficientPrivilege):
            ask(served, "insert into audiences values ('cc_1001', null) returning 1", user)
    for table in ("mart_chargeback", "audiences", "my_cost_centers"):
        with pytest.raises(pg.InsufficientPrivilege):
            ask(served, f"select * from served.{table}", "analyst")


@pytest.mark.parametrize("owner", ["loader", "controller"])
@pytest.mark.parametrize("invoker", ["true", "false"])
def test_a_view_shows_each_reader_their_own_rows_whoever_made_it(served, owner, invoker):
    view = f"select distinct cost_center from reports.{owner}_{invoker}"
    with connect(served, "finops") as connection:
        connection.execute("create schema if not exists reports")
        connection.execute(SQL("grant create on schema reports to {}").format(Identifier(owner)))
        connection.execute("grant usage on schema reports to public")
    with connect(served, owner) as connection:
        connection.execute(
            f"create or replace view reports.{owner}_{invoker} with (security_invoker = {invoker}) as"
            " select cost_center, effective_cost from served.mart_chargeback"
        )
        connection.execute("grant select on reports." + f"{owner}_{invoker} to cc_1001, finops_finance")
    assert ask(served, view, "viewer_1001") == [("cc-1001",)]
    assert len(ask(served, view, "controller")) > 2


def test_set_role_and_a_predicate_with_side_effects_open_nothing(served):
    with closing(connect(served, "viewer_1001")) as connection:
        with pytest.raises(pg.InsufficientPrivilege):
            connection.execute("set role cc_1002")
        connection.execute(
            "create function pg_temp.spy(text) returns boolean language plpgsql cost 0.0000001 as"
            " $$ begin raise notice '%', $1; return true; end $$"
        )
        seen: list[str] = []
        connection.add_notice_handler(lambda notice: seen.append(notice.message_primary or ""))
        connection.execute("select * from mart_chargeback where pg_temp.spy(cost_center)").fetchall()
        assert set(seen) == {"cc-1001"}


def test_a_grant_replaces_the_one_before_and_a_revoked_role_reads_nothing(served):
    hostile = "cc'); drop table audiences; --\"🤖"
    grants = service.grant(served, "cc_1003", ["cc-1003", hostile, "cc-1003"])
    assert [each.cost_centers for each in grants if each.role == "cc_1003"] == [tuple(sorted(["cc-1003", hostile]))]
    member(served, "viewer_1003", "cc_1003")
    assert ask(served, "select distinct cost_center from fct_daily_costs", "viewer_1003") == [("cc-1003",)]
    service.grant(served, "cc_1003", None)
    assert len(ask(served, "select 1 from mart_reconciliation", "viewer_1003")) > 0
    service.grant(served, "cc_1003", ["cc-1001"])
    with pytest.raises(pg.InsufficientPrivilege):
        ask(served, "select 1 from mart_reconciliation", "viewer_1003")
    service.revoke(served, "cc_1003")
    with pytest.raises(pg.InsufficientPrivilege):
        ask(served, "select * from served.fct_daily_costs", "viewer_1003")
    with pytest.raises(BadInput, match="reads nothing here"):
        service.revoke(served, "cc_1003")


def test_a_role_that_security_would_not_hold_is_refused(served):
    before = service.grants(served)
    for role in ("loader", "analyst", "finops", "pg_monitor", "public", "PUBLIC", "none", "", "x" * 64):
        with pytest.raises(BadInput) as caught:
            service.grant(served, role, ["cc-1001"])
        assert "\n" not in str(caught.value)
    for cost_centers in ([], [""], ["a\0b"]):
        with pytest.raises(BadInput):
            service.grant(served, "cc_1001", cost_centers)
    assert service.grants(served) == before


def test_the_shipped_sql_makes_roles_that_the_next_publication_lets_in(settings):
    settings.serving_schema = "finops"  # the default, which the template names
    release(settings, JANUARY, build_id="build-1")
    service.publish(settings)
    template = Path(__file__).parents[2] / "deploy" / "serving-roles.sql"
    with connect(settings, "finops") as connection:
        connection.execute("drop role if exists bi_research")
        connection.execute(template.read_text(encoding="utf-8"))
    service.publish(settings)
    assert ask(settings, "select distinct cost_center from mart_chargeback", "bi_research") == [("cc-1001",)]
