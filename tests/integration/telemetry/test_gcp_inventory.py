"""Google Cloud asked what there is: a stand-in of its lists, by Google's own clients, to landed rows."""

from __future__ import annotations

from typing import Any

import pytest
from gcp_inventory_steps import COMPUTE, DAY, ELSEWHERE, land, machine, rows_of, source_of
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from servers.gcp_lists import PROJECT, TOKEN, ZONE, GcpLists
from telemetry_steps import configure

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.telemetry.readers import reach
from finops.telemetry.service import ingest

pytestmark = pytest.mark.integration

_OFF = (("by-hand", f"zones/{ZONE}", "OFF"),)


def test_machines_land_by_their_number_as_the_bill_has_them(settings: Settings, project: GcpLists) -> None:
    plain = project.has("instances", "plain", **machine(labels={"team": "vision"}))
    spot = machine(status="TERMINATED", scheduling={"provisioningModel": "SPOT"})
    far = project.has("instances", "far", ELSEWHERE, **spot)
    made_by = {"key": "created-by", "value": f"projects/123456/zones/{ZONE}/instanceGroupManagers/workers"}
    member = project.has(
        *("instances", "member"),
        **machine(metadata={"items": [made_by]}, disks=[{"type": "SCRATCH"}]),
    )
    template = "global/instanceTemplates/t"
    project.has("instanceGroupManagers", "workers", targetSize=3, instanceTemplate=template)
    source = configure(settings, source_of(project))
    assert land(settings) == [str(DAY)]

    found = rows_of(settings, source, "machine")
    one = found[f"{COMPUTE}/zones/{ZONE}/instances/{project.number_of(plain)}"]
    assert (one["provider"], one["account_id"], one["region"], one["zone"]) == ("gcp", PROJECT, "us-central1", ZONE)
    assert (one["state"], one["instance_type"], one["tags"]) == ("running", "n2-standard-8", {"team": "vision"})
    assert (one["details"], one["is_spot"], one["has_local_disk"]) == ({"architecture": "x86_64"}, "false", "false")
    assert one["created_at"].isoformat() == "2025-01-31T10:00:00"
    stopped = found[f"{COMPUTE}/{ELSEWHERE}/instances/{project.number_of(far)}"]
    assert (stopped["state"], stopped["is_spot"], stopped["region"]) == ("stopped", "true", "europe-west4")
    of_group = found[f"{COMPUTE}/zones/{ZONE}/instances/{project.number_of(member)}"]
    assert of_group["has_local_disk"] == "true"
    [(name, group)] = rows_of(settings, source, "group").items()
    assert of_group["group_id"] == name == f"{COMPUTE}/zones/{ZONE}/instanceGroupManagers/workers"
    assert group["details"] == {"desired": 3, "template": "t"}


def test_a_groups_autoscaler_tells_its_sizes_unless_it_is_switched_off(settings: Settings, project: GcpLists) -> None:
    for name, place, mode in (("scaled", f"zones/{ZONE}", "ON"), ("wide", "regions/us-central1", "ON"), *_OFF):
        group = project.has("instanceGroupManagers", name, place, targetSize=2, instanceTemplate="global/t")
        policy = {"minNumReplicas": 1, "maxNumReplicas": 6, "mode": mode}
        project.has("autoscalers", f"of-{name}", place, target=group, autoscalingPolicy=policy)
    project.has("instanceGroupManagers", "plain", targetSize=4, instanceTemplate="global/t")
    source = configure(settings, source_of(project))
    land(settings)
    groups = {name.rpartition("/")[2]: each["details"] for name, each in rows_of(settings, source, "group").items()}
    assert groups == {
        "scaled": {"desired": 2, "template": "t", "minimum": 1, "maximum": 6},
        "wide": {"desired": 2, "template": "t", "minimum": 1, "maximum": 6},
        "by-hand": {"desired": 2, "template": "t"},
        "plain": {"desired": 4, "template": "t"},
    }


