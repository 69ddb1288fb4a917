"""Disks, snapshots, checkpoints and uploads."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.rightsizing.world import RUN_DATE, action, known, resource, saving

from finops.rightsizing.models import Finding
from finops.rightsizing.resource import Stored
from finops.rightsizing.rules import storage


def test_a_disk_that_nothing_uses_is_deleted_after_a_snapshot_whose_cost_stays() -> None:
    old = {"state": "available", "size_gb": 500.0, "last_used": date(2025, 5, 1)}
    found = storage.unattached_disk(resource("disk", 40, **old), known())
    assert action(found)[0] == "delete_volume"
    assert saving(found) == 20
    for decoy in (
        {**old, "attached_to": "i-2"},
        {**old, "state": "in_use"},
        {**old, "state": ""},
        {**old, "last_used": date(2025, 6, 18)},
        {**old, "last_used": None},
    ):
        assert storage.unattached_disk(resource("disk", 40, **decoy), known()) is None


def test_gp2_becomes_gp3_where_the_same_speed_costs_less() -> None:
    details = {"volume_type": "gp2"}
    small = storage.old_volume_type(resource("disk", 50, size_gb=100.0, details=details), known())
    assert action(small) == ("change_volume", {"volume_type": "gp3", "iops": 3000, "throughput": 125})
    assert saving(small) == 10
    # 6,000 IOPS and 250 MB/s: 160 + 15 + 5 instead of 200.
    large = storage.old_volume_type(resource("disk", 200, size_gb=2000.0, details=details), known())
    assert saving(large) == 20
    assert storage.old_volume_type(resource("disk", 50, size_gb=100.0, details={"volume_type": "gp3"}), known()) is None


def test_old_snapshots_and_all_but_the_last_of_a_day_are_for_a_person_to_decide() -> None:
    old = storage.old_snapshot(resource("snapshot", 20, created=date(2025, 1, 1)), known())
    assert (saving(old), old and old.change) == (20, None)
    assert storage.old_snapshot(resource("snapshot", 20, created=date(2025, 6, 1)), known()) is None
    managed = {"managed_by": "backup service"}
    assert storage.old_snapshot(resource("snapshot", 20, created=date(2025, 1, 1), details=managed), known()) is None
    archived = {"storage_tier": "archive"}
    assert storage.old_snapshot(resource("snapshot", 20, created=date(2025, 1, 1), details=archived), known()) is None
    day = date(2025, 6, 10)
    three = known(snapshots={("aws", "vol-1", day): ["s-1", "s-2", "s-3"]})
    facts = {"created": day, "attached_to": "vol-1"}
    assert saving(storage.backup_cadence(resource("snapshot", 20, resource_id="s-2", **facts), three)) == 20
    assert storage.backup_cadence(resource("snapshot", 20, resource_id="s-3", **facts), three) is None


def test_the_only_snapshot_of_a_disk_that_is_gone_is_archived_and_one_of_several_is_for_a_person_to_decide() -> None:
    """An archive stores all of the disk: of one of several that is more than its part."""
    facts = {"created": date(2025, 1, 1), "attached_to": "vol-1", "resource_id": "s-1"}
    gone, first, second = (
        {"source_exists": False},
        ("aws", "vol-1", date(2025, 1, 1)),
        ("aws", "vol-1", date(2025, 2, 1)),
    )
    alone = storage.old_snapshot(resource("snapshot", 20, details=gone, **facts), known(snapshots={first: ["s-1"]}))
    assert (action(alone), saving(alone), alone and alone.risk) == (("archive_snapshot", {}), 15, "low")
    several = known(snapshots={first: ["s-1"], second: ["s-2"]})
    one = storage.old_snapshot(resource("snapshot", 20, details=gone, **facts), several)
    assert (saving(one), one and one.change) == (20, None)
    kept = storage.old_snapshot(resource("snapshot", 20, details={"source_exists": True}, **facts), known())
    assert kept is not None
    assert kept.change is None, "its disk is there"


def test_stale_checkpoints_get_a_lifecycle_unless_the_bucket_has_one() -> None:
    stored = known(stored={("aws", "b-1"): Stored(12, 900.0, Decimal(60), 30, Decimal(15))})
    none: dict[str, Any] = {"lifecycle_rules": []}
    found = storage.stale_checkpoints(resource("bucket", 200, resource_id="b-1", details=none), stored)
    name, parameters = action(found)
    assert (name, saving(found)) == ("set_lifecycle", 75)
    [rule] = parameters["rules"]
    assert (rule["prefix"], rule["archive_after_days"], rule["delete_after_days"]) == ("checkpoints/", 30, 90)
    has = {"lifecycle_rules": [{"prefix": "", "delete_after_days": 60}]}
    assert storage.stale_checkpoints(resource("bucket", 200, resource_id="b-1", details=has), stored) is None


def test_checkpoints_that_no_run_of_the_telemetry_wrote_are_archived_when_nobody_has_used_them_for_long() -> None:
    def left(days: int = 200, name: str = "atlas-checkpoints-2023", **details: Any) -> Finding | None:
        told = {"lifecycle_rules": []} | details
        bucket = resource("bucket", 200, resource_id=name, last_used=RUN_DATE - timedelta(days), details=told)
        return storage.stale_checkpoints(bucket, known())

    name, parameters = action(left())
    assert (name, saving(left())) == ("set_lifecycle", 160)
    assert parameters["rules"] == [{"id": "finops-checkpoints", "prefix": "", "archive_after_days": 30}]
    assert left(days=90) is None
    assert left(name="atlas-data") is None
    assert left(name="atlas-data", checkpoint_prefix="models/") is not None
    assert left(lifecycle_rules=[{"prefix": "", "archive_after_days": 60}]) is None
    unknown = resource("bucket", 200, resource_id="atlas-ckpt")
    assert storage.stale_checkpoints(unknown, known()) is None


def test_uploads_that_never_ended_are_aborted_in_proportion_to_their_bytes() -> None:
    parts = {"incomplete_upload_bytes": 100 * 2**30, "lifecycle_rules": []}
    found = storage.incomplete_uploads(resource("bucket", 200, size_gb=400.0, details=parts), known())
    assert saving(found) == 50
    has = {**parts, "lifecycle_rules": [{"prefix": "", "abort_uploads_after_days": 7}]}
    assert storage.incomplete_uploads(resource("bucket", 200, size_gb=400.0, details=has), known()) is None


def test_each_cloud_ends_uploads_in_its_own_way() -> None:
    """Google has one lifecycle for everything; Azure drops uncommitted blocks by itself."""
    bucket = resource(
        "bucket", 200, size_gb=400.0, details={"incomplete_upload_bytes": 100 * 2**30, "has_abort_rule": False}
    )
    found = {
        cloud: storage.incomplete_uploads(replace(bucket, target=replace(bucket.target, provider=cloud)), known())
        for cloud in ("aws", "azure", "gcp")
    }
    assert action(found["aws"]) == ("abort_uploads", {"after_days": 7})
    rule = {"id": "finops-abort-uploads", "abort_uploads_after_days": 7}
    assert action(found["gcp"]) == ("set_lifecycle", {"rules": [rule]})
    assert found["azure"] is not None
    assert (found["azure"].change, "by itself" in found["azure"].note) == (None, True)


@pytest.mark.parametrize("details", [{}, {"lifecycle_rules": "unknown"}], ids=["not told", "may not be read"])
def test_of_a_bucket_whose_lifecycle_nobody_knows_nothing_is_proposed(details: dict[str, Any]) -> None:
    stored = known(stored={("aws", "b-1"): Stored(12, 900.0, Decimal(60), 30, Decimal(15))})
    told = details | {"incomplete_upload_bytes": 2**40}
    bucket = resource("bucket", 200, resource_id="b-1", size_gb=400.0, details=told)
    left = resource("bucket", 200, resource_id="atlas-ckpt", last_used=RUN_DATE - timedelta(200), details=details)
    assert storage.stale_checkpoints(bucket, stored) is None
    assert storage.stale_checkpoints(left, known()) is None
    assert storage.incomplete_uploads(bucket, known()) is None
    # Whether uploads are aborted may be known by itself.
    aborts = resource("bucket", 200, size_gb=400.0, details={**told, "has_abort_rule": False})
    assert storage.incomplete_uploads(aborts, known()) is not None
