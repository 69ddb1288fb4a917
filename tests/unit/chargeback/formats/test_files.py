"""Whatever a tag holds is shown as text in every format; numbers stay numbers; the same month gives the same bytes."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback.formats import csv_file, folding, html, workbook
from finops.chargeback.month import prepare
from finops.chargeback.statement.models import Statement
from finops.chargeback.statement.read import read_month
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores import published

HOSTILE = [
    '=HYPERLINK("http://evil.example","pay here")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\tformula after a tab",
    "\r=formula after a return",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "../../etc/passwd",
    "x" * 4096,
    "💸 كلفة \u202e gnp.exe",
    "'; drop table mart_chargeback; --",
    "</style><script>alert(2)</script>",
    "null \x00 and bell \x07",
]


class Parsed(HTMLParser):
    """Tags, attributes and text of a page, as a browser's parser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def hostile(settings: Settings) -> tuple[Statement, ...]:
    """Statements of a month in which every text a person can write into a tag is hostile."""
    bills = [
        bill("2026-06-03", "10.125", cost_center=text, ai_model=text, ai_project=text, service_name=text)
        for text in HOSTILE
    ]
    publish_version(settings, bills)
    return prepare(read_month(published.latest(settings), BillingPeriod(2026, 6)))


@pytest.fixture
def ordinary(tmp_path: Path) -> tuple[Statement, ...]:
    """Statements of two ordinary months in two currencies, with a commitment and a credit."""
    settings = Settings(home=tmp_path / "ordinary")
    publish_version(
        settings,
        [
            bill("2026-05-03", "90", ai_model="atlas"),
            bill("2026-06-03", "100.005", "0", commitment_discount_status="Used"),
            bill("2026-06-04", "0", "60", charge_category="Purchase"),
            bill("2026-06-04", "-2.5", charge_category="Credit", service_name="Credits"),
            bill("2026-06-05", "7", provider="azure", billing_currency="EUR", cost_center="cc-1002"),
            bill("2026-06-05", "3.333333333333", cost_center="(unallocated)", has_required_tags=False),
        ],
    )
    return prepare(read_month(published.latest(settings), BillingPeriod(2026, 6)))


def test_a_page_has_no_script_no_handler_and_fetches_nothing(hostile: tuple[Statement, ...]) -> None:
    for statement in hostile:
        parsed = Parsed(html.statement_page(statement, {each.cost_center or "" for each in hostile}))
        assert not {"script", "img", "iframe", "object", "embed", "form", "base"} & set(parsed.tags)
        assert parsed.tags.count("style") == 1
        for name, value in parsed.attributes:
            assert not name.startswith("on")
            assert name not in {"src", "style", "srcset", "action"}
            assert name != "href" or not (value or "").startswith(("http", "//", "javascript"))


def test_a_hostile_name_is_readable_on_its_page(hostile: tuple[Statement, ...]) -> None:
    for statement in hostile[1:]:
        assert statement.cost_center is not None
        shown = Parsed(html.statement_page(statement)).text
        if len(statement.cost_center) < 90 and statement.cost_center.isprintable():
            assert statement.cost_center in shown
    assert "49" not in Parsed(html.statement_page(hostile[0])).text.split()


def test_a_name_of_four_kilobytes_is_cut_and_still_tells_itself_apart(hostile: tuple[Statement, ...]) -> None:
    page = html.statement_page(hostile[0])
    assert "x" * 200 not in page
    assert "(4,096 characters, " in page


def test_the_policy_allows_exactly_the_pages_own_style(ordinary: tuple[Statement, ...]) -> None:
    import base64
    import hashlib

    page = html.statement_page(ordinary[0])
    style = page.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = page.split('Policy" content="')[1].split('"')[0]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


def test_the_index_is_as_inert_and_links_every_statement(hostile: tuple[Statement, ...]) -> None:
    parsed = Parsed(html.index_page(BillingPeriod(2026, 6), "build-1", hostile))
    assert "script" not in parsed.tags
    links = {value for name, value in parsed.attributes if name == "href"}
    assert {f"{each.slug}/statement.html" for each in hostile} <= links


def test_a_page_shows_the_proof_the_bridge_and_each_currency(ordinary: tuple[Statement, ...]) -> None:
    page = Parsed(html.statement_page(ordinary[0])).text
    for expected in ("Costs in EUR", "Costs in USD", "equals what the bills say", "Commitments bought", "−60.00"):
        assert expected in page


def test_a_cost_centres_page_names_no_other_owner(ordinary: tuple[Statement, ...]) -> None:
    mine = next(each for each in ordinary if each.cost_center == "cc-1001")
    page = html.statement_page(mine)
    assert "cc-1002" not in page
    assert "EUR" not in page
    assert "Azure" not in page


