"""Debits equal credits, the entries are the statements' amounts, and a wrong account is named before anything runs."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.chargeback.published_version import bill, publish_version
from typer.testing import CliRunner

from finops.chargeback import service
from finops.chargeback.journal.entries import Digests, entries_of
from finops.chargeback.journal.models import JournalEntry
from finops.chargeback.journal.proof import prove
from finops.chargeback.statement.compose import compose
from finops.chargeback.statement.facts import Charge, ControlTotal, DailyCost, PublishedMonth
from finops.core.dimensions import UNALLOCATED
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import accounts
from finops.policy.accounts import Accounts

JUNE = BillingPeriod(2026, 6)
ACCOUNTS = Accounts.model_validate(
    {
        "default": "6490",
        "unallocated": {"cost_center": "9999", "account": "6499"},
        "clearing": {"aws": "1810", "azure": "1820", "gcp": "1830"},
        "accounts": [
            {"charge_category": "Tax", "account": "6480"},
            {"provider": ["aws", "gcp"], "service_category": "Compute", "account": "6410"},
        ],
    }
)


def charge(amount: str, **values: str) -> Charge:
    texts = {
        **{"cost_center": "cc-1001", "provider": "aws", "billing_currency": "USD", "provider_name": "AWS"},
        **{"service_category": "Compute", "service_name": "EC2", "ai_project": "p", "ai_model": "m"},
        **{"ai_stage": "training", "charge_category": "Usage"},
    }
    cost = Decimal(amount)
    return Charge(**{**texts, **values}, has_required_tags=True, **dict.fromkeys(MEASURES, cost))  # type: ignore[arg-type]


MEASURES = ("effective_cost", "billed_cost", "contracted_cost", "list_cost")


def month_of(charges: list[Charge]) -> PublishedMonth:
    """Return a month whose daily costs and bills are those of its charges, as published ones are."""
    bills: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for each in charges:
        bills[each.provider, each.billing_currency].append(each.billed_cost)
    totals = tuple(ControlTotal(*key, 1, "source", len(bills[key]), sum(bills[key]), None) for key in sorted(bills))
    daily = [
        DailyCost(
            *(c.cost_center, c.provider, c.billing_currency, date(2026, 6, 3), c.charge_category, "(none)"),
            *(c.effective_cost, c.billed_cost),
        )
        for c in charges
    ]
    return PublishedMonth("build-1", JUNE, tuple(charges), None, tuple(daily), totals)


def entries(charges: list[Charge]) -> tuple[JournalEntry, ...]:
    statements = compose(month_of(charges))
    return entries_of(statements, [Digests(f"{n:012x}", f"{n:012x}") for n in range(len(statements))], ACCOUNTS)


def posted(found: tuple[JournalEntry, ...]) -> dict[tuple[str, str], int]:
    """Return debits less credits by account and cost centre."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for entry in found:
        sums[entry.account, entry.cost_center] += entry.debit - entry.credit
    return dict(sums)


amounts = st.decimals("-1000", "1000", places=6, allow_nan=False)
charges = st.lists(
    st.builds(
        lambda amount, owner, provider, currency, category, kind: charge(
            str(amount),
            cost_center=owner,
            provider=provider,
            billing_currency=currency,
            service_category=category,
            charge_category=kind,
        ),
        amounts,
        st.sampled_from(["cc-1001", "cc-1002", "cc-1003", UNALLOCATED]),
        st.sampled_from(["aws", "azure", "gcp"]),
        st.sampled_from(["USD", "EUR", "JPY", "KWD"]),
        st.sampled_from(["Compute", "Storage"]),
        st.sampled_from(["Usage", "Tax", "Credit"]),
    ),
    max_size=25,
    unique_by=lambda each: each.key,
)


