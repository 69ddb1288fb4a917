"""What closed months became is posted in the month whose statements show it, once and in full."""

from __future__ import annotations

import csv
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.chargeback.close.test_closing import JUNE, MAY, quarter
from tests.unit.chargeback.journal.test_journal import ACCOUNTS, amounts, charge, charges, month_of, without_names
from tests.unit.chargeback.published_version import publish_version

from finops.chargeback import service
from finops.chargeback.journal.entries import Digests, entries_of
from finops.chargeback.journal.models import JournalEntry
from finops.chargeback.journal.proof import prove
from finops.chargeback.statement.compose import compose
from finops.chargeback.statement.facts import Adjustment, Charge, Origin
from finops.chargeback.statement.models import Statement
from finops.core.dimensions import UNALLOCATED
from finops.core.settings import Settings

adjustments = st.lists(
    st.builds(
        lambda amount, owner, provider, currency, category, kind: Adjustment(
            *(MAY, owner, provider, currency, category, "EC2", kind, amount, amount), Origin("d", ())
        ),
        amounts,
        st.sampled_from(["cc-1001", "cc-1002", "cc-1009", UNALLOCATED]),
        st.sampled_from(["aws", "azure", "gcp"]),
        st.sampled_from(["USD", "EUR", "JPY"]),
        st.sampled_from(["Compute", "Storage"]),
        st.sampled_from(["Usage", "Tax"]),
    ),
    max_size=12,
    unique_by=lambda each: each.key,
)


def posted(statements: tuple[Statement, ...]) -> tuple[JournalEntry, ...]:
    return entries_of(statements, [Digests(f"{n:012x}", f"{n:012x}") for n in range(len(statements))], ACCOUNTS)


@given(charges, adjustments)
def test_every_document_balances_and_owners_are_posted_their_total_and_adjustments(
    costs: list[Charge], changed: list[Adjustment]
) -> None:
    statements = compose(replace(month_of(costs), adjustments=tuple(changed)))
    entries = posted(statements)
    prove(statements, entries, ACCOUNTS)
    for statement in statements[1:]:
        for section in statement.sections:
            mine = [e for e in entries if (e.cost_center, e.currency) == (statement.cost_center, section.currency)]
            assert sum(e.debit - e.credit for e in mine) == section.total_with_adjustments
            apart = sum(e.debit - e.credit for e in mine if e.document.startswith("CA-"))
            assert apart == (section.adjustments.effective if section.adjustments else 0)
    references = [each.reference for each in entries]
    assert len(set(references)) == len(references)


def test_an_adjustment_goes_to_the_account_its_charge_would_have_gone_to() -> None:
    changed = [
        Adjustment(MAY, owner, "aws", "USD", category, "S", kind, Decimal(cost), Decimal(cost), Origin("d", ()))
        for owner, category, kind, cost in (
            ("cc-1001", "Compute", "Usage", "4"),
            ("cc-1001", "Storage", "Usage", "-3"),
            ("cc-1001", "Compute", "Tax", "2"),
            (UNALLOCATED, "Compute", "Usage", "1"),
        )
    ]
    entries = posted(compose(replace(month_of([charge("10")]), adjustments=tuple(changed))))
    found = {(e.account, e.cost_center): e.debit - e.credit for e in entries if e.document.startswith("CA-")}
    assert found == {
        ("6410", "cc-1001"): 400,
        ("6490", "cc-1001"): -300,
        ("6480", "cc-1001"): 200,
        ("1810", ""): -100,
        ("6499", "9999"): 100,
    }
    assert {e.text for e in entries if e.account == "6480"} == {"AWS May 2026, adjustment: cc-1001"}
    assert {e.posting_date.isoformat() for e in entries} == {"2026-06-30"}


@pytest.fixture
def restated(tmp_path: Path) -> Settings:
    """May is closed; then AWS takes three units off cost without an owner and charges two more to a cost centre."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "gl_accounts.yml").write_text(ACCOUNTS.model_dump_json(exclude_none=True))
    settings = Settings(home=tmp_path / "home", config_dir=config)
    publish_version(settings, quarter())
    service.close(settings, MAY, "Ann")
    publish_version(settings, quarter(research="12.005", rest="-1.885"), build_id="build-2")
    return settings


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(encoding="utf-8", newline="")))


def test_the_next_open_month_posts_it_by_the_lines_of_its_file_and_the_close_keeps_that(
    restated: Settings, tmp_path: Path
) -> None:
    folder = service.publish(restated, JUNE).path
    names = ("cc-1001/adjustments.csv", "company/adjustments.csv")
    files = {name: without_names(folder / name) for name in names}
    one = service.write_journal(restated, JUNE, tmp_path / "one.csv")
    apart = [row for row in rows(tmp_path / "one.csv") if row["document"].startswith("CA-")]
    assert [(r["cost_center"], r["account"], r["debit"], r["credit"]) for r in apart] == [
        ("cc-1001", "6410", "2.00", "0.00"),
        ("", "1810", "0.00", "2.00"),
        ("9999", "6499", "0.00", "3.00"),
        ("", "1810", "3.00", "0.00"),
    ]
    assert apart[0]["document"] == f"CA-2026-06-{files['cc-1001/adjustments.csv'][:12]}"
    assert apart[2]["document"] == f"CA-2026-06-{files['company/adjustments.csv'][:12]}"
    lines = rows(restated.statements_dir / "billing_period=2026-06" / "company" / "adjustments.csv")
    (line,) = [each for each in lines if each["line"] == apart[2]["statement_lines"]]
    assert (line["cost_center"], line["service_category"], line["effective_cost_rounded"]) == (
        "(unallocated)",
        "Compute",
        "-3.00",
    )
    service.close(restated, JUNE, "Ann")
    publish_version(restated, quarter(research="50"), build_id="build-3")
    assert service.write_journal(restated, JUNE, tmp_path / "two.csv").sha256 == one.sha256


def test_the_closed_month_itself_is_posted_as_it_was(restated: Settings, tmp_path: Path) -> None:
    service.write_journal(restated, MAY, tmp_path / "may.csv")
    assert {row["document"][:2] for row in rows(tmp_path / "may.csv")} == {"CB"}
