"""The gate passes what is right, names what is wrong in plain words, and takes it from where the data lies."""

from __future__ import annotations

from datetime import UTC, datetime
from pkgutil import iter_modules

import pytest
from sqlalchemy import Engine, event, select
from tests.crafted_warehouse import craft, edit, edit_fact

from finops.core.errors import Finding, NotReady
from finops.core.settings import Settings
from finops.quality import service, suites
from finops.quality.models import Given, RowRule
from finops.quality.service import check
from finops.stores.candidate import load_verdict
from finops.stores.state.store import open_state
from finops.stores.state.tables import builds

SCOPE = [("aws", "2025-01"), ("azure", "2025-01")]


def refused(settings: Settings) -> str:
    """Judge, expect a refusal of all or of some, and return every finding, a line each."""
    caught = None
    try:
        check(settings)
    except Finding as error:
        caught = error
    verdict = load_verdict(settings, "build-1")
    if verdict.passed:
        assert (caught, verdict.refused != ()) == (None, True), "what passes has something taken out of it"
    else:
        assert caught is not None
        assert caught.exit_status == 1
    return "\n".join([*verdict.failures, *(line for each in verdict.refused for line in each.failures)])


def test_without_a_finished_build_there_is_nothing_to_judge(settings: Settings) -> None:
    with pytest.raises(NotReady, match="finops build"):
        check(settings)


def test_a_faultless_candidate_passes_without_a_warning(settings: Settings) -> None:
    craft(settings, SCOPE)
    verdict = check(settings)
    assert (verdict.passed, verdict.failures, verdict.warnings) == (True, (), ())
    assert load_verdict(settings, "build-1") == verdict


def test_a_cent_that_was_changed_is_refused_and_the_difference_shown(settings: Settings) -> None:
    craft(settings, SCOPE, lines=60)
    edit(settings, "update marts.mart_chargeback set billed_cost = billed_cost + 0.01 where rowid = 3")
    findings = refused(settings)
    assert "mart_chargeback: billed_cost, effective_cost, contracted_cost, list_cost sum to those of" in findings
    assert "measure billed_cost" in findings
    assert "difference 0.01" in findings


def test_every_mart_is_held_to_its_grain_its_types_and_the_totals_before_it(settings: Settings) -> None:
    """One fault in each of several marts: each is named, so none is missed behind another."""
    craft(settings, SCOPE, lines=60)
    for fault in (
        "update marts.fct_daily_costs set effective_cost = effective_cost - 0.000000000001 where rowid = 5",
        "insert into marts.mart_costs_by_region select * from marts.mart_costs_by_region limit 1",
        "delete from marts.mart_reconciliation where stage = 'landing' and provider = 'aws'",
        "update marts.mart_reconciliation set billed_cost = billed_cost + 1 where provider = 'azure'",
        "update marts.mart_reconciliation set difference = 1 where provider = 'azure' and stage = 'daily'",
        "update marts.mart_costs_by_service set billing_currency = 'USD' where billing_currency = 'EUR'",
        "alter table marts.mart_costs_by_sub_account alter billed_cost type double",
        "update marts.mart_costs_by_ai_model set ai_stage = null",
    ):
        edit(settings, fault)
    findings = refused(settings)
    ties = "billed_cost, effective_cost, contracted_cost, list_cost sum to those of"
    for expected in (
        f"fct_daily_costs: {ties} fct_focus_costs, exactly",
        "mart_costs_by_region: one row per billing_period, provider, billing_currency, provider_name, region_id",
        "mart_reconciliation: every bill has the stages source, landing, focus, daily, chargeback, allocated",
        "mart_reconciliation: the source stage is what the ledger recorded when the bills landed",
        "mart_reconciliation: no stage differs from the source files",
        "mart_reconciliation: the daily stage is the sum of its table, counted again",
        f"mart_costs_by_service: {ties} fct_daily_costs, exactly",
        "mart_costs_by_sub_account: amounts are exact decimals",
        "mart_costs_by_ai_model: ai_stage is filled in every row",
    ):
        assert expected in findings


def test_an_excluded_line_must_be_where_it_is_said_to_be(settings: Settings) -> None:
    """Without such lines the table is empty, which is as it should be; a count that nothing backs is refused."""
    craft(settings, SCOPE, lines=60)
    edit(
        settings,
        "create table main.fct_container_costs as select billing_period, provider, billing_currency, billed_cost"
        " from marts.mart_chargeback limit 0",
    )
    edit(
        settings,
        "create table marts.mart_excluded_lines as select billing_period, provider, billing_currency,"
        " 'cur' as x_source, 'split cost' as reason, 'fct_container_costs' as kept_in, 1 as row_count,"
        " 0::decimal(38,12) as source_cost from marts.mart_chargeback limit 0",
    )
    assert check(settings).passed
    edit(
        settings,
        "insert into marts.mart_excluded_lines values"
        " ('2025-01', 'aws', 'USD', 'cur', 'split cost', 'fct_container_costs', 1, 0)",
    )
    assert "mart_excluded_lines: every split-cost line is in fct_container_costs" in refused(settings)


