"""Served from a real PostgreSQL server: the old version or the new, to the last decimal, each reader their own rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg
from psycopg.sql import SQL, Identifier
from tests.crafted_warehouse import craft, edit

from finops.chargeback import service as chargeback
from finops.core.candidate import Verdict, save_verdict
from finops.core.errors import BadInput, Finding, Unavailable
from finops.core.periods import BillingPeriod
from finops.core.published import Publication
from finops.core.settings import Settings
from finops.serving import database, service
from finops.transform.publish import publish as publish_version

pytestmark = pytest.mark.integration

JANUARY, FEBRUARY = ("aws", "2025-01"), ("aws", "2025-02")
FEW = ("fct_daily_costs", "mart_chargeback", "mart_costs_by_service", "mart_reconciliation")


@pytest.fixture(scope="session")
def loader_url(postgres_url: str) -> str:
    """A database's address for a user as an operator makes one: it owns its database and may make roles."""
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("create role loader login createrole")
        connection.execute("create role analyst login")
        connection.execute("create database reporting owner loader")
    return postgres_url.replace("finops@", "loader@").rsplit("/", 1)[0] + "/reporting"


@pytest.fixture
def settings(settings: Settings, loader_url: str, request: pytest.FixtureRequest) -> Settings:
    """A home of its own, and a schema of its own to serve from."""
    settings.serving_url, settings.serving_schema = loader_url, "s" + str(abs(hash(request.node.nodeid)))
    return settings


def release(
    settings: Settings, *scope: tuple[str, str], build_id: str, revision: int = 0, also: str = ""
) -> Publication:
    """Build, judge and publish, as a day's run does; ``also`` edits the warehouse before."""
    craft(settings, scope, build_id=build_id, revision=revision, lines=60, marts=FEW)
    if also:
        edit(settings, also)
    save_verdict(settings, Verdict(build_id, True, (), ()))
    return publish_version(settings)


def connect(settings: Settings, user: str = "loader") -> psycopg.Connection:
    assert settings.serving_url is not None
    url = settings.serving_url.replace("+psycopg", "").replace("loader@", f"{user}@")
    return psycopg.connect(url, autocommit=True, options=f"-c search_path={settings.serving_schema}")


def ask(settings: Settings, query: str, user: str = "loader") -> list[tuple]:
    with closing(connect(settings, user)) as connection:
        return connection.execute(query).fetchall()


def changed(report: service.ServedReport) -> set[tuple[str, str]]:
    return {(each.table, each.billing_period) for each in report.changes}


def test_every_row_of_every_published_mart_is_served_exactly(settings):
    version = release(settings, JANUARY, FEBRUARY, build_id="build-1")
    report = service.publish(settings)
    assert changed(report) == {(mart, month) for mart in FEW for month in ("2025-01", "2025-02")}
    with version.connect() as connection:
        for mart in FEW:
            names = ", ".join(name for name, *_ in connection.execute(f"describe {mart}").fetchall())
            expected = connection.execute(f"select {names} from {mart}").fetchall()
            assert sorted(ask(settings, f"select {names} from {mart}"), key=repr) == sorted(expected, key=repr), mart
    assert ask(settings, "select build_id from served_version") == [("build-1",)]


def test_columns_are_typed_indexed_and_described(settings):
    release(settings, JANUARY, build_id="build-1")
    service.publish(settings)
    kinds = dict(
        ask(
            settings,
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = 'fct_daily_costs'::regclass and attnum > 0",
        )
    )
    assert kinds["billed_cost"] == "numeric(38,12)"
    assert (kinds["charge_date"], kinds["has_required_tags"], kinds["charge_count"]) == ("date", "boolean", "bigint")
    indexes = " ".join(
        row[0] for row in ask(settings, "select indexdef from pg_indexes where schemaname = current_schema")
    )
    assert "fct_daily_costs USING btree (billing_period, provider, billing_currency)" in indexes
    assert "fct_daily_costs USING btree (cost_center, billing_period)" in indexes
    ((about,),) = ask(settings, "select obj_description('mart_chargeback'::regclass)")
    assert about.startswith("One row per cost centre")
    comments = ask(settings, "select col_description('mart_chargeback'::regclass, i) from generate_series(1, 16) as i")
    assert all(comment for (comment,) in comments)


