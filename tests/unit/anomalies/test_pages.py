"""The pages show what is published, safely."""

from __future__ import annotations

import re

import pytest
from tests.unit.anomalies.bills import publish, steady, times
from tests.unit.anomalies.test_service import APRIL_20, APRIL_24, DAYS, others
from tests.unit.anomalies.watch import configure, run

from finops.anomalies import service
from finops.core.errors import NotReady
from finops.core.settings import Settings

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def quiet(settings: Settings) -> Settings:
    return configure(settings, "alert: {}\n")


def test_an_incident_s_page_shows_band_cause_and_what_to_do_and_the_index_leads_to_it(quiet: Settings) -> None:
    publish(quiet, [*times(steady(DAYS), 5, APRIL_20, APRIL_24), *others()])
    (found,) = run(quiet)

    index = service.write_pages(quiet)

    page = (index.parent / f"{found['incident_id']}.html").read_text(encoding="utf-8")
    assert index == quiet.incidents_dir / "index.html"
    assert f'href="{found["incident_id"]}.html"' in index.read_text(encoding="utf-8")
    assert 'class="band-outer"' in page
    assert page.count('class="odd') >= 5
    assert f"{found['excess_cost']:,.2f}" in page
    assert "Root cause" in page
    assert f"finops incidents feedback {found['incident_id']}" in page
    assert found["advice"] in page


def test_what_a_bill_holds_is_text_and_never_markup(quiet: Settings) -> None:
    publish(quiet, [*times(steady(DAYS, model=EVIL, owner=EVIL), 5, APRIL_20, APRIL_24), *others()])
    (found,) = run(quiet)
    index = service.write_pages(quiet)
    for path in index.parent.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text
        assert not re.search(r'(src|href)="https?:', text)
    assert EVIL in found["cause"]


def test_a_page_of_an_incident_that_is_gone_is_removed(quiet: Settings) -> None:
    publish(quiet, [*times(steady(DAYS), 5, APRIL_20, APRIL_24), *others()])
    run(quiet)
    stale = quiet.incidents_dir / "INC-OLD.html"
    stale.parent.mkdir(parents=True)
    stale.write_text("old")
    service.write_pages(quiet)
    assert not stale.exists()


def test_without_incidents_the_index_says_so_and_without_a_table_it_is_not_ready(quiet: Settings) -> None:
    publish(quiet, [*steady(DAYS), *others()])
    with pytest.raises(NotReady, match="finops incidents detect"):
        service.write_pages(quiet)
    assert run(quiet) == []
    assert "None." in service.write_pages(quiet).read_text(encoding="utf-8")
