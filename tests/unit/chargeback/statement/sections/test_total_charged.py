"""One figure says what a cost centre is charged: the same in every format, and what the journal posts to it."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pypdf
import pytest
from hypothesis import given
from tests.unit.chargeback.close.test_closing import JUNE, MAY, content, quarter
from tests.unit.chargeback.journal.test_adjustments import adjustments, rows
from tests.unit.chargeback.journal.test_journal import charges
from tests.unit.chargeback.journal.test_shared_cost import (
    POOL,
    WITH_SHARED,
    moved,
    net,
    posted,
    rules_moves,
    with_moves,
    write_accounts,
)
from tests.unit.chargeback.published_version import Bill, bill, publish_version

from finops.chargeback import service
from finops.chargeback.statement.compose import compose
from finops.chargeback.statement.facts import Adjustment, Charge
from finops.chargeback.statement.facts import AllocationEntry as Moved
from finops.chargeback.statement.sections import total_charged
from finops.core.dimensions import UNALLOCATED
from finops.core.money import from_units
from finops.core.settings import Settings

Totals = dict[tuple[str, str], Decimal]
"""What a format says is charged, by cost centre (empty: the whole company) and currency."""


@given(charges, rules_moves(), adjustments)
def test_the_parts_add_up_to_the_total_and_the_total_is_what_the_journal_posts(
    costs: list[Charge], moves: list[Moved], changed: list[Adjustment]
) -> None:
    statements = compose(with_moves(costs, moves, changed))
    company = statements[0]
    shown: dict[tuple[str, str], int] = defaultdict(int)
    for section in company.sections:
        shown["9999", section.currency] = total_charged.not_allocated(section).total
    for statement in statements:
        for section in statement.sections:
            if statement.cost_center is not None:
                shown[statement.cost_center, section.currency] = section.total_charged
            found = total_charged.table(section, is_company=statement.cost_center is None)
            if found is None:
                assert section.total_charged == section.total.effective
                continue
            assert found.total is not None
            total = found.total.cells[0].value
            assert total == from_units(section.total_charged, section.digits)
            assert sum(item.cells[0].value for item in found.rows) == total
    assert {key: units for key, units in shown.items() if units} == net(posted(statements, WITH_SHARED))
    for section in company.sections:
        assert sum(units for key, units in shown.items() if key[1] == section.currency) == section.total_charged


# -- through the real services ------------------------------------------------------------------------------------

RATES = "reporting_currency: EUR\nrates:\n" + "".join(
    f"- {{billing_period: 2026-0{month}, from: USD, to: EUR, rate: {rate}}}\n"
    for month, rate in ((5, "0.9"), (6, "0.8"))
)


def bills(**may: str) -> list[Bill]:
    """Return three months in two currencies; cc-1004 has direct cost alone, whatever happens to the others."""
    more = [bill("2026-06-04", "1007.005", billing_currency="EUR", provider="azure")]
    more += [bill("2026-06-07", "1234.567", cost_center=UNALLOCATED), bill("2026-06-08", "5.5", cost_center="cc-1004")]
    return [*quarter(**may), *more]


def moves() -> list[Moved]:
    """A rule takes cost of one cost centre and of what has no owner; cc-1003 has nothing but its share."""
    parts = (("cc-1001", "5.555"), ("cc-1003", "1000.56"), ("cc-1002", "-6.115"), (UNALLOCATED, "-1000"))
    return [moved(owner, part, "pool" if Decimal(part) > 0 else "offset") for owner, part in parts]


def home(folder: Path) -> Settings:
    (folder / "config").mkdir(parents=True)
    settings = Settings(home=folder / "home", config_dir=folder / "config")
    (settings.configuration_dir / "allocation.yml").write_text(POOL)
    (settings.configuration_dir / "currency.yml").write_text(RATES)
    write_accounts(settings)
    return settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """May is closed and was restated since; in June a rule moved cost. June's statements are published."""
    made = home(tmp_path_factory.mktemp("both"))
    publish_version(made, bills(), moved={"2026-06": moves()})
    service.close(made, MAY, "Ann")
    restated = bills(research="12.34", new="5", rest="0.115")
    publish_version(made, restated, build_id="build-2", moved={"2026-06": moves()})
    service.publish(made, JUNE)
    return made


def folder_of(settings: Settings) -> Path:
    return settings.statements_dir / f"billing_period={JUNE}"