def test_the_same_version_again_touches_no_row(settings):
    release(settings, JANUARY, build_id="build-1")
    service.publish(settings)
    before = ask(settings, "select xmin::text, ctid::text from fct_daily_costs order by ctid")
    report = service.publish(settings)
    assert (report.changes, report.unchanged) == ((), len(FEW))
    assert ask(settings, "select xmin::text, ctid::text from fct_daily_costs order by ctid") == before


def test_a_restated_month_is_replaced_and_no_other_row_is_touched(settings):
    release(settings, JANUARY, FEBRUARY, build_id="build-1")
    service.publish(settings)
    rows = "select xmin::text, ctid::text from fct_daily_costs where billing_period = '{}' order by ctid"
    january, february = ask(settings, rows.format("2025-01")), ask(settings, rows.format("2025-02"))
    version = release(settings, FEBRUARY, build_id="build-2", revision=1)
    # What a revision leaves as it was, to the byte, is not copied again.
    assert changed(service.publish(settings)) == {(mart, "2025-02") for mart in FEW}
    assert ask(settings, rows.format("2025-01")) == january
    assert not set(ask(settings, rows.format("2025-02"))) & set(february)
    builds = ask(
        settings, "select distinct billing_period, build_id from served_parts order by all".replace("all", "1")
    )
    assert builds == [("2025-01", "build-1"), ("2025-02", "build-2")]
    with version.connect() as connection:
        total = connection.execute("select sum(billed_cost) from fct_daily_costs").fetchall()
    assert ask(settings, "select sum(billed_cost) from fct_daily_costs") == total


def test_a_month_and_a_mart_that_vanish_from_what_is_published_vanish_here(settings):
    release(settings, JANUARY, FEBRUARY, build_id="build-1")
    service.publish(settings)
    wiped = ";".join(f"delete from marts.{mart} where billing_period = '2025-02'" for mart in FEW)
    release(settings, FEBRUARY, build_id="build-2", also=f"{wiped}; drop table marts.mart_costs_by_service")
    report = service.publish(settings)
    assert {each.row_count for each in report.changes} == {None}
    assert ask(settings, "select distinct billing_period from fct_daily_costs") == [("2025-01",)]
    assert ask(settings, "select to_regclass('mart_costs_by_service')") == [(None,)]
    assert ask(settings, "select distinct billing_period from served_parts") == [("2025-01",)]


def test_a_column_that_a_mart_gains_or_loses_is_gained_or_lost_here_and_rows_stay_guarded(settings):
    release(settings, JANUARY, build_id="build-1")
    service.publish(settings)
    service.grant(settings, "cc_1001", ["cc-1001"])
    more = "alter table marts.mart_chargeback add column x_rule varchar default 'rule 7'"
    release(settings, JANUARY, build_id="build-2", also=more)
    service.publish(settings)
    assert ask(settings, "select distinct x_rule from mart_chargeback") == [("rule 7",)]
    member(settings, "viewer_1001", "cc_1001")
    assert ask(settings, "select distinct cost_center from mart_chargeback", "viewer_1001") == [("cc-1001",)]
    edit(settings, "alter table marts.mart_chargeback drop column x_rule")
    release(settings, JANUARY, build_id="build-3")
    service.publish(settings)
    assert (
        ask(settings, "select from pg_attribute where attrelid = 'mart_chargeback'::regclass and attname = 'x_rule'")
        == []
    )


