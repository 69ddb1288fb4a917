"""What a backup holds can be put back into an empty home, to the row and to the byte; and nothing is half restored."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select
from tests.crafted_warehouse import craft
from tests.golden import generated_months as generated
from tests.native_files import write_csv
from tests.unit.chargeback.published_version import bill, publish_version
from tests.unit.telemetry.delivered_files import a_row, a_source, write
from typer.testing import CliRunner

from finops.chargeback import service as chargeback
from finops.cli import app
from finops.core.errors import BadInput, Finding
from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.recovery import backup as backups
from finops.recovery import restore as restoring
from finops.recovery.service import restore, write_backup
from finops.stores import published
from finops.stores.candidate import Verdict, save_verdict
from finops.stores.state import dump, store
from finops.stores.state.store import open_state
from finops.telemetry import service as telemetry
from finops.transform.publish import publish

MAY = BillingPeriod(2026, 5)


def with_history(settings: Settings) -> None:
    """Land, build and publish two bills, as a day's run does."""
    craft(settings, [("aws", "2025-01"), ("gcp", "2025-01")], lines=60)
    save_verdict(settings, Verdict("build-1", True, (), ()))
    publish(settings)


def with_a_closed_month(settings: Settings) -> None:
    publish_version(settings, [bill("2026-05-03", "10.005"), bill("2026-06-03", "33.335")])
    chargeback.close(settings, MAY, "Ann Lee")


