"""What there is in an account of AWS lands as bills name it: moto, asked by real clients."""

from __future__ import annotations

from datetime import UTC, timedelta
from decimal import Decimal

import pytest
from aws_inventory_steps import (
    EAST,
    NOW,
    WEST,
    land,
    make_balancers,
    make_bucket,
    make_machine,
    make_sagemaker,
    make_serverless,
    only,
    resources_of,
    rows_of,
    source_of,
    tagged,
)
from servers.aws_account import ACCOUNT, AwsAccountServer
from telemetry_steps import TODAY, configure

from finops.core.settings import Settings
from finops.policy.rightsizing_rules import Rules
from finops.rightsizing.resource import Known, Stored
from finops.rightsizing.rules import network, storage
from finops.telemetry.monitors.inventories import aws_compute
from finops.telemetry.service import ingest

pytestmark = pytest.mark.integration


def test_machines_and_disks_land_as_the_bill_names_them(settings: Settings, account: AwsAccountServer) -> None:
    plain = make_machine(account, TagSpecifications=tagged("instance", team="vision"))
    spot = make_machine(account, InstanceType="g5.xlarge", InstanceMarketOptions={"MarketType": "spot"})
    ended = make_machine(account)
    account.admin("ec2").terminate_instances(InstanceIds=[ended])
    loose = account.admin("ec2").create_volume(AvailabilityZone=f"{EAST}a", Size=500, VolumeType="gp2")["VolumeId"]
    source = configure(settings, source_of())
    assert land(settings, account) == [str(TODAY.date())]

    machines = {each["resource_id"]: each for each in rows_of(settings, source, "machine")}
    assert set(machines) == {plain, spot}
    one = machines[plain]
    assert (one["provider"], one["account_id"], one["region"], one["zone"]) == ("aws", ACCOUNT, EAST, f"{EAST}a")
    assert (one["state"], one["instance_type"], one["tags"]) == ("running", "m5.large", {"team": "vision"})
    assert (one["is_spot"], one["has_local_disk"], one["details"]) == ("false", "false", {"architecture": "x86_64"})
    assert (machines[spot]["is_spot"], machines[spot]["has_local_disk"]) == ("true", "true")
    assert one["observed_at"].replace(tzinfo=UTC) == NOW

    disks = {each["resource_id"]: each for each in rows_of(settings, source, "disk")}
    assert {plain, spot} == {each["attached_to"] for each in disks.values() if each["attached_to"]}
    assert (disks[loose]["state"], disks[loose]["attached_to"]) == ("available", None)
    assert (disks[loose]["size_gb"], disks[loose]["details"]["volume_type"]) == (500, "gp2")


def test_a_machine_of_a_group_names_the_group_as_its_row_does(settings: Settings, account: AwsAccountServer) -> None:
    ec2, scaling = account.admin("ec2"), account.admin("autoscaling")
    template = {"ImageId": "ami-1234abcd", "InstanceType": "m5.large"}
    ec2.create_launch_template(LaunchTemplateName="workers", LaunchTemplateData=template)
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="workers",
        LaunchTemplate={"LaunchTemplateName": "workers", "Version": "$Latest"},
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=2,
        AvailabilityZones=[f"{EAST}a"],
    )
    source = configure(settings, source_of())
    land(settings, account)
    [group] = rows_of(settings, source, "group")
    assert group["resource_id"].endswith("autoScalingGroupName/workers")
    assert {name: group["details"][name] for name in ("minimum", "maximum", "desired", "mixed_instances")} == {
        "minimum": 1,
        "maximum": 4,
        "desired": 2,
        "mixed_instances": False,
    }
    assert {each["group_id"] for each in rows_of(settings, source, "machine")} == {group["resource_id"]}


