"""What the tests of serving do again and again: make a version, serve it, ask as one reader or another."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import psycopg
from psycopg.sql import SQL, Identifier
from tests import statement_marts
from tests.crafted_warehouse import craft, edit

from finops.chargeback import service as chargeback
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.serving import service
from finops.stores.candidate import Verdict, save_verdict
from finops.stores.published import Publication
from finops.transform.publish import publish as publish_version

JANUARY, FEBRUARY = ("aws", "2025-01"), ("aws", "2025-02")
FEW = ("fct_daily_costs", "mart_chargeback", "mart_costs_by_service", "mart_allocated_costs", "mart_reconciliation")

FOR_STATEMENTS = (*FEW, "mart_exchange_rates", *statement_marts.TABLES, *statement_marts.VIEWS)


def release(
    settings: Settings,
    *scope: tuple[str, str],
    build_id: str,
    revision: int = 0,
    also: str = "",
    marts: Sequence[str] = FEW,
) -> Publication:
    """Build, judge and publish, as a day's run does; ``also`` edits the warehouse before."""
    craft(settings, scope, build_id=build_id, revision=revision, lines=60, marts=marts)
    if also:
        edit(settings, also)
    save_verdict(settings, Verdict(build_id, True, (), ()))
    return publish_version(settings)


def serve_with_statements(settings: Settings) -> None:
    """Publish and serve a January and its statements."""
    release(settings, JANUARY, build_id="build-1", marts=FOR_STATEMENTS)
    chargeback.publish(settings, BillingPeriod(2025, 1))
    service.publish(settings)


def connect(settings: Settings, user: str = "loader") -> psycopg.Connection:
    assert settings.serving_url is not None
    url = settings.serving_url.replace("+psycopg", "").replace("loader@", f"{user}@")
    return psycopg.connect(url, autocommit=True, options=f"-c search_path={settings.serving_schema}")


def ask(settings: Settings, query: str, user: str = "loader") -> list[tuple]:
    with closing(connect(settings, user)) as connection:
        return connection.execute(query).fetchall()


def changed(report: service.ServedReport) -> set[tuple[str, str]]:
    return {(each.table, each.billing_period) for each in report.changes}


def member(settings: Settings, user: str, *roles: str) -> None:
    """Let a person or tool sign in as a member of group roles, as docs/cookbooks/serving.md has it."""
    with connect(settings, "finops") as connection:
        if not connection.execute("select from pg_roles where rolname = %s", [user]).fetchall():
            connection.execute(SQL("create role {} login").format(Identifier(user)))
        for role in roles:
            connection.execute(SQL("grant {} to {}").format(Identifier(role), Identifier(user)))
