"""The index above all months: what is published, for how much, and links that lead somewhere."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from tests.page_links import dead_links, links_of
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback import service
from finops.chargeback.publish import index
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores.statements import AudienceStatement

MAY, JUNE = BillingPeriod(2026, 5), BillingPeriod(2026, 6)
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def published(settings: Settings) -> Settings:
    """Two months: one cost centre in both, one that is new in June and hostile, and one that had only May."""
    bills = [
        bill("2026-05-03", "1234.5"),
        bill("2026-06-03", "2000.25"),
        bill("2026-06-04", "7", cost_center=HOSTILE),
        bill("2026-06-04", "8.5", billing_currency="EUR"),
        bill("2026-05-04", "3", cost_center="cc-1002"),
    ]
    publish_version(settings, bills)
    for month in (MAY, JUNE):
        service.publish(settings, month)
    return settings


def words(settings: Settings) -> str:
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", (settings.statements_dir / "index.html").read_text(), flags=re.S)
    return " ".join(text.split())


def test_it_lists_months_and_cost_centres_with_status_and_total_charged(published: Settings) -> None:
    shown = words(published)
    assert "2 months · 3 cost centres" in shown
    amounts = "(8.50 EUR 2,007.25 USD|2,007.25 USD 8.50 EUR)"
    assert re.search(f"June 2026 Whole company · build build-1 {amounts} Provisional", shown)
    assert "May 2026 Whole company · build build-1 1,237.50 USD Provisional" in shown
    assert shown.index("June 2026") < shown.index("May 2026")
    assert "Product (cc-1002) · May 2026: 3.00 USD" in shown
    assert HOSTILE not in (published.statements_dir / "index.html").read_text()


def test_a_cost_centre_is_listed_by_the_name_that_it_has_now(published: Settings, tmp_path: Path) -> None:
    (tmp_path / "cost_centers.yml").write_text(f"cost_centers: [{{cost_center: cc-1002, name: '{HOSTILE}'}}]")
    named = Settings(home=published.home, config_dir=tmp_path)
    index.write(named, named.statements_dir)
    page = (named.statements_dir / "index.html").read_text()
    assert f"{html.escape(HOSTILE)} (cc-1002) · May 2026: 3.00 USD" in page
    assert HOSTILE not in page


def test_every_link_leads_to_a_page_also_to_the_month_before(published: Settings) -> None:
    root = published.statements_dir
    assert dead_links(root, root / "index.html") == []
    may, june = root / f"billing_period={MAY}", root / f"billing_period={JUNE}"
    assert may / "index.html" in links_of(june / "index.html")
    assert may / "cc-1001" / "statement.html" in links_of(june / "cc-1001" / "statement.html")
    for page in june.resolve().rglob("*.html"):
        opened = june / page.relative_to(june.resolve())
        assert root / "index.html" in links_of(opened), opened


def test_who_had_no_cost_the_month_before_has_no_link_to_it(published: Settings) -> None:
    june = published.statements_dir / f"billing_period={JUNE}"
    (new,) = (each for each in june.iterdir() if each.name.startswith("script"))
    assert not [each for each in links_of(new / "statement.html") if f"billing_period={MAY}" in str(each)]


def test_it_can_be_made_again_from_what_is_kept(published: Settings) -> None:
    page = published.statements_dir / "index.html"
    before = page.read_bytes()
    page.unlink()
    index.write(published, published.statements_dir)
    assert page.read_bytes() == before


def test_a_month_that_cannot_be_read_hides_no_other(published: Settings, caplog: pytest.LogCaptureFixture) -> None:
    (published.statements_dir / f"billing_period={MAY}" / "manifest.json").write_text("{")
    service.publish(published, JUNE)
    assert "the index leaves out 2026-05" in caplog.text
    assert "1 month · 2 cost centres" in words(published)


def test_statements_in_a_folder_of_ones_own_have_an_index_without_links_elsewhere(
    published: Settings, tmp_path: Path
) -> None:
    published.quality_dir.mkdir()
    (published.quality_dir / "index.html").touch()
    index.write(published, published.statements_dir)
    assert "Builds and data quality" in words(published)
    service.publish(published, MAY, tmp_path / "out")
    assert dead_links(tmp_path / "out", tmp_path / "out" / "index.html") == []


def test_the_steps_of_a_dag_leave_the_same_index(published: Settings) -> None:
    page = published.statements_dir / "index.html"
    before = page.read_bytes()
    page.unlink()
    drafts = service.plan(published, [JUNE])
    for draft, planned in drafts.items():
        for who in planned.audiences:
            service.render(published, draft, who.folder)
        service.complete(published, draft)
    assert page.read_bytes() == before


def test_amounts_are_grouped_and_those_of_older_manifests_hold_adjustments() -> None:
    totals = (
        {"billing_currency": "USD", "effective_cost": "-0.05"},
        {"billing_currency": "JPY", "effective_cost": "-1234"},
        {"billing_currency": "EUR", "effective_cost": "1200.10", "adjustments_effective_cost": "-0.20"},
        {"billing_currency": "GBP", "effective_cost": "1.00", "total_charged": "9.00"},
    )
    found = index.charged(AudienceStatement(None, "company", totals, ()))
    assert found == ["−0.05 USD", "−1,234 JPY", "1,199.90 EUR", "9.00 GBP"]