def test_negations_that_do_not_cancel_are_pointed_out(settings: Settings) -> None:
    craft(settings, SCOPE, lines=60)
    edit_fact(
        settings,
        "aws",
        "2025-01",
        "fact.* replace (case when charge_description = 'line 7' then 'SavingsPlanNegation' else x_charge_type end"
        " as x_charge_type)",
    )
    verdict = check(settings)
    assert verdict.passed
    assert any("savings plan negations cancel the usage they cover" in warning for warning in verdict.warnings)


def test_a_table_without_a_suite_is_not_published(settings: Settings) -> None:
    craft(settings, SCOPE, lines=60)
    edit(settings, "create table marts.mart_unjudged as select 1 as x")
    with pytest.raises(Finding, match="mart_unjudged would be published without expectations"):
        check(settings)


def test_every_rule_of_a_charge_is_enforced(settings: Settings) -> None:
    """One fault in each of several charges: each rule names its own."""
    craft(settings, [("azure", "2025-01")], lines=400)
    charges = {
        "billing_currency": {33: "'usd'"},
        "charge_category": {34: "null", 35: "'Usages'"},
        "charge_period_end": {36: "charge_period_start"},
        "billed_cost": {37: "null", 24: "1"},
        "commitment_discount_id": {23: "null"},
        "effective_cost": {22: "0.5"},
        "service_category": {38: "'Computing'"},
    }
    changes = ", ".join(
        f"case {' '.join(f'when charge_description = {chr(39)}line {n}{chr(39)} then {v}' for n, v in faults.items())}"
        f" else {column} end as {column}"
        for column, faults in charges.items()
    )
    edit_fact(settings, "azure", "2025-01", f"* replace ({changes})")
    findings = refused(settings)
    for expected in (
        "billing_currency is a code of ISO 4217 — not so in 1 of 400 rows",
        "charge_category is filled in every row — not so in 1 of 400 rows",
        "charge_category is one of Usage, Purchase, Tax, Credit, Adjustment — not so in 1 of",
        "a charge period ends after it starts — not so in 1 of 400 rows",
        "billed_cost is filled in every row — not so in 1 of 400 rows",
        "what is unused of a commitment is not billed again — not so in 1 of 400 rows",
        "a commitment discount status names its commitment, and only usage has one — not so in 1 of 400 rows",
        "a commitment's purchase has no effective cost where usage carries it — not so in 1 of 400 rows",
        "service_category is one of",
    ):
        assert f"fct_focus_costs: {expected}" in findings
    assert "provider azure, billing_period 2025-01" in findings, "the finding says where"


def test_a_rule_that_cannot_be_evaluated_hides_no_other(settings: Settings) -> None:
    """One column is gone and one rule of another is broken: each is named, and what holds is not."""
    craft(settings, SCOPE, lines=60)
    edit(settings, "alter table marts.mart_invoices drop column billed_credits")
    edit(settings, "update marts.mart_invoices set invoice_id = null, charge_count = null where provider = 'aws'")
    lines = [line for line in refused(settings).splitlines() if line.startswith("mart_invoices: ")]
    held = ("billed_cost is filled", "billing_period is filled", "there are rows", "one row per", "billed_cost sum to")
    assert not [line for line in lines if line.startswith(tuple(f"mart_invoices: {each}" for each in held))]
    findings = "\n".join(lines)
    for expected in (
        "mart_invoices: billed_credits is filled in every row — could not be evaluated: ",
        "mart_invoices: charges, tax, credits and adjustments sum to the billed cost — could not be evaluated: ",
        "mart_invoices: amounts are exact decimals — could not be evaluated: ",
        "mart_invoices: invoice_id is filled in every row — not so in 2 of 4 rows, for example provider aws",
        "mart_invoices: charge_count is filled in every row — not so in 2 of 4 rows, for example provider aws",
    ):
        assert expected in findings


def test_no_suite_says_the_same_of_two_rules() -> None:
    """Their results are told apart by what they say."""
    given = Given((("aws", "2025-01"),), (), datetime(2025, 2, 1, tzinfo=UTC))
    tables = [*suites.GRAINS, *(module.name for module in iter_modules(suites.__path__))]
    assert len(tables) > 20
    for table in tables:
        said = [r.says if isinstance(r, RowRule) else r.description for r in suites.suite_of(table, given).rules]
        assert sorted(set(said)) == sorted(said)


def test_the_rules_of_a_row_are_answered_by_one_query(settings: Settings) -> None:
    craft(settings, SCOPE, lines=60)
    queries: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        queries.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        check(settings)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    about_rows = [query for query in queries if '"charge_category" in (' in query and "main" in query]
    assert len(about_rows) == 1
    assert '"billed_cost" is not null' in about_rows[0]


