"""What a person can write anywhere that reaches a statement is text in every file of it, its journal and `explain`."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import openpyxl
import pypdf
import pytest
from tests.unit.chargeback.formats.test_files import HOSTILE, Parsed
from tests.unit.chargeback.journal.test_journal import ACCOUNTS
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback.explain.models import Explanation, Source
from finops.chargeback.invoices.models import BilledInvoice, Comparison, Residue
from finops.chargeback.journal.entries import Digests, entries_of
from finops.chargeback.journal.files import write_csv, write_xlsx
from finops.chargeback.journal.models import KINDS
from finops.chargeback.publish import sets
from finops.chargeback.statement.compose import compose
from finops.chargeback.statement.facts import (
    Adjustment,
    AllocationEntry,
    BudgetUse,
    Closing,
    DirectTotal,
    Origin,
    PublishedMonth,
    UnitCost,
)
from finops.chargeback.statement.models import Statement
from finops.chargeback.statement.read import read_month
from finops.cli import explain
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy.accounts import Allocated
from finops.policy.exchange_rates import Exchange
from finops.policy.invoices import GivenInvoice
from finops.stores import published
from finops.stores.state.closing import LockedRate, SignOff

JUNE, MAY = BillingPeriod(2026, 6), BillingPeriod(2026, 5)
RUN = ("=", "+", "-", "@", "\t", "\r", "\n")
COST = Decimal("1.25")


def invoice(text: str) -> Comparison:
    given = GivenInvoice(text, JUNE, "USD", COST, issuer=text, invoice_id=text)
    signed = SignOff(given.key, COST, text, text, datetime(2026, 7, 1, tzinfo=UTC))
    billed = BilledInvoice(JUNE, "aws", "USD", text, "1", text, 1, COST, COST, COST)
    return Comparison(JUNE, "USD", (billed,), given, Residue(unexplained=COST), signed)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> PublishedMonth:
    """A month whose texts are all hostile: tags, rules and counterparts, units, rates, invoices, who closed it."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    bills = [
        bill(f"2026-{number:02}-03", "10.125", cost_center=t, ai_model=t, ai_project=t, ai_stage=t, service_name=t)
        for t in HOSTILE
        for number in (5, 6)
    ]
    publish_version(settings, bills)
    found = read_month(published.latest(settings), JUNE)
    text = HOSTILE[0]
    return replace(
        found,
        closing=Closing(text, datetime(2026, 7, 1, tzinfo=UTC), ((text, text),)),
        direct_totals=tuple(
            DirectTotal(c.cost_center, c.provider, c.billing_currency, c.effective_cost, c.billed_cost)
            for c in found.charges
        ),
        entries=tuple(
            AllocationEntry(t, "aws", "USD", kind, rule, 1, "d1", other, None, COST, sign * COST, sign * COST, "d2")
            for t, other, after in zip(HOSTILE, HOSTILE[::-1], (*HOSTILE[1:], HOSTILE[0]), strict=True)
            for kind, rule, sign in (("pool", t, 1), ("offset", after, -1))
        ),
        adjustments=tuple(
            Adjustment(MAY, t, "aws", "USD", t, t, "Usage", COST, COST, Origin("d3", (t[:200],))) for t in HOSTILE
        ),
        budgets=tuple(BudgetUse(t, "USD", Decimal(5), COST) for t in HOSTILE),
        unit_costs=tuple(UnitCost(who, "USD", t, t, COST, COST) for t in HOSTILE for who in (t, None)),
        invoices=tuple(map(invoice, HOSTILE)),
        exchange=Exchange(
            "EUR", {(m, "USD", "EUR"): LockedRate("USD", "EUR", COST, text) for m in (MAY, JUNE)}, "currency.yml"
        ),
    )


@pytest.fixture(scope="module")
def statements(month: PublishedMonth) -> tuple[Statement, ...]:
    return compose(month)


