"""Statements in real processes: a browser that runs nothing of what a tag holds, a publication that is killed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from browser_steps import browse, height_of, require_browser, width_of
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback import service
from finops.chargeback.statement.facts import AllocationEntry
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

SCRIPT = "<script>document.title='owned'</script>"
HANDLER = '"><img src=x onerror="document.title=\'owned\'">'

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The pages of a month whose owners, models and services are hostile, long or written from the right."""
    require_browser()
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    names = ["cc-1001", SCRIPT, HANDLER, "x" * 4096, "مركز التكلفة \u202e 💸", "(unallocated)"]
    bills = [
        bill(f"{month}-{day:02}", f"{day * 1234.567891:.6f}", cost_center=name, ai_model=name, service_name=name)
        for month in ("2026-05", "2026-06")
        for day in (1, 15, 30)
        for name in names
    ]
    publish_version(settings, bills)
    folder = service.publish(settings, BillingPeriod(2026, 6)).path.resolve()
    return sorted(folder.rglob("*.html"))


def test_nothing_that_a_tag_holds_runs(pages: list[Path], tmp_path: Path) -> None:
    for number, page in enumerate(p for p in pages if "company" in str(p) or "script" in str(p) or "img" in str(p)):
        shown = browse(page, tmp_path / f"profile-{number}", "--dump-dom")
        assert "Chargeback statement" in shown
        assert re.search(r"<title>[^<]*June 2026", shown)
        assert "<title>owned" not in shown
        assert "<script" not in shown


@pytest.mark.parametrize("width", [1280, 880, 390])
def test_a_page_is_no_wider_than_the_screen(pages: list[Path], tmp_path: Path, width: int) -> None:
    page = next(p for p in pages if "company" in str(p))
    assert width_of(page, width, tmp_path) <= width


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a cost centre that has everything: a year in two currencies, shared cost, a budget, many services."""
    require_browser()
    folder = tmp_path_factory.mktemp("full")
    (folder / "config").mkdir()
    settings = Settings(home=folder / "home", config_dir=folder / "config")
    budget = "{cost_center: cc-1001, currency: USD, from: 2025-01, to: 2026-12, amount: 100000}"
    (settings.configuration_dir / "budgets.yml").write_text(f"budgets: [{budget}]")
    entry = "{cost_center: cc-1001, name: Research, owner: ada@example.com, parent: cc-1}"
    named = f"cost_centers: [{entry}, {{cost_center: cc-1, name: Technology}}]"
    (settings.configuration_dir / "cost_centers.yml").write_text(named)
    months = [f"{year}-{month:02}" for year in (2025, 2026) for month in range(1, 13)][6:18]
    bills = [
        bill(
            f"{month}-{1 + (7 * number + place) % 28:02}",
            f"{(number + 1) * (place + 3) * 13.37:.6f}",
            f"{(number + 1) * (place + 3) * 12.37:.6f}",
            service_name=f"A service with quite a long name {number}",
            service_category=("Compute", "Storage", "Databases", "Networking")[number % 4],
            ai_model=f"model-{number % 6}",
            ai_stage=("training", "inference")[number % 2],
            provider=("aws", "azure", "gcp")[number % 3],
            billing_currency=("USD", "EUR")[number % 2],
            has_required_tags=number % 3 > 0,
            list_cost=Decimal(4000),
            contracted_cost=Decimal(3000),
        )
        for place, month in enumerate(months)
        for number in range(24)
    ]
    moved = [
        AllocationEntry(owner, "aws", currency, kind, rule, 1, "d" * 12, "(several)", None, None, cost, cost)
        for currency in ("USD", "EUR")
        for rule in ("tax", "support", "network", "platform", "unused")
        for owner, kind, cost in (("cc-1001", "pool", Decimal("100.005")), ("cc-2", "offset", Decimal("-100.005")))
    ]
    publish_version(settings, bills, moved={"2026-05": moved, "2026-06": moved})
    return service.publish(settings, BillingPeriod(2026, 6)).path / "cc-1001" / "statement.html"


def test_a_cost_centres_page_is_at_most_5000_pixels_high_before_details_are_unfolded(
    full: Path, tmp_path: Path
) -> None:
    assert height_of(full, 1280, tmp_path) <= 5000
    text = full.read_text(encoding="utf-8")
    for said in ("Research", "ada@example.com", "Technology", "Budget", "Last 12 months", "Contents", "Rose most"):
        assert said in text


@pytest.mark.parametrize("width", [1280, 390])
def test_a_full_page_is_no_wider_than_the_screen(full: Path, tmp_path: Path, width: int) -> None:
    assert width_of(full, width, tmp_path) <= width


def test_a_page_prints(pages: list[Path], tmp_path: Path) -> None:
    page = next(p for p in pages if "company" in str(p))
    browse(page, tmp_path / "profile", "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'statement.pdf'}")
    assert (tmp_path / "statement.pdf").read_bytes().startswith(b"%PDF")


def test_a_publication_killed_at_any_moment_leaves_a_complete_set(settings: Settings) -> None:
    publish_version(settings, [bill("2026-06-03", "1.115", cost_center=f"cc-{number}") for number in range(15)])
    link = service.publish(settings, BillingPeriod(2026, 6)).path
    command = [sys.executable, "-c", "from finops.cli import main; main()"]
    command += ["chargeback", "publish", "--billing-period", "2026-06"]
    environment = {**os.environ, "FINOPS_HOME": str(settings.root)}
    left_behind = 0
    for number in range(6):
        running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        # Wait for the new set to be under way, then let it come a little further each time.
        sets = settings.statements_dir / ".sets" / link.name
        before = set(sets.iterdir())
        while running.poll() is None and set(sets.iterdir()) <= before:
            time.sleep(0.005)
        time.sleep(number * 0.04)
        running.kill()
        left_behind += running.wait() != 0
        manifest = json.loads((link / "manifest.json").read_bytes())
        assert len(manifest["files"]) == 16 * 5 + 1
        for each in manifest["files"]:
            assert hashlib.sha256((link / each["path"]).read_bytes()).hexdigest() == each["sha256"]
    assert left_behind >= 3  # otherwise the kills came too late to prove anything
    service.publish(settings, BillingPeriod(2026, 6))
    assert len(list(sets.iterdir())) == 2  # this set and the one before; what was killed is gone
