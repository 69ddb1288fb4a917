"""The index of builds: each verdict that is kept, when it was given, what was refused."""

from __future__ import annotations

import json
import re

from tests.page_links import dead_links, links_of

from finops.core.settings import Settings
from finops.quality import index
from finops.stores.candidate import Verdict, save_verdict

HOSTILE = "mart_chargeback: <script>alert(1)</script> is missing"


def keep(settings: Settings, verdict: Verdict) -> None:
    save_verdict(settings, verdict)
    (settings.quality_dir / verdict.build_id / "index.html").write_text('<a href="../index.html">All builds</a>')


def words(settings: Settings) -> str:
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", (settings.quality_dir / "index.html").read_text(), flags=re.S)
    return " ".join(text.split())


def test_it_lists_builds_with_their_verdict_and_what_was_refused(settings: Settings) -> None:
    keep(settings, Verdict("20250601T010203Z-aaaaaa", True, (), ("a warning",)))
    keep(settings, Verdict("20250602T010203Z-bbbbbb", False, (HOSTILE, "two", "three", "four"), ()))
    index.write(settings)
    shown = words(settings)
    assert shown.index("20250602T010203Z-bbbbbb") < shown.index("20250601T010203Z-aaaaaa")
    assert re.search(r"20250601T010203Z-aaaaaa Passed \d{4}-\d\d-\d\d \d\d:\d\d 1", shown)
    assert "three and 1 more Refused" in shown
    page = settings.quality_dir / "index.html"
    assert "<script>" not in page.read_text()
    assert dead_links(settings.root, page) == []


def test_what_was_held_back_of_a_build_that_passed_is_named(settings: Settings) -> None:
    keep(settings, Verdict("b1", True, (), ()))
    path = settings.quality_dir / "b1" / "gate.json"
    refusal = {"provider": "aws", "billing_period": "2025-01", "failures": ["a cent is missing"]}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"refused": [refusal]}))
    index.write(settings)
    assert "held back: aws 2025-01 a cent is missing Passed in part" in words(settings)


def test_it_can_be_made_again_and_links_the_other_pages_that_are_there(settings: Settings) -> None:
    keep(settings, Verdict("b1", True, (), ()))
    index.write(settings)
    page = settings.quality_dir / "index.html"
    before = page.read_bytes()
    page.unlink()
    index.write(settings)
    assert page.read_bytes() == before
    statements = settings.statements_dir / "index.html"
    statements.parent.mkdir()
    statements.touch()
    index.write(settings)
    assert statements in links_of(page)
