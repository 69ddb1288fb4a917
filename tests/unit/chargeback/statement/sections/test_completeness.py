"""An open month says in every format how much of its bills is there; a final one has nothing to say of it."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from pypdf import PdfReader
from tests.unit.chargeback.formats.test_files import Parsed
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback import service
from finops.chargeback.formats import html
from finops.chargeback.statement.compose import compose
from finops.chargeback.statement.facts import BillCompleteness, Closing, PublishedMonth
from finops.chargeback.statement.read import read_month
from finops.chargeback.statement.scope import Scopes
from finops.chargeback.statement.sections import completeness
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores import published

JUNE = BillingPeriod(2026, 6)


@pytest.fixture
def month(settings: Settings) -> PublishedMonth:
    """Nine of June's days of AWS, none yet of Azure and Google, which charged in May; one cost centre has AWS alone."""
    bills = [bill("2026-05-03", "1", provider=p, cost_center="cc-1002") for p in ("aws", "azure", "gcp")]
    bills += [bill(f"2026-06-{day:02}", "1", cost_center=who) for day in range(1, 10) for who in ("cc-1001", "cc-1002")]
    # A day outside the calendar month, which a bill in another time zone has, is none of its days.
    bills.append(bill("2026-07-01", "1", billing_period="2026-06"))
    publish_version(settings, bills)
    return read_month(published.latest(settings), JUNE)


def test_the_share_is_of_the_days_of_all_bills_that_are_expected(month: PublishedMonth) -> None:
    company, first, second = compose(month)
    (table,) = (each for each in company.sections[0].schedules if each.name == completeness.NAME)
    found = {item.label: [cell.value for cell in item.cells] for item in (*table.rows, *filter(None, [table.total]))}
    assert found == {
        "aws": [Decimal("0.300"), 9, 30, "2026-06-09"],
        "azure": [0, 0, 30, None],
        "gcp": [0, 0, 30, None],
        "All bills": [Decimal("0.100"), 9, 90, None],
    }
    assert completeness.remark(company) == "10.0 % of the days of its bills are there"
    # Of the bills that the cost centre is in, now or last month: it is told of no other.
    assert completeness.remark(first) == "30.0 % of the days of its bills are there"
    assert completeness.remark(second) == "10.0 % of the days of its bills are there"


def test_a_month_that_lacks_one_day_of_many_bills_is_not_called_whole(month: PublishedMonth) -> None:
    charges = [replace(month.charges[0], provider=f"p{number}") for number in range(3_000)]
    whole = tuple(BillCompleteness(each.provider, "USD", 30, 30, date(2026, 6, 30)) for each in charges)
    lacking = (replace(whole[0], days_with_charges=29, last_charge_date=date(2026, 6, 29)), *whole[1:])
    for found, share in ((whole, Decimal(1)), (lacking, Decimal("0.999"))):
        scope = Scopes(replace(month, completeness=found)).scope("USD")
        scope = replace(scope, charges=tuple(charges), previous=())
        (table,) = completeness.tables(scope, compose(month)[0].sections[0])
        assert table.total is not None
        assert table.total.cells[0].value == share


def test_a_closed_month_has_nothing_to_say_of_it(month: PublishedMonth) -> None:
    final = compose(replace(month, closing=Closing("Ann", datetime.now(UTC))))
    for statement in final:
        assert completeness.remark(statement) == ""
        assert "days of its bills" not in html.statement_page(statement)
        assert "How complete" not in html.statement_page(statement)


@pytest.mark.usefixtures("month")
def test_every_format_shows_it_beside_the_provisional_mark(settings: Settings) -> None:
    folder: Path = service.publish(settings, JUNE).path
    says = "10.0 % of the days of its bills are there"
    for page in ("index.html", "company/statement.html"):
        text = Parsed((folder / page).read_text(encoding="utf-8")).text
        assert says in text
        assert "Provisional" in text
    book = openpyxl.load_workbook(folder / "company" / "statement.xlsx")
    assert f"Provisional: the month is not closed; {says}" in [row[1].value for row in book["Summary"].iter_rows()]
    sheet = book["How complete the month is"]
    assert [sheet.cell(5, column).value for column in range(2, 6)] == ["All bills", 0.1, 9, 90]
    rows = list(csv.DictReader((folder / "company" / "schedules.csv").open(encoding="utf-8", newline="")))
    assert [
        (r["row"], r["remark"], r["value"]) for r in rows if (r["schedule"], r["column"]) == ("completeness", "There")
    ] == [
        ("aws", "provisional", "0.300"),
        ("azure", "provisional: nothing of it is there yet", "0.000"),
        ("gcp", "provisional: nothing of it is there yet", "0.000"),
        ("All bills", "provisional", "0.100"),
    ]
    pages = " ".join(page.extract_text() for page in PdfReader(folder / "company" / "statement.pdf").pages)
    assert says in " ".join(pages.split())
    assert "How complete the month is" in pages
    assert "Provisional" in pages