def test_a_view_that_holds_on_to_a_column_is_named_and_the_old_version_stays(settings):
    release(settings, JANUARY, build_id="build-1", also="alter table marts.mart_chargeback add column x_rule int")
    service.publish(settings)
    with connect(settings) as connection:
        connection.execute("create view by_rule as select x_rule from mart_chargeback")
    edit(settings, "alter table marts.mart_chargeback drop column x_rule")
    release(settings, JANUARY, build_id="build-2")
    with pytest.raises(BadInput, match=r"view s\d+\.by_rule depends on column x_rule") as caught:
        service.publish(settings)
    assert "\n" not in str(caught.value)
    assert ask(settings, "select build_id from served_version") == [("build-1",)]


def test_hostile_texts_arrive_as_they_are(settings):
    texts = ['"; drop table x; --', "a,b\n\\.\nc", "", "'=1+1", "🤖 день", "tab\there", "back\\slash", "\\N"]
    listed = ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
    planted = f"""
        update marts.mart_costs_by_service
        set service_category = list_extract([{listed}], (1 + rowid % {len(texts)})::int),
            provider_name = 'a' || chr(0) || 'b'
    """
    nested = "alter table marts.mart_costs_by_service add column x_steps struct(a integer, b varchar[])"
    filled = """update marts.mart_costs_by_service set x_steps = {'a': 1, 'b': ['x"y']}"""
    release(settings, JANUARY, build_id="build-1", also=f"{planted}; {nested}; {filled}")
    service.publish(settings)
    assert ask(settings, "select distinct x_steps from mart_costs_by_service") == [({"a": 1, "b": ['x"y']},)]
    found = {row[0] for row in ask(settings, "select service_category from mart_costs_by_service")}
    assert found == set(texts)
    # PostgreSQL's text cannot hold a NUL: it shows as the character for what cannot be shown.
    assert ask(settings, "select distinct provider_name from mart_costs_by_service") == [("a�b",)]


def test_what_does_not_add_up_to_the_manifest_is_not_served(settings):
    release(settings, JANUARY, build_id="build-1")
    service.publish(settings)
    version = release(settings, JANUARY, build_id="build-2", revision=1)
    file = version.path / "manifest.json"
    manifest = json.loads(file.read_text())
    totals = manifest["marts"]["mart_chargeback"]["billing_periods"]["2025-01"]["totals"]["USD"]
    totals["billed_cost"] = str(Decimal(totals["billed_cost"]) + Decimal("0.000000000001"))
    file.write_text(json.dumps(manifest))
    with pytest.raises(Finding, match="billed_cost in USD"):
        service.publish(settings)
    assert ask(settings, "select build_id from served_version") == [("build-1",)]
    assert ask(settings, "select distinct build_id from served_parts") == [("build-1",)]


# -- statements -----------------------------------------------------------------------------------------------------


def test_statement_lines_add_up_to_the_statements_and_follow_them(settings):
    release(settings, JANUARY, FEBRUARY, build_id="build-1")
    done = chargeback.publish(settings, BillingPeriod(2025, 1))
    chargeback.publish(settings, BillingPeriod(2025, 2))
    service.publish(settings)
    found = dict(
        ((audience, currency), total)
        for audience, currency, total in ask(
            settings,
            "select audience, billing_currency, sum(effective_cost_rounded) from statement_lines"
            " where billing_period = '2025-01' and status = 'provisional' group by 1, 2",
        )
    )
    stated = {
        (each["cost_center"], total["billing_currency"]): Decimal(total["effective_cost"])
        for each in chargeback.summary(done.statements)
        for total in each["totals"]
    }
    assert found == stated
    release(settings, JANUARY, build_id="build-2", revision=3)
    chargeback.publish(settings, BillingPeriod(2025, 1))
    assert ("statement_lines", "2025-01") in changed(service.publish(settings))
    (settings.statements_dir / "billing_period=2025-01").unlink()
    service.publish(settings)
    assert ask(settings, "select count(*) from statement_lines where billing_period = '2025-01'") == [(0,)]


