"""Statements are behind what is published when something they are made from was published later, and only then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.chargeback.published_version import bill, publish_version

from finops.chargeback import service
from finops.chargeback.publish import sets
from finops.chargeback.service import adopt, outdated
from finops.chargeback.statement.models import Statement
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.stores.state import builds
from finops.stores.state.store import open_state

APRIL, MAY, JUNE, JULY = MONTHS = [BillingPeriod(2026, month) for month in (4, 5, 6, 7)]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Four months that one build has published; statements are one line of text, to be quick."""

    def write_files(place: Path, statement: Statement, _owners: object) -> None:
        (place / "statement.html").write_text(statement.slug)

    monkeypatch.setattr(sets, "write_files", write_files)
    (tmp_path / "config").mkdir()
    settings = Settings(home=tmp_path / "home", config_dir=tmp_path / "config")
    publish(settings, "b1", MONTHS)
    return settings


def publish(
    settings: Settings, build_id: str, months: Iterable[BillingPeriod], provider: Provider = Provider.AWS
) -> None:
    """Publish a version of all four months in which a build has replaced some of a provider."""
    publish_version(settings, [bill(f"{month}-03", "10.005") for month in MONTHS], build_id=build_id)
    with open_state(settings).begin() as connection:
        builds.start_build(connection, build_id)
        builds.mark_built(connection, build_id, {(provider, month): build_id for month in months})
        builds.finish_build(connection, build_id, "published")


def write(settings: Settings, *months: BillingPeriod) -> None:
    for month in months:
        service.publish(settings, month)


def test_a_month_is_outdated_until_its_statements_are_made_from_what_is_published(settings):
    assert outdated(settings) == MONTHS
    write(settings, APRIL, JUNE)
    assert outdated(settings) == [MAY, JULY]
    write(settings, MAY, JULY)
    assert outdated(settings) == []


def test_a_month_published_again_makes_old_its_own_statements_and_those_that_compare_with_it_and_no_others(settings):
    write(settings, *MONTHS)
    publish(settings, "b2", [MAY])
    assert outdated(settings) == [MAY, JUNE], "July was made by an older build than is published, of the same content"
    write(settings, MAY)
    publish(settings, "b3", [JULY])
    assert outdated(settings) == [JUNE, JULY], "June still shows what May was before"
    write(settings, JUNE, JULY)
    assert outdated(settings) == []


def test_the_bill_of_one_cloud_is_enough_and_those_that_came_before_do_not_hide_it(settings):
    publish(settings, "b2", MONTHS, Provider.GCP)
    write(settings, *MONTHS)
    publish(settings, "b3", [JULY], Provider.AWS)
    assert outdated(settings) == [JULY]


def test_a_closed_month_is_left_alone_and_the_open_one_that_shows_what_became_of_it_is_named(settings):
    write(settings, *MONTHS)
    for month in (APRIL, MAY):
        service.close(settings, month, "Ann Lee")
    assert outdated(settings) == [], "closing changes no figure of another month"
    publish(settings, "b2", [APRIL])
    assert outdated(settings) == [JUNE]


def test_what_was_published_a_moment_ago_is_left_to_its_own_run_also_where_it_is_the_month_before(settings):
    write(settings, APRIL)
    moment = datetime.now(UTC)
    publish(settings, "b2", [MAY])
    assert outdated(settings, moment) == [JULY], "whose publication is older"
    assert outdated(settings, moment + timedelta(minutes=1)) == [MAY, JUNE, JULY]


def test_statements_whose_manifest_cannot_be_read_are_made_again(settings):
    write(settings, *MONTHS)
    for month, content in ((MAY, "{"), (JUNE, "[]")):
        (settings.statements_dir / f"billing_period={month}" / "manifest.json").write_text(content)
    assert outdated(settings) == [MAY, JUNE]


def test_with_a_new_state_store_statements_of_earlier_versions_are_made_again_once(settings):
    write(settings, APRIL)
    publish(settings, "b2", MONTHS[1:])
    write(settings, *MONTHS[1:])
    settings.state_url = f"sqlite:///{settings.root / 'new.db'}"
    adopt(settings)
    assert outdated(settings) == [APRIL], "nobody can say whether the build it was made from is the last one of April"
    write(settings, APRIL)
    assert outdated(settings) == []


def test_where_nothing_is_published_nothing_is_outdated(tmp_path):
    assert outdated(Settings(home=tmp_path / "empty")) == []
