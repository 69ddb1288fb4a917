"""A page is made in a few lines, as HTML and as PDF, and what a bill holds is text in both."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pypdf
import pytest

from finops.core.dimensions import UNALLOCATED
from finops.core.periods import BillingPeriod
from finops.pages import html, wording
from finops.pages.figures import Cell, DailyCosts, Day, Figure, Headline, Note, Page, Row, Table
from finops.pages.pdf import page as pdf

HOSTILE = "<script>alert(1)</script>"
REVERSED = "cc\N{RIGHT-TO-LEFT OVERRIDE}1001"


@pytest.fixture
def page() -> Page:
    rows = (
        Row(HOSTILE, (Cell.money(123_456, 2), Cell.share(Decimal("0.75"))), f"as {HOSTILE} says"),
        Row(REVERSED, (Cell.signed(41_152, 2), Cell.share(None))),
        Row(UNALLOCATED, (Cell.money(-5, 2), Cell.text("=1+1"))),
    )
    headings = ("Cost centre", "Expected", "Share")
    total = Row("Total", (Cell.money(164_603, 2), Cell.share(Decimal(1))))
    return Page(
        "Forecast",
        HOSTILE,
        f"of build {HOSTILE}",
        "Provisional",
        datetime(2026, 6, 9, 12, tzinfo=UTC),
        (
            Headline((Figure("Expected cost", "1,646.03", "more than May", 1), Figure("Known", "12 %")), "USD"),
            Table("owners", "Cost centres", "largest first", headings, rows, total),
            DailyCosts((Day(date(2026, 6, 1), (("aws", 500), (HOSTILE, 7))),), BillingPeriod(2026, 6), "USD"),
            Note("How to read this", f"The forecast is of effective cost. {HOSTILE}"),
        ),
    )


class Seen(HTMLParser):
    """The tags, attributes and visible text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_shows_its_table_and_chart_and_runs_nothing(page: Page) -> None:
    text = html.page(page)
    seen = Seen(text)
    words = " ".join(seen.words)
    for shown in (
        "1,234.56",
        "75.0 %",
        "+411.52",
        "Not allocated",
        "−0.05",
        "1,646.03",
        "Expected cost",
        "As of 2026-06-09",
    ):
        assert shown in words
    assert "svg" in seen.tags
    assert "script" not in seen.tags
    assert HOSTILE in words
    assert not [each for each in seen.attributes if each.startswith("on")]
    assert "Content-Security-Policy" in text
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
    for fetched in ("http:", "https:", "src=", "@import", "url("):
        assert fetched not in text.replace("http://www.w3.org", "")


def test_the_pages_to_print_hold_the_same_figures_and_the_same_bytes_each_time(page: Page, tmp_path: Path) -> None:
    for name in ("one.pdf", "two.pdf"):
        pdf.write(page, tmp_path / name)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
    reader = pypdf.PdfReader(tmp_path / "one.pdf")
    text = "\n".join(each.extract_text() for each in reader.pages)
    for shown in ("1,234.56", "75.0 %", "+411.52", "Not allocated", "−0.05", "1,646.03", "Cost per day", HOSTILE):
        assert shown in text
    assert reader.metadata is not None
    assert reader.metadata["/CreationDate"] == "D:20260609120000Z"
    assert "/OpenAction" not in reader.trailer["/Root"]


def test_a_page_of_a_template_knows_the_kit_and_escapes(tmp_path: Path) -> None:
    (tmp_path / "own.html.j2").write_text(
        '{% extends "shell.html.j2" %}{% import "kit.html.j2" as kit with context %}'
        "{% block title %}{{ who }}{% endblock %}{% block main %}<h1>{{ kit.value(who) }}</h1>"
        "{{ 123456|money(2) }}{% endblock %}"
    )
    text = html.render(html.environment(tmp_path), "own.html.j2", who=HOSTILE)
    assert HOSTILE not in text
    assert wording.money(123_456, 2) in text


@pytest.mark.parametrize(
    ("ident", "name"),
    [
        ("i-0a27b5b743425fa2c", "i-0a27b5b743425fa2c"),
        ("/subscriptions/0b1f/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/virt-1", "virt-1"),
        ("//compute.googleapis.com/projects/p/zones/z/instances/support-chat", "support-chat"),
        ("arn:aws:sagemaker:eu-west-1:210000000031:endpoint/doc-extract", "doc-extract"),
        ("arn:aws:s3:::checkpoints", "checkpoints"),
        ("arn:aws:elasticloadbalancing:eu-west-1:210000000031:loadbalancer/app/front/50dc6c495c0c9188", "front"),
        ("/", "/"),
        ("data from a/b to c", "data from a/b to c"),
    ],
)
def test_a_resource_is_called_as_the_end_of_its_id(ident: str, name: str) -> None:
    assert wording.resource_name(ident) == name