def test_snapshots_tell_whether_their_disk_is_there_and_addresses_whether_they_are_used(
    settings: Settings, account: AwsAccountServer
) -> None:
    ec2 = account.admin("ec2")
    volumes = [ec2.create_volume(AvailabilityZone=f"{EAST}a", Size=8)["VolumeId"] for _ in range(2)]
    backup = tagged("snapshot", **{"aws:backup:source-resource": "x"})
    kept = ec2.create_snapshot(VolumeId=volumes[0], TagSpecifications=backup)["SnapshotId"]
    left = ec2.create_snapshot(VolumeId=volumes[1])["SnapshotId"]
    ec2.delete_volume(VolumeId=volumes[1])
    free = ec2.allocate_address(Domain="vpc")["AllocationId"]
    used = ec2.allocate_address(Domain="vpc")["AllocationId"]
    machine = make_machine(account)
    ec2.associate_address(AllocationId=used, InstanceId=machine)
    source = configure(settings, source_of())
    land(settings, account)

    arn = f"arn:aws:ec2:{EAST}:{ACCOUNT}:"
    snapshots = {each["resource_id"]: each for each in rows_of(settings, source, "snapshot")}
    assert set(snapshots) == {f"{arn}snapshot/{kept}", f"{arn}snapshot/{left}"}
    details = {each["attached_to"]: each["details"] for each in snapshots.values()}
    common = {"source_gb": 8, "storage_tier": "standard"}
    assert details[volumes[0]] == {**common, "source_exists": True, "managed_by": "AWS Backup"}
    assert details[volumes[1]] == {**common, "source_exists": False}
    addresses = {
        each["resource_id"]: (each["state"], each["attached_to"]) for each in rows_of(settings, source, "address")
    }
    assert addresses == {
        f"{arn}elastic-ip/{free}": ("available", None),
        f"{arn}elastic-ip/{used}": ("in_use", machine),
    }


def test_load_balancers_say_how_many_targets_they_have(settings: Settings, account: AwsAccountServer) -> None:
    arns = make_balancers(account)
    source = configure(settings, source_of())
    land(settings, account)
    balancers = {each["resource_id"]: each for each in rows_of(settings, source, "load_balancer")}
    assert {arn: each["details"]["targets"] for arn, each in balancers.items()} == {arns["busy"]: 1, arns["idle"]: 0}
    assert balancers[arns["idle"]]["tags"] == {"team": "idle"}


def test_notebooks_and_endpoints_land_with_what_serves(settings: Settings, account: AwsAccountServer) -> None:
    arn = make_sagemaker(account)
    source = configure(settings, source_of())
    land(settings, account)
    [notebook] = rows_of(settings, source, "notebook")
    assert (notebook["state"], notebook["instance_type"]) == ("running", "ml.t3.medium")
    [endpoint] = rows_of(settings, source, "endpoint")
    found = tuple(endpoint[name] for name in ("resource_id", "state", "instance_type", "tags"))
    assert found == (arn, "in_service", "ml.g4dn.xlarge", {"team": "chat"})
    wanted = {"variant": "main", "instances": 3, "minimum": 2, "maximum": 6}
    assert wanted.items() <= endpoint["details"].items()


def test_serverless_endpoints_tell_what_is_provisioned_apart_from_the_most_that_may_run(
    settings: Settings, account: AwsAccountServer
) -> None:
    on_demand = make_serverless(account, "on-demand", MaxConcurrency=20)
    ready = make_serverless(account, "ready", MaxConcurrency=20, ProvisionedConcurrency=8)
    scaled = make_serverless(account, "scaled", scaled_from=2, MaxConcurrency=20, ProvisionedConcurrency=4)
    machines = make_sagemaker(account)
    source = configure(settings, source_of())
    land(settings, account)
    names = ("concurrency", "max_concurrency", "minimum_concurrency", "minimum")
    found = {each["resource_id"]: each["details"] for each in rows_of(settings, source, "endpoint")}
    assert {arn: tuple(details.get(name) for name in names) for arn, details in found.items()} == {
        on_demand: (0, 20, None, None),
        ready: (8, 20, None, None),
        scaled: (4, 20, 2, None),
        machines: (None, None, None, 2),
    }