def test_a_bill_whose_charges_are_gone_is_refused(settings: Settings) -> None:
    craft(settings, SCOPE, lines=60)
    edit_fact(settings, "aws", "2025-01", "*", where="false")
    for mart in ("fct_daily_costs", "mart_costs_by_region"):
        edit(settings, f"delete from marts.{mart} where provider = 'aws'")
    assert "every bill in scope has charges — 1 found, for example provider aws" in refused(settings)


def test_a_fact_that_cannot_be_read_is_refused(settings: Settings) -> None:
    craft(settings, SCOPE, lines=60)
    part = settings.focus_dir / "provider=aws" / "billing_period=2025-01" / "part.parquet"
    part.write_bytes(part.read_bytes()[:-100])
    assert "fct_focus_costs: it can be read — it cannot" in refused(settings)


def test_faults_outside_the_scope_are_not_this_builds(settings: Settings) -> None:
    craft(settings, [("aws", "2025-01")], build_id="earlier", lines=60)
    edit_fact(settings, "aws", "2025-01", "* replace (null::varchar as charge_category)")
    craft(settings, [("aws", "2025-02")], lines=60)
    assert check(settings).passed


def test_what_only_deserves_a_look_warns_and_passes(settings: Settings) -> None:
    craft(settings, SCOPE)
    edit_fact(
        settings,
        "aws",
        "2025-01",
        "* replace (case when charge_category = 'Tax' then 'Adjustment' else charge_category end as charge_category)",
    )
    for oddity in (
        "update marts.fct_daily_costs set charge_date = least(charge_date, date '2025-01-20'),"
        " environment = environment || rowid where provider = 'aws'",
        "update marts.fct_daily_costs set service_category = 'Other' where service_name = 'service-1'",
        "update marts.mart_chargeback set service_name = service_name || rowid",
        "update marts.mart_chargeback set cost_center = '(unallocated)' where cost_center = 'cc-1001'",
        "delete from marts.mart_chargeback_as_closed",
        "insert into marts.mart_chargeback_as_closed by name"
        " select * exclude (contracted_cost, list_cost) from marts.mart_chargeback",
        "update marts.mart_allocated_costs set cost_center = '(unallocated)', service_name = service_name || rowid"
        " where cost_center = 'cc-1001'",
    ):
        edit(settings, oddity)
    verdict = check(settings)
    assert verdict.passed
    warnings = "\n".join(verdict.warnings)
    for expected in (
        "usage reaches to within 3 days of the month's end",
        "every native line type has a mapping of its own",
        "at most 5% of a bill is for services without a category",
        "at most 20% of a bill's effective cost has no cost centre",
    ):
        assert expected in warnings


def test_a_delivery_that_landed_since_the_build_is_not_held_against_it(settings: Settings) -> None:
    craft(settings, SCOPE, lines=60)
    candidate = (settings.warehouse_dir / "candidate.json").read_text()
    tables = (settings.warehouse_path).read_bytes()
    fact = {path: path.read_bytes() for path in settings.focus_dir.rglob("part.parquet")}
    craft(settings, SCOPE, build_id="newer", lines=60, revision=3)
    (settings.warehouse_dir / "candidate.json").write_text(candidate)
    settings.warehouse_path.write_bytes(tables)
    for path, content in fact.items():
        path.write_bytes(content)
    assert check(settings).passed


def test_a_refusal_is_written_into_the_record_of_builds(settings: Settings) -> None:
    craft(settings, SCOPE, lines=60)
    edit(settings, "update marts.mart_costs_by_region set list_cost = null")
    refused(settings)
    with open_state(settings).connect() as connection:
        row = connection.execute(select(builds).where(builds.c.build_id == "build-1")).one()
    assert row.outcome == "refused"
    assert "list_cost is filled in every row" in row.detail


def test_old_results_are_removed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "RESULTS_TO_KEEP", 2)
    for number in range(4):
        folder = settings.quality_dir / f"old-{number}"
        folder.mkdir(parents=True)
        (folder / "gate.json").write_text("{}")
    craft(settings, [("aws", "2025-01")], lines=60)
    check(settings)
    assert len([path for path in settings.quality_dir.iterdir() if path.is_dir()]) == 2
    assert [path.name for path in settings.quality_dir.iterdir() if path.is_file()] == ["index.html"]
    assert (settings.quality_dir / "build-1" / "index.html").exists()


def test_the_page_fetches_nothing_and_runs_nothing_that_a_bill_says(settings: Settings) -> None:
    craft(settings, SCOPE, lines=60)
    for provider, period in SCOPE:
        edit_fact(settings, provider, period, "* replace ('<script>alert(1)</script>' as charge_category)")
    refused(settings)
    page = (settings.quality_dir / "build-1" / "index.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "Content-Security-Policy" in page
    for fetched in ("http:", "https:", "src=", "@import", "url("):
        assert fetched not in page
    assert "Refused: nothing was published" in page
