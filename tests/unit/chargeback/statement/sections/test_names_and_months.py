"""Names are shown wherever a cost centre is, groups add up what is below them, months are what statements said."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from tests.unit.chargeback.journal.test_shared_cost import moved, write_accounts
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback import service
from finops.chargeback.publish.models import StatementSet
from finops.chargeback.statement.models import Statement
from finops.core.dimensions import UNALLOCATED
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

APRIL, MAY, JUNE = (BillingPeriod(2026, month) for month in (4, 5, 6))
TREE = """cost_centers:
  - {cost_center: all, name: Everything}
  - {cost_center: tech, name: Technology, parent: all}
  - {cost_center: cc-1001, name: Research, owner: ada@example.com, parent: tech}
  - {cost_center: cc-1002, name: Product, parent: all}
"""
POOL = "pools: [{id: tax, version: 1, description: The platform for all, select: {provider: aws}, split: "


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Three months in which a rule moves cost of what has no owner; thirds of a cent are everywhere."""
    folder = tmp_path_factory.mktemp("named")
    (folder / "config").mkdir()
    made = Settings(home=folder / "home", config_dir=folder / "config")
    (made.configuration_dir / "cost_centers.yml").write_text(TREE, encoding="utf-8")
    (made.configuration_dir / "allocation.yml").write_text(POOL + "{method: even}}]", encoding="utf-8")
    write_accounts(made)
    owners = ("cc-1001", "cc-1002", "cc-1003", UNALLOCATED)
    bills = [
        bill(f"2026-0{month}-03", f"{month * place}.335", cost_center=owner)
        for month in (4, 5, 6)
        for place, owner in enumerate(owners, start=1)
    ]
    parts = [("cc-1001", "1.115"), ("cc-1002", "0.005"), (UNALLOCATED, "-1.12")]
    rule = [moved(owner, part, "pool" if Decimal(part) > 0 else "offset") for owner, part in parts]
    publish_version(made, bills, moved={str(month): rule for month in (MAY, JUNE)})
    return made


@pytest.fixture(scope="module")
def published(settings: Settings) -> dict[BillingPeriod, StatementSet]:
    return {month: service.publish(settings, month) for month in (APRIL, MAY, JUNE)}


def of(found: StatementSet, owner: str | None) -> Statement:
    return next(each for each in found.statements if each.cost_center == owner)


@pytest.mark.parametrize("owner", [None, "cc-1001", "cc-1002", "cc-1003"])
def test_each_month_of_the_history_is_what_that_months_statement_charged(published: dict, owner: str | None) -> None:
    section = of(published[JUNE], owner).sections[0]
    shown = {month: of(published[month], owner).sections[0].total_charged for month in published}
    assert {each.billing_period: each.total for each in section.history} == shown
    assert section.charged.previous == shown[MAY]
    assert section.charged.effective == shown[JUNE]


def test_the_first_month_is_compared_with_nothing(published: dict) -> None:
    section = of(published[APRIL], "cc-1001").sections[0]
    assert (section.charged.previous, section.charged.change, len(section.history)) == (None, None, 1)


def test_groups_add_up_what_is_below_them(published: dict) -> None:
    company = of(published[JUNE], None).sections[0]
    charged = {each.cost_center: each.sections[0].total_charged for each in published[JUNE].statements}
    table = next(each for each in company.schedules if each.name == "groups")
    found = {row.label: row.cells[0].value for row in table.rows}
    both = Decimal(charged["cc-1001"] + charged["cc-1002"]) / 100
    assert found == {"all": both, "tech": Decimal(charged["cc-1001"]) / 100}
    assert [row.remark for row in table.rows] == ["Everything: Product, Research", "Technology in Everything: Research"]


def test_names_stand_in_every_format_and_a_cost_centre_without_one_keeps_its_key(
    settings: Settings, published: dict, tmp_path: Path
) -> None:
    folder = published[JUNE].path
    page = (folder / "cc-1001" / "statement.html").read_text(encoding="utf-8")
    for said in ("<h1><bdi>Research</bdi></h1>", "ada@example.com", "Technology", "Everything"):
        assert said in page
    for name in ("index.html", "company/statement.html"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "<bdi>Research</bdi>" in text
        assert "<bdi>cc-1003</bdi>" in text
    with (folder / "company" / "statement.csv").open(encoding="utf-8", newline="") as handle:
        names = {row["cost_center"]: row["cost_center_name"] for row in csv.DictReader(handle)}
    assert names == {"cc-1001": "Research", "cc-1002": "Product", "cc-1003": "", UNALLOCATED: ""}
    book = openpyxl.load_workbook(folder / "cc-1001" / "statement.xlsx")
    assert book["Summary"]["A1"].value == "Chargeback statement: Research (cc-1001)"
    service.write_journal(settings, JUNE, tmp_path / "journal.csv")
    journal = (tmp_path / "journal.csv").read_text(encoding="utf-8")
    assert "AWS June 2026: Research (cc-1001)" in journal
    assert "AWS June 2026: cc-1003" in journal


def test_another_name_changes_no_document_of_the_journal(settings: Settings, tmp_path: Path) -> None:
    documents = []
    for name in ("Research", "Science"):
        text = TREE.replace("Research", name)
        (settings.configuration_dir / "cost_centers.yml").write_text(text, encoding="utf-8")
        service.write_journal(settings, JUNE, tmp_path / "journal.csv")
        with (tmp_path / "journal.csv").open(encoding="utf-8", newline="") as handle:
            documents.append([row["document"] for row in csv.DictReader(handle)])
    assert documents[0] == documents[1]


def test_a_rule_is_one_row_titled_with_its_description(published: dict) -> None:
    section = of(published[JUNE], "cc-1001").sections[0]
    table = next(each for each in section.schedules if each.name == "shared")
    assert [row.label for row in table.rows] == ["Direct cost", "The platform for all"]
