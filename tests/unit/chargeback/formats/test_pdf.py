"""The pages hold the statement's figures and nobody else's; hostile text is text; same month, same bytes."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest
from tests.unit.chargeback.formats.test_files import HOSTILE
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback.formats.pdf.statement import write_pdf
from finops.chargeback.month import prepare
from finops.chargeback.statement.models import Statement
from finops.chargeback.statement.read import read_month
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.pages import wording
from finops.pages.pdf.typeface import BOX, fitted, typeface, value, width_of
from finops.stores import published


def statements_of(settings: Settings, bills: list) -> tuple[Statement, ...]:
    publish_version(settings, bills)
    return prepare(read_month(published.latest(settings), BillingPeriod(2026, 6)))


def pages(statement: Statement, folder: Path) -> list[str]:
    """Return the text of each page, as a reader would copy it."""
    write_pdf(statement, folder / "statement.pdf")
    return [page.extract_text() for page in pypdf.PdfReader(folder / "statement.pdf").pages]


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> tuple[Statement, ...]:
    """Two months in two currencies, with a commitment, a credit and a remainder."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    return statements_of(
        settings,
        [
            bill("2026-05-03", "90"),
            bill("2026-06-03", "1234567.895", "0", commitment_discount_status="Used"),
            bill("2026-06-04", "-20.115", charge_category="Credit"),
            bill("2026-06-05", "777.345", cost_center="cc-1002", provider="azure", service_name="Azure OpenAI Service"),
            bill("2026-06-06", "5.5", cost_center="(unallocated)", provider="gcp", service_name="Cloud Run"),
            bill("2026-06-07", "1500", billing_currency="JPY", cost_center="cc-1002"),
        ],
    )


def test_the_companys_pages_have_the_totals_the_tie_out_and_every_breakdown(
    ordinary: tuple[Statement, ...], tmp_path: Path
) -> None:
    found = pages(ordinary[0], tmp_path)
    text = "\n".join(found)
    for section in ordinary[0].sections:
        assert wording.money(section.total.effective, section.digits) in text
        assert wording.money(section.total.billed, section.digits) in text
        for tie in section.tie_out:
            assert wording.money(tie.bill, section.digits) in text
    for title in (
        "Cost centres, USD",
        "Services, USD",
        "AI stages, JPY",
        "What is not allocated, USD",
        "How to read this",
    ):
        assert title in text
    assert "Provisional" in found[0]
    assert f"Page {len(found)} of {len(found)}" in found[-1]


def test_a_cost_centres_pages_hold_no_figure_of_another(ordinary: tuple[Statement, ...], tmp_path: Path) -> None:
    mine = next(each for each in ordinary if each.cost_center == "cc-1001")
    text = "\n".join(pages(mine, tmp_path))
    assert wording.money(mine.sections[0].total.effective, 2) in text
    for others in ("cc-1002", "777.35", "777.34", "Azure OpenAI", "Cloud Run", "JPY", "Not allocated"):
        assert others not in text


def test_the_same_statement_gives_the_same_bytes(ordinary: tuple[Statement, ...], tmp_path: Path) -> None:
    write_pdf(ordinary[0], tmp_path / "one.pdf")
    write_pdf(ordinary[1], tmp_path / "between.pdf")
    write_pdf(ordinary[0], tmp_path / "two.pdf")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
    assert pypdf.PdfReader(tmp_path / "one.pdf").metadata["/CreationDate"] == "D:20260701000000Z"


def test_hostile_names_are_plain_text_and_nothing_can_be_run(settings: Settings, tmp_path: Path) -> None:
    bills = [bill("2026-06-03", "10", cost_center=t, ai_model=t, ai_project=t, service_name=t) for t in HOSTILE]
    for statement in statements_of(settings, bills):
        text = "\n".join(pages(statement, tmp_path))
        assert "10.00" in text
        if statement.cost_center == "<script>alert(1)</script>":
            assert "<script>alert(1)</script>" in text
        reader = pypdf.PdfReader(io.BytesIO((tmp_path / "statement.pdf").read_bytes()))
        assert not reader.attachments
        assert "/OpenAction" not in reader.trailer["/Root"]
        assert not any("/Annots" in page or "/AA" in page for page in reader.pages)


def test_latin_greek_and_cyrillic_print_and_what_does_not_is_a_box_that_stays_distinct() -> None:
    for name in ("Forschung", "Έρευνα", "Отдел исследований", "Ngân sách"):
        assert value(name) == name
    one, other = value("研究"), value("開発")
    assert one.startswith(BOX * 2)
    assert one != other
    assert value("a\x00") != value("a\x01")


def test_a_name_is_wrapped_then_cut_and_never_wider_than_its_place() -> None:
    assert fitted("short", 8, 100) == ["short"]
    lines = fitted("x" * 4096, 8, 100, most=2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")
    assert all(width_of(line, 8) <= 100 for line in lines)
    assert fitted("one two three", 8, width_of("one two", 8) + 1) == ["one two", "three"]


def test_figures_are_all_of_one_width_so_that_columns_line_up() -> None:
    typeface()
    assert len({width_of(digit, 8) for digit in "0123456789"}) == 1
    assert len({width_of(digit, 8, bold=True) for digit in "0123456789"}) == 1


def test_amounts_too_wide_for_the_table_get_smaller_and_are_never_cut(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    bills = [bill("2026-05-03", "-98765432109876.54"), bill("2026-06-03", "123456789012345.67")]
    text = "\n".join(pages(statements_of(settings, bills)[1], tmp_path))
    for amount in ("123,456,789,012,345.67", "98,765,432,109,876.54"):
        assert amount in text


def test_a_long_table_repeats_its_headings_on_every_page(ordinary: tuple[Statement, ...], tmp_path: Path) -> None:
    company = ordinary[0]
    section = company.sections[0]
    services = section.breakdown("service")
    assert services is not None
    many = tuple(replace(services.lines[0], labels=(f"service {n}", "Compute")) for n in range(41))
    longer = tuple(replace(b, lines=many) if b.name == "service" else b for b in section.breakdowns)
    found = pages(replace(company, sections=(replace(section, breakdowns=longer),)), tmp_path)
    assert sum("Services, USD" in page for page in found) >= 2
    assert "service 40" in "\n".join(found)


def test_two_long_names_that_begin_alike_stay_two_in_the_tables(settings: Settings, tmp_path: Path) -> None:
    names = ["x" * 4000, "x" * 4001]
    company = statements_of(settings, [bill("2026-06-03", "1", cost_center=name) for name in names])[0]
    text = "".join(pages(company, tmp_path)).replace("\n", "")
    for name in names:
        assert wording.name(name)[-9:] in text