def test_a_statement_file_that_was_tampered_with_is_not_served(settings):
    release(settings, JANUARY, build_id="build-1")
    done = chargeback.publish(settings, BillingPeriod(2025, 1))
    with (done.path / "company" / "statement.csv").open("a") as handle:
        handle.write("2025-01,999\n")
    with pytest.raises(Finding, match="is not what its manifest"):
        service.publish(settings)


# -- who reads what -------------------------------------------------------------------------------------------------


def member(settings: Settings, user: str, *roles: str) -> None:
    """Let a person or tool sign in as a member of group roles, as docs/cookbooks/serving.md has it."""
    with connect(settings, "finops") as connection:
        if not connection.execute("select from pg_roles where rolname = %s", [user]).fetchall():
            connection.execute(SQL("create role {} login").format(Identifier(user)))
        for role in roles:
            connection.execute(SQL("grant {} to {}").format(Identifier(role), Identifier(user)))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, loader_url: str) -> Settings:
    """A served version with statements, and roles: one cost centre's, another's, finance. Shared: tests undo."""
    settings = Settings(home=tmp_path_factory.mktemp("served"), serving_url=loader_url, serving_schema="served")
    release(settings, JANUARY, build_id="build-1")
    chargeback.publish(settings, BillingPeriod(2025, 1))
    service.publish(settings)
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
        ("statement_lines", "audience"),
    ):
        everyone = {row[0] for row in ask(served, f"select distinct {column} from {table}", "controller")}
        assert {"cc-1001", "cc-1002"} < everyone
        assert ask(served, f"select distinct {column} from {table}", "viewer_1001") == [("cc-1001",)]
    assert None in {row[0] for row in ask(served, "select audience from statement_lines", "controller")}
    both = "select sum(effective_cost) from mart_chargeback where cost_center = 'cc-1001'"
    assert ask(served, both, "viewer_1001") == ask(served, both, "controller")


def test_tables_without_a_cost_centre_are_for_finance_alone(served):
    for table in ("mart_costs_by_service", "mart_reconciliation", "served_parts"):
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
    for role in ("loader", "analyst", "finops", "pg_monitor", "", "x" * 64):
        with pytest.raises(BadInput):
            service.grant(served, role, ["cc-1001"])
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


# -- old or new -----------------------------------------------------------------------------------------------------


def test_readers_see_the_old_version_or_the_new_one_in_every_query_and_transaction(settings):
    release(settings, JANUARY, FEBRUARY, build_id="build-0")
    service.publish(settings)
    sums = "select sum(billed_cost) from fct_daily_costs"
    expected, seen, stop = {"build-0": ask(settings, sums)[0][0]}, [], threading.Event()

    def read() -> None:
        with closing(connect(settings)) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            while not stop.is_set():
                with connection.transaction():
                    ((build,),) = connection.execute("select build_id from served_version").fetchall()
                    found = [connection.execute(sums.replace("fct_daily_costs", t)).fetchall()[0][0] for t in FEW[:3]]
                seen.append((build, *found))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(1, 5):
        more = "alter table marts.mart_chargeback add column x_new int" if number == 3 else ""
        if number == 4:
            edit(settings, "alter table marts.mart_chargeback drop column x_new")
        version = release(settings, JANUARY, FEBRUARY, build_id=f"build-{number}", revision=number, also=more)
        with version.connect() as connection:
            expected[f"build-{number}"] = connection.execute(sums).fetchall()[0][0]
        service.publish(settings)
    wait_for(lambda: seen[-1][0] == "build-4")
    stop.set()
    for reader in readers:
        reader.join()
    assert len(set(expected.values())) == 5
    assert {build for build, *_ in seen} >= {"build-0", "build-4"}
    assert [row for row in seen if set(row[1:]) != {expected[row[0]]}] == []


