"""A version that a killed publication left unrecorded is recorded by whoever comes next, and published once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.crafted_warehouse import craft
from tests.unit.transform.releases import FEW

from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.pipelines import marts
from finops.stores import published
from finops.stores.candidate import Verdict, save_verdict
from finops.stores.state import builds, period_inputs
from finops.stores.state.store import open_state
from finops.transform import recording, versions
from finops.transform.publish import publish
from finops.transform.service import build

JANUARY, FEBRUARY = "2025-01", "2025-02"


@pytest.fixture
def killed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Readers have February, built as build-2, and the state store does not know; January waits, built beside it."""
    for build_id, month in (("build-1", JANUARY), ("build-2", FEBRUARY)):
        work = settings.in_workspace(month)
        craft(work, [("aws", month)], build_id=build_id, lines=60, marts=FEW)
        save_verdict(work, Verdict(build_id, True, (), ()))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(recording, "record", die)
        with pytest.raises(KeyboardInterrupt):
            publish(settings.in_workspace(FEBRUARY))
    assert published.latest(settings).build_id == "build-2"
    with open_state(settings).connect() as connection:
        assert builds.is_running(connection, "build-2")
    return settings


def test_another_months_publication_records_it_and_a_second_try_of_its_own_changes_nothing(
    killed: Settings, tmp_path: Path
) -> None:
    work = killed.in_workspace(FEBRUARY)
    shutil.copytree(work.warehouse_dir, tmp_path / "work")
    publish(killed.in_workspace(JANUARY))
    assert [each.build_id for each in versions.chain(killed)] == ["build-1", "build-2"]

    tries = [marts.publish(killed, "build-2")]
    # A second try that had begun before then held its workspace.
    shutil.copytree(tmp_path / "work", work.warehouse_dir)
    tries.append(publish(work))

    assert [each.build_id for each in tries] == ["build-2", "build-2"]
    assert [each.build_id for each in versions.chain(killed)] == ["build-1", "build-2"]
    with open_state(killed).connect() as connection:
        assert builds.published_by(connection) == {"aws/2025-01": "build-1", "aws/2025-02": "build-2"}
        assert period_inputs.pending(connection) == []


def test_a_new_build_records_it_and_has_only_the_rest_to_build(killed: Settings) -> None:
    assert build(killed, provider=Provider.GCP) is None

    with open_state(killed).connect() as connection:
        assert [str(each.billing_period) for each in period_inputs.pending(connection)] == [JANUARY]
        assert builds.published_by(connection) == {"aws/2025-02": "build-2"}


def test_versions_that_name_each_other_as_the_one_before_are_read_once(killed: Settings) -> None:
    manifest = published.latest(killed).path / published.MANIFEST
    manifest.write_text(manifest.read_text("utf-8").replace('"previous": null', '"previous": "build-2"'), "utf-8")

    assert [each.build_id for each in versions.chain(killed)] == ["build-2"]