def test_a_workbook_holds_no_formula_and_no_link(hostile: tuple[Statement, ...], tmp_path: Path) -> None:
    for statement in hostile:
        workbook.write_workbook(statement, tmp_path / "s.xlsx")
        book = openpyxl.load_workbook(tmp_path / "s.xlsx")
        for cell in (cell for sheet in book for row in sheet.iter_rows() for cell in row):
            assert cell.data_type != "f"
            assert cell.hyperlink is None
            if isinstance(cell.value, str):
                assert not cell.value.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_workbooks_amounts_are_numbers_that_sum_to_the_summary(
    ordinary: tuple[Statement, ...], tmp_path: Path
) -> None:
    workbook.write_workbook(ordinary[0], tmp_path / "s.xlsx")
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    for name in ("Cost centres", "Providers", "Services", "AI models", "AI stages", "Lines"):
        sheet = book[name]
        headings = [cell.value for cell in sheet[1]]
        column = headings.index("Direct") + 1
        found = [
            sheet.cell(row, column)
            for row in range(2, sheet.max_row + 1)
            if sheet.cell(row, headings.index("Currency") + 1).value == "USD"
        ]
        assert all(cell.data_type == "n" and cell.number_format.startswith("#,##0.00") for cell in found)
        assert sum(Decimal(str(cell.value)) for cell in found) == Decimal("100.84")
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref is not None


def test_a_workbook_that_cannot_be_written_says_so_as_any_file_does(
    ordinary: tuple[Statement, ...], tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        workbook.write_workbook(ordinary[0], tmp_path / "absent" / "s.xlsx")


def test_a_csv_holds_the_exact_decimals_and_the_cents_that_sum(ordinary: tuple[Statement, ...], tmp_path: Path) -> None:
    csv_file.write_csv(ordinary[0], tmp_path / "s.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "s.csv").read_text(encoding="utf-8"))))
    usd = [row for row in rows if row["billing_currency"] == "USD"]
    assert {row["effective_cost"] for row in usd} >= {"3.333333333333", "100.005000000000", "-2.500000000000"}
    assert sum(Decimal(row["effective_cost_rounded"]) for row in usd) == Decimal("100.84")
    assert [row["line"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]


def test_a_csv_neutralises_text_and_leaves_negative_numbers_alone(
    hostile: tuple[Statement, ...], ordinary: tuple[Statement, ...], tmp_path: Path
) -> None:
    csv_file.write_csv(hostile[0], tmp_path / "h.csv")
    with (tmp_path / "h.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            assert not row["cost_center"].startswith(("=", "+", "-", "@", "\t", "\r"))
    csv_file.write_csv(ordinary[0], tmp_path / "o.csv")
    assert ",-2.50,-2.50," in (tmp_path / "o.csv").read_text(encoding="utf-8")


def test_the_same_statement_gives_the_same_bytes(ordinary: tuple[Statement, ...], tmp_path: Path) -> None:
    for name in ("a", "b"):
        workbook.write_workbook(ordinary[0], tmp_path / f"{name}.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert html.statement_page(ordinary[0]) == html.statement_page(ordinary[0])


def test_a_long_breakdown_is_folded_and_still_sums(settings: Settings) -> None:
    publish_version(settings, [bill("2026-06-03", "1.11", ai_model=f"model-{number:03}") for number in range(60)])
    statement = prepare(read_month(published.latest(settings), BillingPeriod(2026, 6)))[0]
    models = statement.sections[0].breakdown("ai_model")
    assert models is not None
    short = folding.folded(models)
    assert short.rest is not None
    assert short.rest.labels == ("35 others",)
    lines = [*short.lines, short.rest]
    assert sum(line.shown.effective for line in lines) == models.total.effective
    assert sum(line.permille or 0 for line in lines) == 1000


def test_amounts_are_worded_for_people() -> None:
    from fractions import Fraction

    from finops.pages import wording

    assert wording.money(-123_450, 2) == "−1,234.50"
    assert wording.signed_money(5, 2) == "+0.05"
    assert wording.signed_percent(Fraction(1, 3)) == "+33.3 %"
    assert wording.signed_percent(Fraction(-1, 8)) == "−12.5 %"
    assert wording.signed_percent(Fraction(10_000)) == "+>9,999 %"
    assert wording.name("(none)", "No AI model") == "No AI model"
    assert json.dumps(wording.name("a\x00b")) == '"a\\ufffdb"'
    assert wording.name("abc\u202egnp.exe") == "abc\ufffdgnp.exe"  # would read abcexe.png


def test_costs_dated_outside_the_month_are_named_beside_the_chart(settings: Settings) -> None:
    # Google's months start in Pacific time: a day of the month before, in UTC, can be billed with this one.
    bills = [bill("2026-06-02", "5"), bill("2026-05-31", "1.25", billing_period="2026-06")]
    publish_version(settings, bills)
    page = html.statement_page(prepare(read_month(published.latest(settings), BillingPeriod(2026, 6)))[0])
    assert "Not drawn: 1.25 of days just outside the month" in page
