"""Damaged files that are derived are made again, and damaged bills are named; what was published stays."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from tests.crafted_warehouse import craft
from tests.unit.ingest.native_bills import aws_export, gz_bytes, rows

from finops.core.errors import NotReady
from finops.core.formats import SourceFormat
from finops.core.machine import Damaged
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.pipelines import marts
from finops.stores import published
from finops.stores.candidate import Verdict, load_candidate, load_verdict, save_verdict
from finops.stores.published import Publication
from finops.stores.state import period_inputs
from finops.stores.state.store import open_state
from finops.transform import damage, inputs
from finops.transform.publish import publish

JANUARY = [("aws", "2025-01")]
DAMAGE = b"no database" * 1000


def make(settings: Settings, build_id: str = "build-1") -> Publication:
    craft(settings, JANUARY, build_id=build_id, lines=30, marts=("fct_daily_costs", "mart_chargeback"))
    save_verdict(settings, Verdict(build_id, True, (), ()))
    return publish(settings)


@pytest.mark.parametrize("is_there", [True, False], ids=["damaged", "gone"])
def test_a_damaged_database_of_views_is_written_again_when_nothing_is_pending(
    settings: Settings, is_there: bool
) -> None:
    version = make(settings)
    version.database.unlink()
    if is_there:
        version.database.write_bytes(DAMAGE)
    with version.connect() as connection:
        expected = connection.execute("select count(*) from mart_chargeback").fetchall()

    damage.mend_views(settings)

    with duckdb.connect(str(version.database), read_only=True) as connection:
        assert connection.execute("select count(*) from mart_chargeback").fetchall() == expected
    assert published.latest(settings) == version


def test_a_whole_database_of_views_is_left_as_it_is(settings: Settings) -> None:
    damage.mend_views(settings)
    version = make(settings)
    before = version.database.stat()
    damage.mend_views(settings)
    assert version.database.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("step", [marts.gate, marts.publish])
def test_a_warehouse_that_turns_out_damaged_goes_and_the_published_version_stays(settings: Settings, step) -> None:
    before = make(settings)
    craft(settings, JANUARY, build_id="build-2", revision=1, lines=30, marts=("fct_daily_costs", "mart_chargeback"))
    save_verdict(settings, Verdict("build-2", True, (), ()))
    settings.warehouse_path.write_bytes(DAMAGE)

    with pytest.raises(Damaged, match=r"warehouse\.duckdb is damaged or gone .* `finops build` makes it again"):
        step(settings, "build-2")

    assert not settings.warehouse_path.exists()
    assert published.latest(settings) == before


def test_a_damaged_file_that_is_not_of_the_warehouse_leaves_the_warehouse(settings: Settings) -> None:
    make(settings)
    with pytest.raises(Damaged), damage.discarding_damage(settings):
        raise Damaged("a closed month", settings.closed_dir / "a.parquet")
    assert damage.opens(settings.warehouse_path)


def test_a_damaged_candidate_or_verdict_is_named_with_the_command_that_makes_it_again(settings: Settings) -> None:
    make(settings)
    (settings.quality_dir / "build-1" / "gate.json").write_text("{")
    with pytest.raises(Damaged, match=r"build-1/gate\.json is damaged; run `finops build`"):
        load_verdict(settings, "build-1")
    (settings.warehouse_dir / "candidate.json").write_text("")
    with pytest.raises(Damaged, match=r"candidate\.json is damaged; run `finops build`"):
        load_candidate(settings)
    (settings.warehouse_dir / "candidate.json").unlink()
    with pytest.raises(NotReady):
        load_candidate(settings)


def test_damaged_published_parquet_is_named_with_the_month_to_build(settings: Settings) -> None:
    version = make(settings)
    (part,) = version.path.glob("mart_chargeback/*/part.parquet")
    part.write_bytes(DAMAGE)
    named = r"part\.parquet is damaged .*`finops build --billing-period 2025-01`"
    with pytest.raises(Damaged, match=named), damage.discarding_damage(settings), version.connect() as connection:
        connection.execute("select sum(billed_cost) from mart_chargeback").fetchall()


def test_a_damaged_published_month_is_made_again_by_building_it(settings: Settings) -> None:
    scope = [("aws", "2025-01"), ("gcp", "2025-01")]
    few = ("fct_daily_costs", "mart_chargeback")
    craft(settings, [*scope, ("aws", "2025-02")], build_id="build-1", lines=30, marts=few)
    save_verdict(settings, Verdict("build-1", True, (), ()))
    version = publish(settings)
    with version.connect() as connection:
        expected = connection.execute("select * from mart_chargeback order by all").fetchall()
    (version.path / "mart_chargeback" / "billing_period=2025-01" / "part.parquet").write_bytes(DAMAGE)

    craft(settings, scope[:1], build_id="build-2", lines=30, marts=few)
    save_verdict(settings, Verdict("build-2", True, (), ()))
    with pytest.raises(Damaged, match=r"part\.parquet is damaged .*`finops build --billing-period 2025-01`"):
        marts.publish(settings, "build-2")
    assert published.latest(settings) == version, "of the other provider the month has rows that nobody has now"

    craft(settings, scope, build_id="build-3", lines=30, marts=few)
    save_verdict(settings, Verdict("build-3", True, (), ()))
    mended = marts.publish(settings, "build-3")
    with mended.connect() as connection:
        assert connection.execute("select * from mart_chargeback order by all").fetchall() == expected


def test_landed_bytes_that_changed_or_are_gone_are_named_with_what_lands_them_again(
    settings: Settings, tmp_path: Path
) -> None:
    aws_export(tmp_path, "2025-01", {"bill-00001.csv.gz": gz_bytes(rows(SourceFormat.AWS_CUR2, ["1"]))})
    (delivery,) = ingest(settings, Provider.AWS, str(tmp_path)).landed
    with open_state(settings).connect() as connection:
        (item,) = period_inputs.with_files(connection, period_inputs.landed(connection))
    landed = settings.landing_dir / delivery.relative_path / delivery.files[0].local_name
    assert inputs.damaged_file(settings, item) is None

    content = bytearray(landed.read_bytes())
    content[-1] ^= 1
    landed.write_bytes(content)
    reason = inputs.damaged_file(settings, item)
    assert reason is not None
    assert f"{landed} is not what was landed (sha256 {delivery.files[0].sha256[:12]}" in reason
    assert "remove it and run `finops ingest` for aws 2025-01, which lands it again" in reason

    landed.unlink()
    assert f"{landed} was landed and is gone" in (inputs.damaged_file(settings, item) or "")
    ingest(settings, Provider.AWS, str(tmp_path))
    assert inputs.damaged_file(settings, item) is None
