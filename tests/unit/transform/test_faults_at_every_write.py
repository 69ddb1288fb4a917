"""The disk is full at any write of a publication: readers keep what they had, and the next run publishes the rest."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from tests.crafted_warehouse import craft
from tests.failing_writes import failing_after
from tests.published_rows import published_rows

from finops.core.errors import FinopsError
from finops.core.machine import one_line_errors
from finops.core.settings import Settings
from finops.stores import published
from finops.stores.candidate import Verdict, save_verdict
from finops.transform.publish import publish

JANUARY = [("aws", "2025-01"), ("gcp", "2025-01")]
FEW = ("fct_daily_costs", "mart_chargeback")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a published January, and a restated AWS bill of it that is built and checked."""
    settings = Settings(home=tmp_path_factory.mktemp("ready") / "home")
    for number, scope in enumerate((JANUARY, JANUARY[:1])):
        craft(settings, scope, build_id=f"build-{number}", lines=20, revision=number, marts=FEW)
        save_verdict(settings, Verdict(f"build-{number}", True, (), ()))
        if number == 0:
            publish(settings)
    return settings


def test_a_full_disk_at_any_write_leaves_the_last_good_state_and_a_later_run_the_next(
    ready: Settings, tmp_path: Path
) -> None:
    before = published_rows(ready)
    after, writes, has_failed = None, 0, True
    while has_failed:
        settings = Settings(home=tmp_path / str(writes))
        shutil.copytree(ready.root, settings.root, symlinks=True)
        with failing_after(writes, settings.root) as disk:
            with suppress(FinopsError), one_line_errors(settings):
                publish(settings)
            has_failed = disk.left is None
        if has_failed and published.latest(settings).build_id == "build-0":
            assert published_rows(settings) == before
        publish(settings)
        assert published.latest(settings).build_id == "build-1"
        found = published_rows(settings)
        assert after in (None, found)
        after = found
        shutil.rmtree(settings.root)
        writes += 1
    assert after != before
    assert writes > 20
