"""What is served from a real PostgreSQL server is what is published, to the last decimal."""

from __future__ import annotations

import csv
import hashlib
import json
from decimal import Decimal

import pytest
from serving_steps import FEBRUARY, FEW, FOR_STATEMENTS, JANUARY, ask, changed, connect, member, release
from tests.crafted_warehouse import edit

from finops.chargeback import service as chargeback
from finops.core.errors import BadInput, Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.serving import service
from finops.stores.published import RENAMED_MARTS

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(serving_settings: Settings) -> Settings:
    """A home of its own, and a schema of its own to serve from."""
    return serving_settings


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


def test_every_table_and_column_of_the_schema_has_a_comment(settings):
    release(settings, JANUARY, build_id="build-1", marts=FOR_STATEMENTS)
    chargeback.publish(settings, BillingPeriod(2025, 1))
    service.publish(settings)
    ours = "pg_class.relnamespace = current_schema::regnamespace and relkind in ('r', 'v')"
    relations = ask(settings, f"select relname, obj_description(oid, 'pg_class') from pg_class where {ours}")
    columns = ask(
        settings,
        "select relname, attname, col_description(attrelid, attnum) from pg_class"
        f" inner join pg_attribute on attrelid = pg_class.oid where attnum > 0 and not attisdropped and {ours}",
    )
    assert {name for name, _ in relations} > {*FOR_STATEMENTS, "statement_lines", "served_version"}
    assert [name for name, about in relations if not about] == []
    assert [(table, name) for table, name, about in columns if not about] == []


def test_a_description_that_changed_is_served_though_the_table_is_as_it_was(settings):
    release(settings, JANUARY, build_id="build-1")
    service.publish(settings)
    words = "comment on column marts.mart_chargeback.cost_center is 'Who pays; it''s said better.'"
    release(settings, JANUARY, build_id="build-2", also=words)
    report = service.publish(settings)
    assert report.changes == ()
    ((found,),) = ask(
        settings,
        "select col_description(attrelid, attnum) from pg_attribute"
        " where attrelid = 'mart_chargeback'::regclass and attname = 'cost_center'",
    )
    assert found == "Who pays; it's said better."


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


def test_a_renamed_mart_is_served_under_its_old_name_too_and_its_rows_stay_guarded(settings, monkeypatch):
    monkeypatch.setitem(RENAMED_MARTS, "mart_recharge", "mart_chargeback")
    release(settings, JANUARY, build_id="build-1")
    service.publish(settings)
    service.grant(settings, "cc_1001", ["cc-1001"])
    member(settings, "viewer_1001", "cc_1001")
    assert ask(settings, "select distinct cost_center from mart_recharge", "viewer_1001") == [("cc-1001",)]
    more = "alter table marts.mart_chargeback add column x_rule varchar default 'rule 7'"
    release(settings, JANUARY, build_id="build-2", also=more)
    service.publish(settings)
    assert ask(settings, "select distinct cost_center, x_rule from mart_recharge", "viewer_1001") == [
        ("cc-1001", "rule 7")
    ]
    assert ask(settings, "select count(*) from mart_recharge") == ask(settings, "select count(*) from mart_chargeback")
    assert service.publish(settings).changes == ()


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
    release(settings, JANUARY, FEBRUARY, build_id="build-1", marts=FOR_STATEMENTS)
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
        for each in done.totals
        for total in each["totals"]
    }
    assert found == stated
    release(settings, JANUARY, build_id="build-2", revision=3, marts=FOR_STATEMENTS)
    chargeback.publish(settings, BillingPeriod(2025, 1))
    assert ("statement_lines", "2025-01") in changed(service.publish(settings))
    (settings.statements_dir / "billing_period=2025-01").unlink()
    service.publish(settings)
    assert ask(settings, "select count(*) from statement_lines where billing_period = '2025-01'") == [(0,)]


def test_kept_statements_without_the_status_on_their_lines_are_served_beside_new_ones(settings):
    """A month that was closed before the file had these columns stays as it is; the manifest knows its status."""
    release(settings, JANUARY, FEBRUARY, build_id="build-1", marts=FOR_STATEMENTS)
    kept = chargeback.publish(settings, BillingPeriod(2025, 1)).path.resolve()
    chargeback.publish(settings, BillingPeriod(2025, 2))
    manifest = json.loads((kept / "manifest.json").read_text())
    manifest["status"] = "final"
    for each in manifest["files"]:
        if each["path"].endswith("/statement.csv"):
            as_before(kept / each["path"])
            each["sha256"] = hashlib.sha256((kept / each["path"]).read_bytes()).hexdigest()
    (kept / "manifest.json").write_text(json.dumps(manifest))

    service.publish(settings)

    found = ask(
        settings,
        "select billing_period, status, count(costs_until) = 0, count(costs_until) = count(*), bool_and(line_id <> '')"
        " from statement_lines group by 1, 2 order by 1",
    )
    assert found == [("2025-01", "final", True, False, True), ("2025-02", "provisional", False, True, True)]
    assert ask(
        settings,
        "select format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = 'statement_lines'::regclass and attname = 'costs_until'",
    ) == [("date",)]


def as_before(file):
    """Take the columns away that statement.csv did not have."""
    with file.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, [name for name in rows[0] if name not in ("status", "costs_until")])
        writer.writeheader()
        writer.writerows({name: row[name] for name in writer.fieldnames} for row in rows)


def test_a_statement_file_that_was_tampered_with_is_not_served(settings):
    release(settings, JANUARY, build_id="build-1", marts=FOR_STATEMENTS)
    done = chargeback.publish(settings, BillingPeriod(2025, 1))
    with (done.path / "company" / "statement.csv").open("a") as handle:
        handle.write("2025-01,999\n")
    with pytest.raises(Finding, match="is not what its manifest"):
        service.publish(settings)