class Tables(HTMLParser):
    """A page's tables by caption: the texts of each row's cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[list[str]]] = {}
        self.caption, self.where = "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("caption", "th", "td", "p"):
            self.where, self.caption = tag, "" if tag == "caption" else self.caption
        if tag == "tr":
            self.found.setdefault(self.caption, []).append([])
        if tag in ("th", "td"):
            self.found[self.caption][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.where = "" if tag == self.where else self.where

    def handle_data(self, data: str) -> None:
        if self.where == "caption":
            self.caption += data
        elif self.where in ("th", "td"):
            self.found[self.caption][-1][-1] += data


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("−", "-"))


def in_pages(folder: Path, owner: str) -> Totals:
    tables = Tables((folder / "statement.html").read_text(encoding="utf-8")).found
    return {
        (owner, caption.removeprefix("Total charged in ")): amount(table[-1][1])
        for caption, table in tables.items()
        if caption.startswith("Total charged in ") and table[-1][0] == "Total charged"
    }


def in_headline(folder: Path, owner: str) -> list[Decimal]:
    """Return the headlines: what stands first in each currency."""
    text = (folder / "statement.html").read_text(encoding="utf-8")
    parts = text.split('<div class="main">\n<p class="what"><b>Total charged</b> for June 2026</p>\n<p class="figure">')
    return [amount(each.partition(" <span")[0]) for each in parts[1:]]


def in_workbook(folder: Path, owner: str) -> Totals:
    sheet = openpyxl.load_workbook(folder / "statement.xlsx")["Summary"]
    found: Totals = {}
    currency = ""
    for row in sheet.iter_rows():
        label = str(row[0].value or "")
        currency = label.removeprefix("Total charged, ") if label.startswith("Total charged, ") else currency
        currency = "" if label.startswith(("Effective cost in ", "Bills and ", "From invoiced")) else currency
        if label == "Total charged" and currency:
            assert row[1].data_type == "n", "a number and no formula"
            assert row[0].font.b, "the line stands out"
            assert row[1].font.b
            found[owner, currency] = Decimal(str(row[1].value))
    return found


def in_pdf(folder: Path, owner: str) -> Totals:
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(folder / "statement.pdf").pages)
    found: Totals = {}
    for part in text.split("Total charged, ")[1:]:
        lines = part.splitlines()
        place = lines.index("Total charged")
        found[owner, lines[0].strip()[:3]] = amount(lines[place + 1])
    return found


def in_csv(folder: Path, owner: str) -> Totals:
    mine = [row for row in rows(folder / "schedules.csv") if row["schedule"] == "total_charged"]
    parts: dict[str, Decimal] = defaultdict(Decimal)
    for row in mine:
        parts[row["billing_currency"]] += Decimal(row["value"]) * (-1 if row["row"] == "Total charged" else 1)
    assert not any(parts.values()), "the rows above add up to the total"
    return {(owner, row["billing_currency"]): Decimal(row["value"]) for row in mine if row["row"] == "Total charged"}


def in_manifest(settings: Settings) -> Totals:
    manifest = json.loads((folder_of(settings) / "manifest.json").read_text(encoding="utf-8"))
    found: Totals = {}
    for statement in manifest["statements"]:
        for each in (total for total in statement["totals"] if "total_charged" in total):
            parts = ("effective_cost", "shared_effective_cost", "adjustments_effective_cost")
            assert sum(Decimal(each.get(part, "0")) for part in parts) == Decimal(each["total_charged"])
            found[statement["cost_center"] or "", each["billing_currency"]] = Decimal(each["total_charged"])
    return found


def in_index(settings: Settings) -> Totals:
    """Return every total of the list of statements, also of those that are charged their direct cost alone."""
    table = Tables((folder_of(settings) / "index.html").read_text(encoding="utf-8")).found["Statements of June 2026"]
    found: Totals = {}
    for name, total, *parts in table[1:]:
        figure, currency = total.split()
        assert sum(amount(part) for part in parts[:3] if part) == amount(figure)
        found["" if name == "Whole company" else name, currency] = amount(figure)
    return found


def test_every_format_has_the_same_total_and_it_is_what_the_journal_posts(settings: Settings, tmp_path: Path) -> None:
    service.write_journal(settings, JUNE, tmp_path / "journal.csv")
    books: Totals = defaultdict(Decimal)
    for row in rows(tmp_path / "journal.csv"):
        # A clearing account has no cost centre.
        if row["cost_center"]:
            books[row["cost_center"], row["currency"]] += Decimal(row["debit"]) - Decimal(row["credit"])
    assert len(books) == 7
    index = in_index(settings)
    of_owners = {
        ("9999" if owner == "Not allocated" else owner, c): units for (owner, c), units in index.items() if owner
    }
    assert of_owners == books
    for currency in ("USD", "EUR"):
        assert index["", currency] == sum(units for key, units in books.items() if key[1] == currency)

    listed = in_manifest(settings)
    manifest = json.loads((folder_of(settings) / "manifest.json").read_text(encoding="utf-8"))
    assert set(listed) == {(owner, "USD") for owner in ("", "cc-1001", "cc-1002", "cc-1003", "cc-1009")}
    for (owner, currency), total in listed.items():
        folder = folder_of(settings) / (owner or "company")
        assert total == index[owner, currency]
        for said in (in_pages, in_workbook, in_pdf, in_csv):
            assert said(folder, owner) == {(owner, currency): total}, (said.__name__, owner)
        # The others' headlines are their direct cost: nothing else is charged in those currencies.
        sections = next(each for each in manifest["statements"] if (each["cost_center"] or "") == owner)["totals"]
        heads = {each["billing_currency"]: each.get("total_charged", each["effective_cost"]) for each in sections}
        assert heads[currency] == str(total)
        assert sorted(in_headline(folder, owner)) == sorted(map(Decimal, heads.values()))
    # 33.335 of June, 5.555 from the rule, 2.335 that May became more than it was closed with.
    assert listed["cc-1001", "USD"] == Decimal("41.24")
    # What is shared moves between cost centres: the company's is its direct cost and the adjustments.
    assert listed["", "USD"] == Decimal("1306.74") + Decimal("6.34")


def test_a_statement_of_direct_cost_alone_is_the_same_to_the_byte_whatever_others_are_charged(
    settings: Settings, tmp_path: Path
) -> None:
    plain = home(tmp_path)
    publish_version(plain, bills(), build_id="build-2", moved={})
    statements = service.publish(plain, JUNE).statements
    whole = content(folder_of(plain))
    mine = {name.removeprefix("cc-1004/"): found for name, found in whole.items() if name.startswith("cc-1004/")}
    assert len(mine) == 5
    assert content(folder_of(settings) / "cc-1004") == mine
    # It is the headline of everybody, and a table of its parts of nobody who has direct cost alone.
    for statement in statements:
        shown = sorted(from_units(s.total.effective, 2) for s in statement.sections)
        assert sorted(in_headline(folder_of(plain) / statement.slug, "")) == shown
    for name, found in whole.items():
        assert b"<caption>Total charged" not in found, name
        assert b"total_charged" not in found, name
    # PDF and XLSX are compressed: what would stand in them is in the text of these, for the company, too.
    assert in_pdf(folder_of(plain) / "company", "") == in_workbook(folder_of(plain) / "company", "") == {}
    assert not any(total_charged.says_more(each) for each in statements)


def test_the_reporting_currency_sums_up_to_the_total_charged(settings: Settings) -> None:
    company, *others = service.publish(settings, JUNE).statements
    own = {each.cost_center: each.summary for each in others}
    assert all(own.values()), "who has nothing but a share of a pool is told what it is, too"
    research = own["cc-1001"]
    assert research.exact == Decimal("1007.005") + Decimal("33.335") * Decimal("0.8") + Decimal("5.555") * Decimal(
        "0.8"
    ) + Decimal("2.335") * Decimal("0.9")
    assert [line.label for line in research.lines] == [
        "Costs in EUR",
        "Costs in USD",
        "Shared cost in USD",
        "Adjustments to 2026-05 in USD",
    ]
    # The amounts are the cents of the sections: each half a cent of June fell to one cost centre of two.
    for statement in (each for each in others if total_charged.says_more(each)):
        section = next(each for each in statement.sections if each.currency == "USD")
        assert sum(n.amount for n in own[statement.cost_center].lines if n.currency == "USD") == section.total_charged
    assert company.summary is not None
    assert "Shared cost" not in " ".join(line.label for line in company.summary.lines)
    assert dict(company.summary.owners) | {each: s.total for each, s in own.items()} == dict(company.summary.owners)
    assert sum(units for _, units in company.summary.owners) == company.summary.total
    direct = (Decimal("33.335") * 2 + Decimal("1234.567") + Decimal("5.5")) * Decimal("0.8") + Decimal("1007.005")
    assert company.summary.exact == direct + Decimal("6.335") * Decimal("0.9")
    for who in ("cc-1001", "company"):
        page = Tables((folder_of(settings) / who / "statement.html").read_text(encoding="utf-8")).found
        assert page["Sum in EUR"][-1][0] == "Total charged"
        book = openpyxl.load_workbook(folder_of(settings) / who / "statement.xlsx")["Summary"]
        last = [row for row in book.iter_rows(values_only=True) if row[0]][-1]
        assert last[0] == "Total charged"
        assert Decimal(str(last[1])) == amount(page["Sum in EUR"][-1][1])
    alone = Tables((folder_of(settings) / "cc-1004" / "statement.html").read_text()).found["Sum in EUR"][-1]
    assert (alone[0], amount(alone[1])) == ("Total charged", Decimal("5.5") * Decimal("0.8"))