@given(charges)
def test_every_document_balances_and_owners_are_posted_what_their_statements_say(found: list[Charge]) -> None:
    statements = compose(month_of(found))
    lines = entries_of(statements, [Digests(f"{n:012x}", f"{n:012x}") for n in range(len(statements))], ACCOUNTS)
    prove(statements, lines, ACCOUNTS)
    assert all(min(e.debit, e.credit) == 0 and max(e.debit, e.credit) > 0 for e in lines)
    for statement in statements[1:]:
        for section in statement.sections:
            mine = [e for e in lines if e.cost_center == statement.cost_center and e.currency == section.currency]
            assert sum(e.debit - e.credit for e in mine) == section.total.effective
    for section in statements[0].sections:
        rest = [e for e in lines if e.cost_center == "9999" and e.currency == section.currency]
        loose = section.unallocated.shown.effective if section.unallocated else 0
        assert sum(e.debit - e.credit for e in rest) == loose


@given(charges, st.randoms())
def test_the_order_of_the_rows_changes_nothing(found: list[Charge], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert entries(found) == entries(shuffled)


def test_the_first_rule_that_matches_gives_the_account_and_the_rest_goes_to_the_default() -> None:
    found = entries(
        [
            charge("100"),
            charge("7", charge_category="Tax"),
            charge("30", provider="azure"),
            charge("5", cost_center=UNALLOCATED, provider="gcp"),
        ]
    )
    assert posted(found) == {
        ("6410", "cc-1001"): 10000,
        ("6480", "cc-1001"): 700,
        ("6490", "cc-1001"): 3000,
        ("1810", ""): -10700,
        ("1820", ""): -3000,
        ("6499", "9999"): 500,
        ("1830", ""): -500,
    }
    assert {e.posting_date.isoformat() for e in found} == {"2026-06-30"}
    assert len({e.reference for e in found}) == len(found)


def test_a_credit_turns_the_sides_and_nothing_is_ever_negative() -> None:
    expense, clearing = entries([charge("-40", charge_category="Credit", service_category="Storage")])
    assert (expense.account, expense.debit, expense.credit) == ("6490", 0, 4000)
    assert (clearing.account, clearing.debit, clearing.credit) == ("1810", 4000, 0)


def test_an_entry_names_the_lines_of_the_statement_it_is_made_of() -> None:
    found = entries([charge("1", service_name=n) for n in "abc"] + [charge("1", service_name="aa", provider="azure")])
    assert {e.statement_lines for e in found if e.account == "6410"} == {"1-3"}
    assert {e.statement_lines for e in found if e.account == "6490"} == {"4"}


@pytest.fixture
def a_month(settings: Settings) -> Settings:
    publish_version(
        settings,
        [
            bill("2026-06-03", "10.005", cost_center="=1+1"),
            bill("2026-06-03", "20.335", cost_center="cc-1002"),
            bill("2026-06-03", "1.115", cost_center=UNALLOCATED),
        ],
    )
    return settings


def test_the_files_hold_the_same_and_text_that_no_spreadsheet_runs(a_month: Settings, tmp_path: Path) -> None:
    service.write_journal(a_month, JUNE, tmp_path / "j.csv")
    service.write_journal(a_month, JUNE, tmp_path / "j.xlsx")
    rows = list(csv.DictReader((tmp_path / "j.csv").open(encoding="utf-8")))
    assert sum(Decimal(r["debit"]) for r in rows) == sum(Decimal(r["credit"]) for r in rows) == Decimal("31.46")
    sheet = openpyxl.load_workbook(tmp_path / "j.xlsx").active
    header, *cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert header == list(rows[0])
    assert [r["cost_center"] for r in rows] == [row[3] or "" for row in cells]
    assert all(isinstance(row[5], int | float) and isinstance(row[6], int | float) for row in cells)
    assert all(isinstance(row[4], str) for row in cells)
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert "'=1+1" in {r["cost_center"] for r in rows}


def test_the_document_is_named_after_the_figures_of_the_published_statement(a_month: Settings, tmp_path: Path) -> None:
    from finops.chargeback.service import publish

    folder = publish(a_month, JUNE).path
    done = service.write_journal(a_month, JUNE, tmp_path / "j.csv")
    documents = {e.cost_center: e.document for e in done.entries}
    assert documents["cc-1002"] == f"CB-2026-06-{without_standing(folder / 'cc-1002' / 'statement.csv')[:12]}"
    assert documents["9999"] == f"CB-2026-06-{without_standing(folder / 'company' / 'statement.csv')[:12]}"


def without_standing(path: Path) -> str:
    """The sha256 of the file without its second and third column, which say whether it is final and until when.

    And without the last, which says what the cost centre is called.
    """
    with path.open(encoding="utf-8", newline="") as handle:
        lines = list(csv.reader(handle))
    assert lines[0][1:3] == ["status", "costs_until"]
    assert lines[0][-1] == "cost_center_name"
    text = io.StringIO(newline="")
    csv.writer(text).writerows([*line[:1], *line[3:-1]] for line in lines)
    return hashlib.sha256(text.getvalue().encode()).hexdigest()


def without_names(path: Path) -> str:
    """The sha256 of the file without its last column, which says what the cost centre is called."""
    with path.open(encoding="utf-8", newline="") as handle:
        lines = list(csv.reader(handle))
    assert lines[0][-1] == "cost_center_name"
    text = io.StringIO(newline="")
    csv.writer(text).writerows(line[:-1] for line in lines)
    return hashlib.sha256(text.getvalue().encode()).hexdigest()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_same_month_gives_the_same_bytes(a_month: Settings, tmp_path: Path, kind: str) -> None:
    one = service.write_journal(a_month, JUNE, tmp_path / f"one.{kind}")
    two = service.write_journal(a_month, JUNE, tmp_path / f"two.{kind}")
    assert one.sha256 == two.sha256


def test_another_ending_or_a_place_that_cannot_be_written_is_named(a_month: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"j.pdf: a journal is written as .csv or .xlsx"):
        service.write_journal(a_month, JUNE, tmp_path / "j.pdf")
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="the journal cannot be written"):
        service.write_journal(a_month, JUNE, tmp_path / "file" / "j.csv")