def test_disks_and_snapshots_say_what_they_are_of(settings: Settings, project: GcpLists) -> None:
    vm = project.has("instances", "vm", **machine())
    ssd = {"sizeGb": "50", "type": f"zones/{ZONE}/diskTypes/pd-ssd", "status": "READY"}
    used = project.has("disks", "used", users=[vm], **ssd)
    free = project.has("disks", "free", lastDetachTimestamp="2025-01-02T03:04:05Z", **ssd)
    wide = project.has("disks", "wide", "regions/us-central1", **ssd)
    of = {"sourceDisk": used, "sourceDiskId": project.number_of(used), "storageBytes": str(3 * 2**30)}
    project.has("snapshots", "kept", "global", status="READY", autoCreated=True, storageLocations=["us"], **of)
    project.has("snapshots", "left", "global", sourceDisk=used, sourceDiskId="99", storageBytes="0")
    source = configure(settings, source_of(project))
    land(settings)

    machine_id = f"{COMPUTE}/zones/{ZONE}/instances/{project.number_of(vm)}"
    disks = rows_of(settings, source, "disk")
    used_id, free_id = (f"{COMPUTE}/zones/{ZONE}/disks/{project.number_of(each)}" for each in (used, free))
    wide_id = f"{COMPUTE}/regions/us-central1/disks/{project.number_of(wide)}"
    assert {name: (each["state"], each["attached_to"]) for name, each in disks.items()} == {
        used_id: ("in_use", machine_id),
        free_id: ("ready", None),
        wide_id: ("ready", None),
    }
    assert disks[free_id]["last_used_at"].isoformat() == "2025-01-02T03:04:05"
    assert (disks[free_id]["size_gb"], disks[free_id]["details"]) == (50, {"volume_type": "pd-ssd"})
    snapshots = [each for _, each in sorted(rows_of(settings, source, "snapshot").items())]
    assert [(each["attached_to"], each["size_gb"], each["details"]) for each in snapshots] == [
        (used_id, 3, {"source_exists": True, "managed_by": "snapshot schedule"}),
        (f"{COMPUTE}/zones/{ZONE}/disks/99", 0, {"source_exists": False}),
    ]
    assert [each["region"] for each in snapshots] == ["us", "global"]


def test_addresses_rules_and_buckets_land(settings: Settings, project: GcpLists) -> None:
    vm = project.has("instances", "vm", **machine())
    region = "regions/us-central1"
    project.has("addresses", "used", region, status="IN_USE", users=[vm], addressType="EXTERNAL")
    project.has("addresses", "free", "global", status="RESERVED", addressType="EXTERNAL")
    project.has("forwardingRules", "web", region, loadBalancingScheme="EXTERNAL_MANAGED")
    archive = {"type": "SetStorageClass", "storageClass": "ARCHIVE"}
    rules = [
        {"action": archive, "condition": {"age": 30, "matchesPrefix": ["a/", "b/"]}},
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
    ]
    created = {"timeCreated": "2025-01-31T10:00:00.123Z", "location": "US-CENTRAL1"}
    project.buckets = [
        {"name": "ruled", "labels": {"team": "vision"}, "lifecycle": {"rule": rules}, **created},
        {"name": "plain", **created},
    ]
    source = configure(settings, source_of(project))
    land(settings)

    addresses = sorted(rows_of(settings, source, "address").values(), key=lambda each: str(each["state"]))
    machine_id = f"{COMPUTE}/zones/{ZONE}/instances/{project.number_of(vm)}"
    assert [(each["state"], each["attached_to"], each["region"]) for each in addresses] == [
        ("in_use", machine_id, "us-central1"),
        ("reserved", None, "global"),
    ]
    [rule] = rows_of(settings, source, "load_balancer").values()
    assert rule["details"] == {"kind": "external_managed"}, "nobody knows what a rule without a target leads to"
    buckets = rows_of(settings, source, "bucket")
    assert {name: (each["region"], each["tags"]) for name, each in buckets.items()} == {
        "//storage.googleapis.com/ruled": ("us-central1", {"team": "vision"}),
        "//storage.googleapis.com/plain": ("us-central1", {}),
    }
    assert buckets["//storage.googleapis.com/plain"]["details"] == {"lifecycle_rules": [], "has_abort_rule": False}
    assert buckets["//storage.googleapis.com/ruled"]["details"] == {
        "lifecycle_rules": [
            {"prefix": "a/", "archive_after_days": 30},
            {"prefix": "b/", "archive_after_days": 30},
            {"prefix": "", "abort_uploads_after_days": 7},
        ],
        "has_abort_rule": True,
    }


