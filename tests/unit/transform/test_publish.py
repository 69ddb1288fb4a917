"""A version is the one before plus the scope that the gate has judged; nothing else changes, nothing is half there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.crafted_warehouse import craft, edit, write_fact
from tests.unit.transform.releases import FEW, JANUARY, make, rows

from finops.core.errors import BadInput, Finding, NotReady
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.quality.service import check
from finops.stores import published, snapshots
from finops.stores.candidate import Verdict, save_verdict
from finops.stores.published import Publication
from finops.stores.state import period_inputs
from finops.stores.state.store import open_state
from finops.transform import versions
from finops.transform.publish import publish


def files(version: Publication) -> dict[str, int]:
    """Every Parquet file of the version with its inode: equal inodes are one file on disk."""
    return {str(path.relative_to(version.path)): path.stat().st_ino for path in version.path.rglob("*.parquet")}


def written(version: Publication) -> int:
    """Return the bytes of the version that no other version has."""
    return sum(path.stat().st_size for path in version.path.rglob("*") if path.is_file() and path.stat().st_nlink == 1)


def test_a_publication_writes_what_its_scope_holds_and_not_the_history(tmp_path: Path) -> None:
    """Of a year of months before it, a month adds its figures to the manifest and nothing else."""
    sizes = []
    for months in (1, 12):
        settings = Settings(home=tmp_path / str(months))
        make(settings, [("aws", f"2024-{month:02}") for month in range(1, months + 1)], "build-1", marts=FEW)
        version = make(settings, JANUARY, "build-2", marts=FEW)
        sizes.append(written(version) - (version.path / "manifest.json").stat().st_size)
    assert abs(sizes[1] - sizes[0]) < 0.01 * sizes[0]


def test_a_candidate_that_the_gate_has_not_judged_is_not_published(settings: Settings) -> None:
    craft(settings, JANUARY)
    with pytest.raises(NotReady, match="not checked build build-1"):
        publish(settings)
    assert not (settings.published_dir / "current").exists()


def test_a_run_publishes_its_own_build_and_no_other(settings: Settings) -> None:
    before = make(settings, JANUARY, "build-1", marts=FEW)
    craft(settings, JANUARY, build_id="build-2", revision=1, lines=60, marts=FEW)
    save_verdict(settings, Verdict("build-2", True, (), ()))
    for step in (check, publish):
        with pytest.raises(Finding, match="build build-0 is no longer in its workspace, build build-2 has taken its"):
            step(settings, "build-0")
    assert published.latest(settings) == before
    assert publish(settings, "build-2").build_id == "build-2"


def test_a_refused_candidate_leaves_the_version_before(settings: Settings) -> None:
    before = make(settings, JANUARY, "build-1")
    craft(settings, JANUARY, build_id="build-2", revision=1)
    save_verdict(settings, Verdict("build-2", False, ("mart_chargeback: a cent is missing",), ()))
    with pytest.raises(Finding, match="a cent is missing"):
        publish(settings)
    assert published.latest(settings) == before


def test_the_manifest_tells_what_the_tables_and_the_files_hold(settings: Settings) -> None:
    version = make(settings, JANUARY, "build-1")
    entry = version.manifest["marts"]["mart_chargeback"]
    with version.connect() as connection:
        in_table = connection.execute("select count(*), sum(billed_cost) from mart_chargeback").fetchall()
        glob = version.parquet("mart_chargeback")
        in_files = connection.execute(
            f"select count(*), sum(billed_cost) from read_parquet('{glob}', hive_partitioning = true)"
        ).fetchall()
        charges = connection.execute(version.focus_sql()).fetchall()
    assert in_table == in_files
    assert entry["rows"] == in_table[0][0]
    assert len(charges) == version.manifest["fact"]["rows"] == 120
    assert set(entry["billing_periods"]["2025-01"]["totals"]) == {"EUR", "USD"}


def test_publishing_the_same_candidate_again_changes_nothing(settings: Settings) -> None:
    first = make(settings, JANUARY, "build-1")
    before = files(first)
    again = publish(settings)
    assert again == first
    assert files(again) == before


def test_the_same_bills_built_twice_give_equal_rows_and_equal_files(settings: Settings, tmp_path: Path) -> None:
    twin = Settings(home=tmp_path / "twin")
    one, other = make(settings, JANUARY, "build-1"), make(twin, JANUARY, "build-1")
    for mart in one.marts:
        assert rows(one, mart) == rows(other, mart)
        part = f"{mart}/billing_period=2025-01/part.parquet"
        assert (one.path / part).read_bytes() == (other.path / part).read_bytes()


def test_with_36_months_of_history_only_the_scope_is_written_anew(settings: Settings) -> None:
    months = [f"{2022 + n // 12}-{n % 12 + 1:02d}" for n in range(36)]
    before = make(settings, [("aws", month) for month in months], "build-1", marts=FEW)
    after = make(settings, [("aws", "2023-05")], "build-2", revision=9, marts=FEW)
    old, new = files(before), files(after)
    changed = {path for path in new if old.get(path) != new[path]}
    assert old.keys() == new.keys()
    assert changed == {path for path in new if "billing_period=2023-05" in path}
    assert after.manifest["marts"]["fct_daily_costs"]["billing_periods"].keys() == set(months)


def test_another_provider_of_a_month_in_scope_keeps_its_published_rows(settings: Settings) -> None:
    before = make(settings, JANUARY, "build-1")
    after = make(settings, [("aws", "2025-01")], "build-2", revision=5)
    kept = [row for row in rows(before, "mart_costs_by_service") if row[1] == "gcp"]
    assert kept
    assert [row for row in rows(after, "mart_costs_by_service") if row[1] == "gcp"] == kept
    assert rows(after, "mart_costs_by_service") != rows(before, "mart_costs_by_service")


def test_months_of_a_refused_build_do_not_leak_into_the_next_publication(settings: Settings) -> None:
    before = make(settings, JANUARY, "build-1")
    craft(settings, JANUARY, build_id="refused", revision=7)
    save_verdict(settings, Verdict("refused", False, ("wrong",), ()))
    after = make(settings, [("aws", "2025-02")], "build-3")
    january = [row for row in rows(after, "fct_daily_costs") if row[0] == "2025-01"]
    assert january == rows(before, "fct_daily_costs")
    charges = "select sum(billed_cost) from ({})"
    sums = []
    for version in (before, after):
        with version.connect() as connection:
            sql = version.focus_sql(period=BillingPeriod(2025, 1))
            sums.append(connection.execute(charges.format(sql)).fetchall())
    assert sums[0] == sums[1]


def test_a_file_that_a_later_build_replaces_stays_as_it_was_published(settings: Settings) -> None:
    version = make(settings, JANUARY, "build-1")
    part = version.path / "fct_focus_costs/provider=aws/billing_period=2025-01/part.parquet"
    before = part.read_bytes()
    write_fact(settings, "aws", "2025-01", lines=10, revision=3)
    assert part.read_bytes() == before


def test_a_mart_whose_columns_change_keeps_its_history(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    craft(settings, [("aws", "2025-02")], build_id="build-2", lines=60)
    save_verdict(settings, Verdict("build-2", True, (), ()))
    edit(
        settings,
        "create or replace table marts.mart_costs_by_region as"
        " select * exclude (list_cost), 2.5::decimal(38, 12) as carbon from marts.mart_costs_by_region",
    )
    version = publish(settings)
    glob = version.parquet("mart_costs_by_region")
    with version.connect() as connection:
        for source in ("mart_costs_by_region", f"read_parquet('{glob}', hive_partitioning = true)"):
            found = connection.execute(
                f"select billing_period, count(*) > 0, count(carbon) > 0 from {source} group by all order by all"
            ).fetchall()
            assert found == [("2025-01", True, False), ("2025-02", True, True)]


def test_published_periods_are_marked_with_the_digest_the_build_began_with(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    with open_state(settings).connect() as state:
        assert period_inputs.pending(state) == []
    craft(settings, JANUARY, build_id="build-2", revision=1)
    save_verdict(settings, Verdict("build-2", True, (), ()))
    newer = [("gcp", "2025-01")]
    candidate = (settings.warehouse_dir / "candidate.json").read_text()
    craft(settings, newer, build_id="build-3", revision=2)
    (settings.warehouse_dir / "candidate.json").write_text(candidate)
    publish(settings)
    with open_state(settings).connect() as state:
        pending = [(item.provider, str(item.billing_period)) for item in period_inputs.pending(state)]
    assert pending == [(Provider.GCP, "2025-01")]


@pytest.mark.parametrize("is_dangling", [False, True])
def test_a_lost_link_is_found_again_from_the_versions_and_none_goes(settings: Settings, *, is_dangling: bool) -> None:
    """Without it, every version would look like what a killed publication left."""
    make(settings, JANUARY, "build-1", marts=FEW)
    newest = make(settings, [("aws", "2025-02")], "build-2", marts=FEW)
    link = settings.published_dir / "current"
    link.unlink()
    if is_dangling:
        link.symlink_to("versions/build-0")
    assert published.latest(settings) == newest

    after = make(settings, [("gcp", "2025-03")], "build-3", marts=FEW)

    assert link.resolve() == after.path
    assert [version.build_id for version in versions.chain(settings)] == ["build-3", "build-2", "build-1"]
    assert [str(each) for each in after.billing_periods] == ["2025-01", "2025-02", "2025-03"]


def test_a_version_with_a_damaged_manifest_is_named(settings: Settings) -> None:
    version = make(settings, JANUARY, "build-1", marts=FEW)
    (version.path / "manifest.json").write_text("{")
    with pytest.raises(BadInput, match=r"build-1/manifest\.json is damaged; put the version back"):
        published.latest(settings)


def test_versions_beyond_those_to_keep_go_once_no_reader_can_hold_them(settings: Settings) -> None:
    for number in range(5):
        make(settings, [("aws", "2025-01")], f"build-{number}", revision=number, marts=FEW)
    names = [version.build_id for version in versions.chain(settings)]
    assert names == [f"build-{number}" for number in (4, 3, 2, 1, 0)], "within the grace nothing goes"
    later = datetime.now(UTC) + versions.READER_GRACE + timedelta(minutes=1)
    assert versions.prune(settings, versions.chain(settings), later) == ["build-0", "build-1"]
    assert [version.build_id for version in versions.chain(settings)] == ["build-4", "build-3", "build-2"]


def test_what_a_killed_publication_left_goes_at_the_next_one(settings: Settings) -> None:
    make(settings, JANUARY, "build-1")
    folder = versions.folder(settings)
    shutil.copytree(folder / "build-1", folder / "never-current")
    (folder / ".building-x").mkdir()
    make(settings, JANUARY, "build-2", revision=1)
    assert sorted(path.name for path in folder.iterdir()) == ["build-1", "build-2"]


class Killed(BaseException):
    """What the process does from then on, it does no more."""


class Kill:
    """Ends a publication at its n-th change of the file system: that call and all later ones fail."""

    changes = frozenset(
        {"os.mkdir", "os.rename", "os.link", "os.symlink", "os.remove", "os.rmdir", "os.truncate", "shutil.copyfile"}
    )

    def __init__(self) -> None:
        self.home = ""
        self.remaining: int | None = None

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.remaining is None or not self._is_change(event, arguments):
            return
        if self.remaining == 0:
            raise Killed(event)
        self.remaining -= 1

    def _is_change(self, event: str, arguments: tuple[object, ...]) -> bool:
        if event == "open":
            path, mode, _ = arguments
            writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
            return writes and self.home in str(path)
        return event in self.changes and any(self.home in str(argument) for argument in arguments)

    @contextmanager
    def after(self, changes: int, home: Path) -> Iterator[None]:
        self.home, self.remaining = str(home), changes
        try:
            yield
        finally:
            self.remaining = None


@pytest.fixture(scope="module")
def kill() -> Kill:
    import sys

    hook = Kill()
    sys.addaudithook(hook)
    return hook


def test_a_publication_killed_at_any_step_shows_nothing_half_done_and_a_second_run_mends_it(
    tmp_path: Path, kill: Kill
) -> None:
    template = Settings(home=tmp_path / "template")
    make(template, [("aws", "2025-01")], "build-1", marts=FEW)
    craft(template, [("aws", "2025-01")], build_id="build-2", revision=4, lines=60, marts=FEW)
    save_verdict(template, Verdict("build-2", True, (), ()))
    open_state(template).dispose()
    step, survived = 0, False
    outcomes = set()
    while not survived:
        home = tmp_path / f"run-{step}"
        shutil.copytree(template.root, home, symlinks=True, ignore=shutil.ignore_patterns("*.lock"))
        settings = Settings(home=home)
        with kill.after(step, home):
            try:
                publish(settings)
                survived = True
            except Killed:
                pass
        seen = published.latest(settings)
        outcomes.add(seen.build_id)
        _assert_whole(seen)
        after = publish(settings)
        _assert_whole(after)
        assert after.build_id == "build-2"
        with open_state(settings).connect() as connection:
            assert period_inputs.pending(connection) == []
            kept = snapshots.of_period(connection, BillingPeriod(2025, 1))
        assert [snapshot.build_id for snapshot in kept] == ["build-1", "build-2"]
        in_history = {path for path in settings.history_dir.rglob("*") if path.is_file()}
        assert in_history == {snapshot.path(settings) for snapshot in kept}
        assert sorted(path.name for path in versions.folder(settings).iterdir()) == ["build-1", "build-2"]
        open_state(settings).dispose()
        shutil.rmtree(home)
        step += 1
    assert step > 20, "the publication was not interrupted at its steps"
    assert outcomes == {"build-1", "build-2"}


def _assert_whole(version: Publication) -> None:
    with version.connect() as connection:
        for name, entry in version.manifest["marts"].items():
            glob = version.parquet(name)
            for source in (name, f"read_parquet('{glob}', hive_partitioning = true)"):
                found = connection.execute(f"select count(*), sum(billed_cost)::varchar from {source}").fetchall()[0]
                assert found[0] == entry["rows"]
        assert len(connection.execute(version.focus_sql()).fetchall()) == version.manifest["fact"]["rows"]