GOOD = """default: "0490"
unallocated:
  cost_center: "9999"
  account: "6499"
clearing: {aws: "1", azure: "2", gcp: "3"}
accounts:
  - service_category: Compute
    account: 6410
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace('default: "0490"\n', ""), r"gl_accounts.yml:1: .*missing key default"),
        (
            GOOD.replace("Compute", "Computing"),
            r"gl_accounts.yml:7: accounts\[1\].service_category: 'Computing' is none of",
        ),
        (
            GOOD.replace("account: 6410", "acount: 6410"),
            r"gl_accounts.yml:\d: accounts\[1\].*(missing key account|unknown key)",
        ),
        (GOOD.replace("gcp:", "gpc:"), r"gl_accounts.yml:5: clearing.*(missing key gcp|unknown key)"),
        (GOOD.replace('"6499"', '"=1+1"'), r"gl_accounts.yml:4: unallocated.account: '=1\+1' is no account"),
        (
            GOOD + '  - {service_category: Compute, provider: aws, account: "7"}\n',
            r":9: accounts\[2\]: never applies.*line 7",
        ),
        (GOOD + "default: x\n", r"gl_accounts.yml:1: default: stands here and again on line 9"),
        ("- 1\n", r"gl_accounts.yml:1"),
        ("", r"gl_accounts.yml:1: .*missing key"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused_with_line_and_key(
    settings: Settings, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "gl_accounts.yml").write_text(text)
    with pytest.raises(BadInput, match=says):
        accounts.load(settings.model_copy(update={"config_dir": tmp_path}))


def test_leading_zeros_and_plain_numbers_stay_as_they_are_written(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "gl_accounts.yml").write_text(GOOD)
    found = accounts.load(settings.model_copy(update={"config_dir": tmp_path}))
    assert (found.default, found.accounts[0].account) == ("0490", "6410")


def test_the_command_prints_what_balances(a_month: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from finops.cli import app

    monkeypatch.setenv("FINOPS_HOME", str(a_month.root))
    options = ["chargeback", "journal", "--billing-period", "2026-06", "--out", str(tmp_path / "j.csv")]
    assert "31.46" in CliRunner().invoke(app, options).output
    found = json.loads(CliRunner().invoke(app, [*options, "--json"]).output)
    assert found["totals"] == [{"currency": "USD", "debit": "31.46", "credit": "31.46"}]