def test_all_pages_land(settings: Settings, project: GcpLists) -> None:
    project.page = 1
    for number in range(3):
        project.has("instances", f"vm-{number}", f"zones/us-central1-{'abc'[number]}", **machine())
    source = configure(settings, source_of(project))
    land(settings)
    assert len(rows_of(settings, source, "machine")) == 3
    assert project.asked.count("instances") == 3


def test_pages_that_repeat_themselves_are_noticed(settings: Settings, project: GcpLists) -> None:
    project.loops = True
    configure(settings, source_of(project, types={"bucket": False, "snapshot": False}))
    with pytest.raises(Unavailable, match="Google's pages repeat themselves"):
        land(settings)


def test_a_zone_that_cannot_be_reached_is_told_and_asked_for_again(settings: Settings, project: GcpLists) -> None:
    """Of a snapshot nobody knows then whether its disk is gone."""
    near = project.has("instances", "near", **machine())
    project.unreachable = {ELSEWHERE}
    project.has("snapshots", "s", "global", sourceDisk=near, sourceDiskId="99", storageBytes="1")
    source = configure(settings, source_of(project, types={"address": False, "load_balancer": False, "group": False}))
    says = f"has no machine in europe-west4-b of {PROJECT}, disk in europe-west4-b of {PROJECT}: Compute Engine cannot"
    with pytest.raises(Unavailable, match=says):
        land(settings)
    assert len(rows_of(settings, source, "machine")) == 1
    [snapshot] = rows_of(settings, source, "snapshot").values()
    assert "source_exists" not in snapshot["details"]
    project.unreachable = set()
    project.has("instances", "far", ELSEWHERE, **machine())
    land(settings)
    assert len(rows_of(settings, source, "machine")) == 2


def test_a_missing_permission_is_told_and_all_else_lands(settings: Settings, project: GcpLists) -> None:
    project.has("instances", "vm", **machine())
    project.denied = {"disks", "buckets"}
    source = configure(settings, source_of(project))
    report = ingest(settings, source, client=Credentials(TOKEN))
    assert report.rejections == ()
    assert report.notes == tuple(
        f"gcp: {DAY} has no {kind} in {PROJECT}: the login lacks {permission}, which "
        "deploy/permissions/gcp/read.yaml gives"
        for kind, permission in (("disk", "compute.disks.list"), ("bucket", "storage.buckets.list"))
    )
    assert len(rows_of(settings, source, "machine")) == 1
    with pytest.raises(BadInput, match=r"lacks compute\.disks\.list.*; the login lacks storage\.buckets\.list"):
        reach(source, Credentials(TOKEN))


def test_a_busy_google_is_asked_again_and_a_silent_one_waits_for_the_next_run(
    settings: Settings, project: GcpLists
) -> None:
    project.has("disks", "disk", sizeGb="1", status="READY")
    project.busy = {"disks": 2}
    project.down = {"buckets"}
    source = configure(settings, source_of(project))
    with pytest.raises(Unavailable, match=f"has no bucket in {PROJECT}: Cloud Storage of {PROJECT} does not answer"):
        land(settings)
    assert len(rows_of(settings, source, "disk")) == 1


def test_bills_may_call_a_project_by_its_number(settings: Settings, project: GcpLists) -> None:
    vm = project.has("instances", "vm", **machine())
    project.has("disks", "disk", users=[vm], sizeGb="1")
    name = {"from": "id", "pattern": "(//compute.googleapis.com/projects/)[^/]+(.*)", "becomes": r"\g<1>123456\2"}
    source = configure(settings, source_of(project, columns={"resource_id": name}))
    land(settings)
    [machine_id] = rows_of(settings, source, "machine")
    [disk] = rows_of(settings, source, "disk").values()
    assert machine_id.startswith("//compute.googleapis.com/projects/123456/zones/")
    assert disk["attached_to"] == machine_id


class Refused(Credentials):
    """Credentials that Google does not know any more."""

    def refresh(self, request: Any) -> None:
        raise RefreshError(TOKEN)


def test_credentials_that_do_not_serve_are_said_and_not_repeated(settings: Settings, project: GcpLists) -> None:
    configure(settings, source_of(project))
    with pytest.raises(BadInput, match="gcp: Google refuses the credentials") as caught:
        land(settings, Refused(None))
    assert TOKEN not in str(caught.value)
