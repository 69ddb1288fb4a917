"""The pages that lead to the others, in a browser: the indexes of statements and builds, and the data dictionary."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser_steps import browse, require_browser, width_of
from tests import statement_marts
from tests.crafted_warehouse import craft
from tests.page_links import dead_links

from finops.chargeback import service as chargeback
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.quality import index
from finops.stores import dictionary
from finops.stores.candidate import Verdict, save_verdict
from finops.transform.publish import publish

MONTHS = ("2025-01", "2025-02")
MARTS = (
    *("fct_daily_costs", "mart_chargeback", "mart_allocated_costs", "mart_reconciliation", "mart_invoices"),
    "mart_exchange_rates",
)
LONG = "mart_chargeback: " + "a_word_without_end_" * 20

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two published months with their statements, after a build that was refused."""
    require_browser()
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    save_verdict(settings, Verdict("20250301T010203Z-aaaaaa", False, (LONG, "two", "three", "four"), ()))
    marts = (*MARTS, *statement_marts.TABLES, *statement_marts.VIEWS)
    scope = [("aws", month) for month in MONTHS]
    craft(settings, scope, build_id="20250302T010203Z-bbbbbb", lines=60, marts=marts)
    save_verdict(settings, Verdict("20250302T010203Z-bbbbbb", True, (), ()))
    for build in settings.quality_dir.iterdir():
        (build / "index.html").write_text('<a href="../index.html">All builds</a>', encoding="utf-8")
    index.write(settings)
    publish(settings)
    for month in MONTHS:
        chargeback.publish(settings, BillingPeriod.parse(month))
    return settings.root


PAGES = ("statements/index.html", "quality/index.html", f"published/current/{dictionary.PAGE}")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_no_wider_than_the_screen(home: Path, tmp_path: Path, page: str, width: int) -> None:
    assert width_of(home / page, width, tmp_path, is_unfolded=True) <= width


def test_every_link_from_page_to_page_leads_somewhere(home: Path) -> None:
    assert dead_links(home, *(home / page for page in PAGES)) == []


def test_a_page_is_shown_without_a_script(home: Path, tmp_path: Path) -> None:
    shown = browse(home / "statements" / "index.html", tmp_path / "profile", "--dump-dom")
    assert "All months" in shown
    assert "<script" not in shown
