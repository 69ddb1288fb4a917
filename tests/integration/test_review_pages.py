"""The weekly review in a browser: as wide as the screen, nothing cut, nothing run, and printed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from browser_steps import browse, overflowing, require_browser, width_of
from tests.page_links import dead_links
from tests.unit.review.full_week import full_week
from tests.unit.review.published_kpis import MONDAY, publish_kpis

from finops.core.settings import Settings
from finops.review import service

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks with hostile and long names, two currencies, unknown KPIs, a gap, and a provider that is behind."""
    require_browser()
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    publish_kpis(settings, full_week(), [("aws", date(2025, 2, 9)), ("azure", date(2025, 2, 7))])
    for week in (MONDAY - timedelta(weeks=1), MONDAY):
        service.write(settings, week)
    return settings.root


PAGES = ("reviews/index.html", "reviews/week=2025-02-03/index.html")


@pytest.mark.parametrize("width", [1280, 880, 390])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_no_wider_than_the_screen(home: Path, tmp_path: Path, page: str, width: int) -> None:
    assert width_of(home / page, width, tmp_path, is_unfolded=True) <= width


@pytest.mark.parametrize("width", [1280, 880, 390])
@pytest.mark.parametrize("page", PAGES)
def test_no_text_is_cut_or_hangs_out_of_its_card(home: Path, tmp_path: Path, page: str, width: int) -> None:
    assert overflowing(home / page, width, tmp_path, is_unfolded=True) == 0


def test_the_page_is_shown_without_a_script(home: Path, tmp_path: Path) -> None:
    shown = browse(home / PAGES[1], tmp_path / "profile", "--dump-dom")
    assert "What matters this week" in shown
    assert "<script" not in shown


def test_the_page_prints(home: Path, tmp_path: Path) -> None:
    printed = tmp_path / "review.pdf"
    browse(home / PAGES[1], tmp_path / "profile", "--no-pdf-header-footer", f"--print-to-pdf={printed}")
    assert printed.read_bytes().startswith(b"%PDF")


def test_every_link_from_page_to_page_leads_somewhere(home: Path) -> None:
    assert dead_links(home, *(home / page for page in PAGES)) == []