PUBLISHER = """
import sys
from pathlib import Path
from finops.core.settings import Settings
from finops.serving import service
service.publish(Settings(home=Path(sys.argv[1]), serving_url=sys.argv[2], serving_schema=sys.argv[3]))
"""


def test_a_run_killed_in_the_middle_leaves_the_old_version_and_the_next_one_does_all(settings):
    release(settings, JANUARY, build_id="build-1")
    service.publish(settings)
    before = ask(settings, "select sum(billed_cost), count(*) from fct_daily_costs")
    release(settings, JANUARY, build_id="build-2", revision=1)
    with connect(settings) as holder, holder.transaction():
        # Everything is copied by the time the run wants to write this down.
        holder.execute("lock table served_version in exclusive mode")
        command = [
            sys.executable,
            "-c",
            PUBLISHER,
            str(settings.root),
            str(settings.serving_url),
            settings.serving_schema,
        ]
        process = subprocess.Popen(command, env={**os.environ})
        wait_for(
            lambda: ask(settings, "select 1 from pg_locks where not granted and relation = 'served_version'::regclass")
        )
        process.kill()
        process.wait()
    assert ask(settings, "select sum(billed_cost), count(*) from fct_daily_costs") == before
    assert ask(settings, "select build_id from served_version") == [("build-1",)]
    assert len(changed(service.publish(settings))) == len(FEW)
    assert ask(settings, "select build_id from served_version") == [("build-2",)]


def test_of_two_runs_at_once_one_waits_and_then_finds_nothing_to_do(settings):
    release(settings, JANUARY, build_id="build-1")
    reports: list[service.ServedReport] = []
    runs = [threading.Thread(target=lambda: reports.append(service.publish(settings))) for _ in range(2)]
    with database.transaction(settings):
        for run in runs:
            run.start()
        wait_for(lambda: len(ask(settings, "select 1 from pg_locks where locktype = 'advisory' and not granted")) == 2)
        assert reports == []
    for run in runs:
        run.join()
    assert sorted(len(report.changes) for report in reports) == [0, len(FEW)]


def wait_for(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


# -- what cannot be -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        (None, BadInput, "no serving database is configured"),
        ("sqlite:///x.db", BadInput, "must be a PostgreSQL URL"),
        ("not a url, canary", BadInput, "must be a PostgreSQL URL"),
        ("postgresql://u:canary@127.0.0.1:1/none", Unavailable, "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line_without_the_password(settings, url, error, words):
    wrong = settings.model_copy(update={"serving_url": url})
    with pytest.raises(error, match=words) as caught:
        service.publish(wrong)
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "canary" not in repr(wrong)


def test_a_user_who_may_not_make_the_schema_is_told_which_right_is_missing(settings):
    settings.serving_url = str(settings.serving_url).replace("loader@", "analyst@")
    with pytest.raises(BadInput, match="permission denied for database"):
        service.publish(settings)


def test_the_command_says_what_changed_and_ends_with_2_where_it_cannot(settings, monkeypatch, capsys):
    from finops.cli import main

    release(settings, JANUARY, build_id="build-1")
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_SERVING_URL", str(settings.serving_url))
    monkeypatch.setenv("FINOPS_SERVING_SCHEMA", settings.serving_schema)

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["finops", "serve", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    assert run("publish", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["build_id"], len(done["changed"]), done["unchanged"]) == ("build-1", len(FEW), 0)
    assert run("grant", "--role", "cc_1001", "--cost-center", "cc-1001", "--json") == 0
    assert {"role": "cc_1001", "cost_centers": ["cc-1001"]} in json.loads(capsys.readouterr().out)
    assert run("grant", "--role", "cc_1001", "--cost-center", "cc-1001", "--everything") == 2
    monkeypatch.setenv("FINOPS_SERVING_URL", "postgresql://u:canary@127.0.0.1:1/none")
    capsys.readouterr()
    assert run("publish") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "canary" not in said