def test_buckets_of_all_regions_land_with_their_lifecycle(settings: Settings, account: AwsAccountServer) -> None:
    make_bucket(account, "plain", WEST)
    rule = {
        "ID": "old",
        "Status": "Enabled",
        "Filter": {"Prefix": "checkpoints/"},
        "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
        "Expiration": {"Days": 90},
    }
    off = {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    aborts = {
        "ID": "parts",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    s3 = make_bucket(account, "ruled")
    s3.put_bucket_lifecycle_configuration(Bucket="ruled", LifecycleConfiguration={"Rules": [rule, off, aborts]})
    s3.put_bucket_tagging(Bucket="ruled", Tagging={"TagSet": [{"Key": "team", "Value": "vision"}]})
    source = configure(settings, source_of())
    land(settings, account)
    buckets = {each["resource_id"]: each for each in rows_of(settings, source, "bucket")}
    assert {name: (each["region"], each["tags"]) for name, each in buckets.items()} == {
        "plain": (WEST, {}),
        "ruled": (EAST, {"team": "vision"}),
    }
    uploads = {"incomplete_upload_bytes": 0, "incomplete_uploads": 0}
    assert buckets["plain"]["details"] == {"lifecycle_rules": [], "has_abort_rule": False, **uploads}
    assert buckets["ruled"]["details"] == {
        **uploads,
        "lifecycle_rules": [
            {"id": "old", "prefix": "checkpoints/", "archive_after_days": 30, "delete_after_days": 90},
            {"id": "parts", "prefix": "", "abort_uploads_after_days": 7},
        ],
        "has_abort_rule": True,
    }


def test_all_pages_land(settings: Settings, account: AwsAccountServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_compute, "_PAGE", {"PaginationConfig": {"PageSize": 5}})
    request = {"ImageId": "ami-1234abcd", "InstanceType": "m5.large"}
    for _ in range(13):
        account.admin("ec2").run_instances(MinCount=1, MaxCount=1, **request)
    source = configure(settings, source_of(types=only("machine", "disk")))
    land(settings, account)
    assert len(rows_of(settings, source, "machine")) == 13
    assert len(rows_of(settings, source, "disk")) == 13
    assert [name for name, _ in account.asked].count("ec2.DescribeInstances") == 3


def test_what_has_landed_is_what_rules_look_for(settings: Settings, account: AwsAccountServer) -> None:
    """As of a hundred days from now; nothing is known of a bucket whose lifecycle may not be read."""
    ec2 = account.admin("ec2")
    zone = f"{EAST}a"
    free = ec2.create_volume(AvailabilityZone=zone, Size=500, VolumeType="gp2")["VolumeId"]
    machine = make_machine(account)
    used = ec2.create_volume(AvailabilityZone=zone, Size=500, VolumeType="gp2")["VolumeId"]
    ec2.attach_volume(VolumeId=used, InstanceId=machine, Device="/dev/sdf")
    old = ec2.create_snapshot(VolumeId=used)["SnapshotId"]
    kept = tagged("snapshot", **{"aws:dlm:lifecycle-policy-id": "x"})
    ec2.create_snapshot(VolumeId=used, TagSpecifications=kept)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    for name in ("open-checkpoints", "closed-checkpoints"):
        make_bucket(account, name)
    account.closed, account.told = {"closed-checkpoints"}, {"closed-checkpoints.GetBucketLocation"}
    source = configure(settings, source_of())
    ingest(settings, source, client=account.client)

    resources = resources_of(settings, source)
    stored = Stored(stale=3, stale_gb=100.0, stale_cost=Decimal(50), old=0, archive_saving=Decimal(0))
    buckets = {("aws", name): stored for name in resources if name.endswith("-checkpoints")}
    known = Known(Rules(), TODAY.date() + timedelta(days=100), stored=buckets)
    rules = (storage.unattached_disk, storage.old_volume_type, storage.old_snapshot, network.idle_address)
    every = (*rules, storage.stale_checkpoints, storage.incomplete_uploads, network.idle_load_balancer)
    found = {(rule.__name__, name) for name, each in resources.items() for rule in every if rule(each, known)}
    arn = f"arn:aws:ec2:{EAST}:{ACCOUNT}:"
    # The machine has a disk that it began with.
    [root] = [name for name, each in resources.items() if each.size_gb == 8 and each.attached_to == machine]
    assert found - {("old_volume_type", root)} == {
        ("unattached_disk", free),
        ("old_volume_type", free),
        ("old_volume_type", used),
        ("old_snapshot", f"{arn}snapshot/{old}"),
        ("idle_address", f"{arn}elastic-ip/{address}"),
        ("stale_checkpoints", "open-checkpoints"),
    }
    assert resources[machine].is_running