@pytest.fixture(scope="module")
def folders(statements: tuple[Statement, ...], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The company's files and those of three cost centres: a formula's, a script's, and four kilobytes'."""
    root = tmp_path_factory.mktemp("set")
    chosen = [HOSTILE[0], "<script>alert(1)</script>", "x" * 4096]
    made = [each for each in statements if each.cost_center in (None, *chosen)]
    assert len(made) == 4
    for statement in made:
        (root / statement.slug).mkdir()
        sets.write_files(root / statement.slug, statement, sets.owners_of(statements))
    sets.complete(root, made)
    return [root / each.slug for each in made]


def require_inert(cells: Iterator[str | None]) -> None:
    """Fail where a cell is neither a number nor text that every spreadsheet takes for text."""
    for cell in cells:
        if cell and cell.startswith(RUN):
            try:
                Decimal(cell)
            except InvalidOperation:
                pytest.fail(f"a spreadsheet would run {cell[:80]!r}")


def cells_of(path: Path) -> Iterator[str | None]:
    with path.open(encoding="utf-8", newline="") as handle:
        for row in csv.reader(handle):
            yield from row


def require_inert_workbook(path: Path) -> None:
    for sheet in openpyxl.load_workbook(path):
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            assert cell.data_type != "f"
            assert cell.hyperlink is None
            assert not (isinstance(cell.value, str) and cell.value.startswith(RUN)), (sheet.title, cell.value[:80])


def test_every_csv_file_is_inert(folders: list[Path]) -> None:
    names = {path.name for folder in folders for path in folder.glob("*.csv")}
    assert names == {"statement.csv", "shared.csv", "schedules.csv", "adjustments.csv"}
    for folder in folders:
        for path in folder.glob("*.csv"):
            require_inert(cells_of(path))


def test_every_sheet_is_inert(folders: list[Path]) -> None:
    titles = set(openpyxl.load_workbook(folders[0] / "statement.xlsx").sheetnames)
    assert {"Shared lines", "Adjustments", "Rules for shared cost", "Cost per unit", "Invoices"} <= titles
    for folder in folders:
        require_inert_workbook(folder / "statement.xlsx")


def test_every_page_is_inert_and_a_long_text_is_cut(folders: list[Path]) -> None:
    for page in (folders[0].parent / "index.html", *(folder / "statement.html" for folder in folders)):
        content = page.read_text(encoding="utf-8")
        parsed = Parsed(content)
        assert not {"script", "img", "iframe", "object", "embed", "form", "base"} & set(parsed.tags)
        assert not [name for name, _ in parsed.attributes if name.startswith("on") or name in {"src", "style"}]
        assert "x" * 400 not in content
        # What turns the direction of writing is shown, and turns nothing.
        assert "\u202e" not in content


def test_every_pdf_holds_pages_and_nothing_that_runs(folders: list[Path]) -> None:
    for folder in folders:
        raw = (folder / "statement.pdf").read_bytes()
        assert not [word for word in (b"/JavaScript", b"/OpenAction", b"/URI", b"/Launch") if word in raw]
        assert len(pypdf.PdfReader(folder / "statement.pdf").pages) < 60


def test_the_journal_is_inert(statements: tuple[Statement, ...], tmp_path: Path) -> None:
    accounts = ACCOUNTS.model_copy(update={"allocated": Allocated(default="6590")})
    entries = entries_of(statements, [Digests(*[f"{n:012x}"] * 3) for n in range(len(statements))], accounts)
    for kind in KINDS:
        assert {each.cost_center for each in entries if each.kind == kind} >= set(HOSTILE)
    write_csv(entries, tmp_path / "j.csv")
    require_inert(cells_of(tmp_path / "j.csv"))
    write_xlsx(entries, tmp_path / "j.xlsx")
    require_inert_workbook(tmp_path / "j.xlsx")


def test_what_explain_prints_is_inert() -> None:
    sources = [
        Source(kind, {"resource_id": t, "service_name": t, "cost_center": t, "charge_description": t}, COST, -COST)
        for t in HOSTILE
        for kind in ("charge", "entry")
    ]
    sources.append(Source("quantity", {"unit": HOSTILE[11], "driver": "d", "quantity": COST}, COST, COST))
    zero = Decimal(0)
    found = Explanation("2026-06/x", "s1", "p", 1, "d", "b", "USD", COST, COST, COST, zero, zero, sources)
    with contextlib.redirect_stdout(io.StringIO(newline="")) as printed:
        explain._write_csv(found)
    require_inert(cell for row in csv.reader(io.StringIO(printed.getvalue(), newline="")) for cell in row)
    for line in explain._as_text(found).splitlines():
        assert line.isprintable()
        assert len(line) < 200