@pytest.fixture(params=[with_history, with_a_closed_month], ids=["history", "closed"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A home with something to lose."""
    (tmp_path / "config").mkdir()
    settings = Settings(home=tmp_path / "home", config_dir=tmp_path / "config")
    request.param(settings)
    return settings


@pytest.fixture
def lost(settings: Settings, tmp_path: Path) -> Settings:
    """The empty home that the backup goes into."""
    return Settings(home=tmp_path / "new", config_dir=settings.config_dir)


def state_of(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    with open_state(settings).connect() as connection:
        return {name: [tuple(row) for row in connection.execute(select(t))] for name, t in dump.TABLES.items()}


def files_of(settings: Settings) -> dict[str, bytes]:
    return {name: (settings.root / name).read_bytes() for name in backups.kept_files(settings)}


def test_a_home_is_restored_to_the_row_and_to_the_byte(settings: Settings, lost: Settings, tmp_path: Path) -> None:
    made = write_backup(settings, tmp_path / "backups")

    done = restore(lost, made.path)

    assert state_of(lost) == state_of(settings)
    assert files_of(lost) == files_of(settings) != {}
    assert published.latest(lost).build_id == published.latest(settings).build_id
    assert chargeback.closed_months(lost) == chargeback.closed_months(settings)
    assert (done.files, done.rows) == (made.files, sum(map(len, state_of(settings).values())))


def test_peoples_own_tools_read_the_restored_home_and_not_the_lost_one(
    settings: Settings, lost: Settings, tmp_path: Path
) -> None:
    """finops.duckdb names the version's folder by its full path."""
    before = _chargeback(published.latest(settings).database)
    restore(lost, write_backup(settings, tmp_path / "backups").path)
    settings.root.rename(tmp_path / "gone")

    assert _chargeback(published.latest(lost).database) == before != []


def _chargeback(database: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute("select * from mart_chargeback order by all").fetchall()


def test_landed_files_that_the_home_lacks_are_named(tmp_path: Path) -> None:
    """They are not in the backup: whoever restores has to copy them, or land the bills again."""
    settings, new = Settings(home=tmp_path / "home"), Settings(home=tmp_path / "new")
    (tmp_path / "bill").mkdir()
    write_csv(tmp_path / "bill" / "bill.csv", [generated.complete({}, SourceFormat.AWS_CUR2, "2025-01", 0)])
    assert ingest(settings, Provider.AWS, str(tmp_path / "bill"), no_manifest=True).landed
    made = write_backup(settings, tmp_path / "backups")
    (missing,) = restore(new, made.path).missing
    assert (settings.landing_dir / missing).is_file()


def test_landed_telemetry_that_the_home_lacks_is_named_and_landed_again(tmp_path: Path) -> None:
    settings, new = Settings(home=tmp_path / "home"), Settings(home=tmp_path / "new")
    source = a_source(tmp_path / "delivered")
    write(tmp_path / "delivered" / "one.csv", [a_row()])
    [delivery] = telemetry.ingest(settings, source).landed
    done = restore(new, write_backup(settings, tmp_path / "backups").path)

    assert done.missing == (delivery.relative_path,)
    assert telemetry.status(new) == telemetry.status(settings) != []
    assert [each.delivery_id for each in telemetry.ingest(new, source).landed] == [delivery.delivery_id]
    assert (new.landing_dir / delivery.relative_path).is_file()


def test_a_second_backup_links_what_has_not_changed(settings: Settings, tmp_path: Path) -> None:
    """History and closed months only grow: a night's backup does not cost what all of them take."""
    first = write_backup(settings, tmp_path / "backups")
    second = write_backup(settings, tmp_path / "backups")
    assert first.linked == 0
    assert second.linked == len(backups.kept_files(settings))
    assert all((second.path / n).samefile(first.path / n) for n in backups.kept_files(settings))


def test_a_backup_that_is_killed_leaves_none(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups.shutil, "copy2", killed_at(1, shutil.copy2))
    with pytest.raises(KeyboardInterrupt):
        write_backup(settings, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_restore_that_is_killed_at_any_file_is_finished_by_the_next(
    settings: Settings, lost: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = write_backup(settings, tmp_path / "backups")
    for number in range(len(backups.kept_files(settings))):
        with monkeypatch.context() as patch:
            patch.setattr(restoring.shutil, "copy2", killed_at(number, shutil.copy2))
            with pytest.raises(KeyboardInterrupt):
                restore(lost, made.path)
        restore(lost, made.path)
        assert (state_of(lost), files_of(lost)) == (state_of(settings), files_of(settings))
        shutil.rmtree(lost.root)
        store._open.cache_clear()


def killed_at(number: int, copy: Callable[..., object]) -> Callable[..., object]:
    """Return a copy that the process does not survive the so-and-so-many-th time."""
    left = [number]

    def copying(*arguments: object) -> object:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return copy(*arguments)

    return copying


def test_a_backup_that_was_damaged_restores_nothing(settings: Settings, lost: Settings, tmp_path: Path) -> None:
    made = write_backup(settings, tmp_path / "backups")
    name = backups.kept_files(settings)[0]
    (made.path / name).chmod(0o644)
    (made.path / name).write_bytes(b"other")
    with pytest.raises(
        Finding, match=f"{Path(name).name} is not what the backup's manifest says; nothing was restored"
    ):
        restore(lost, made.path)
    assert backups.kept_files(lost) == []


def test_a_home_that_has_something_of_its_own_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    made = write_backup(settings, tmp_path / "backups")
    before = (state_of(settings), files_of(settings))
    with pytest.raises(BadInput, match="the state store is not empty"):
        restore(settings, made.path)
    assert (state_of(settings), files_of(settings)) == before


def test_a_file_of_the_home_that_differs_is_named(settings: Settings, lost: Settings, tmp_path: Path) -> None:
    made = write_backup(settings, tmp_path / "backups")
    name = backups.kept_files(settings)[-1]
    (lost.root / name).parent.mkdir(parents=True)
    (lost.root / name).write_text("somebody's")
    with pytest.raises(BadInput, match="is there and differs from the backup"):
        restore(lost, made.path)
    assert (lost.root / name).read_text() == "somebody's"


def test_a_backup_of_another_release_is_refused(settings: Settings, lost: Settings, tmp_path: Path) -> None:
    made = write_backup(settings, tmp_path / "backups")
    manifest = made.path / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"schema_revision": "0001"}))
    with pytest.raises(BadInput, match=r"by a release with schema 0001.*restore it with that release, then upgrade"):
        restore(lost, made.path)
    manifest.write_text("[]")
    with pytest.raises(BadInput, match="is damaged; use another backup"):
        restore(lost, made.path)
    with pytest.raises(BadInput, match="is no backup"):
        restore(lost, tmp_path)


def test_the_commands_say_what_they_did(
    settings: Settings, lost: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(home: Settings, *arguments: str) -> str:
        monkeypatch.setenv("FINOPS_HOME", str(home.root))
        return CliRunner().invoke(app, arguments, catch_exceptions=False).output

    found = json.loads(run(settings, "backup", "--out", str(tmp_path / "backups"), "--json"))
    assert found["linked"] == 0
    assert "is whole" in run(lost, "restore", found["path"], "--dry-run")
    assert not (lost.root / "published").exists()
    assert f"Restored {found['files']:,} files" in run(lost, "restore", found["path"])
