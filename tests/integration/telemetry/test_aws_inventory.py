"""AWS asked what there is: moto's server, by boto3's own clients, through the DAG's own code to landed rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

import pytest
from servers.aws_account import ACCOUNT, AwsAccountServer, aws_account_server
from servers.s3 import ACCESS_KEY, SECRET_KEY
from telemetry_steps import TODAY, YESTERDAY, answer_of, configure, landed

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.policy.rightsizing_rules import Rules
from finops.policy.telemetry import TelemetrySource
from finops.rightsizing import read
from finops.rightsizing.resource import Known, Resource, Stored
from finops.rightsizing.rules import network, storage
from finops.telemetry import asking
from finops.telemetry.monitors.inventories import aws_compute
from finops.telemetry.monitors.inventories.aws import PERMISSIONS, permission_of
from finops.telemetry.readers import reach
from finops.telemetry.service import ingest
from finops_airflow.steps import telemetry as telemetry_steps

pytestmark = pytest.mark.integration

EAST, WEST = "us-east-1", "us-west-2"
NOW = TODAY + timedelta(minutes=1)
"""Never in the time to come, whenever the tests run."""


@pytest.fixture(scope="module")
def _account() -> Iterator[AwsAccountServer]:
    with aws_account_server() as server:
        yield server


@pytest.fixture
def account(_account: AwsAccountServer, monkeypatch: pytest.MonkeyPatch) -> AwsAccountServer:
    """An account in which nothing is."""
    monkeypatch.setattr(asking, "now", lambda: NOW)
    _account.reset()
    return _account


def source_of(**more: Any) -> dict[str, Any]:
    return {"name": "aws", "kind": "resource_inventory", "type": "aws_inventory", "regions": [EAST]} | more


def only(*types: str) -> dict[str, bool]:
    every = ("machine", "disk", "snapshot", "address", "load_balancer", "group", "notebook", "endpoint", "bucket")
    return dict.fromkeys((each for each in every if each not in types), False)


def land(settings: Settings, account: AwsAccountServer) -> list[str]:
    return pipeline.land(settings, "aws", client_for=lambda _: account.client)


def rows_of(settings: Settings, source: TelemetrySource, kind: str) -> list[dict[str, Any]]:
    rows = [each for each in landed(settings, source, TODAY.date()) if each["resource_type"] == kind]
    return [each | {name: json.loads(each[name]) for name in ("tags", "details")} for each in rows]


def make_machine(account: AwsAccountServer, region: str = EAST, **more: Any) -> str:
    request = {"ImageId": "ami-1234abcd", "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1} | more
    return str(account.admin("ec2", region).run_instances(**request)["Instances"][0]["InstanceId"])


def tagged(kind: str, **tags: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


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


def make_balancers(account: AwsAccountServer) -> dict[str, str]:
    """Make a load balancer with a target and one without; return their ARNs."""
    ec2, elb = account.admin("ec2"), account.admin("elbv2")
    network = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
    arns = {}
    for name in ("busy", "idle"):
        made = elb.create_load_balancer(Name=name, Subnets=subnets, Tags=[{"Key": "team", "Value": name}])
        arns[name] = made["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=network)["TargetGroups"][0]
    forward = [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]
    elb.create_listener(LoadBalancerArn=arns["busy"], Protocol="HTTP", Port=80, DefaultActions=forward)
    elb.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": make_machine(account)}])
    return arns


def test_load_balancers_say_how_many_targets_they_have(settings: Settings, account: AwsAccountServer) -> None:
    arns = make_balancers(account)
    source = configure(settings, source_of())
    land(settings, account)
    balancers = {each["resource_id"]: each for each in rows_of(settings, source, "load_balancer")}
    assert {arn: each["details"]["targets"] for arn, each in balancers.items()} == {arns["busy"]: 1, arns["idle"]: 0}
    assert balancers[arns["idle"]]["tags"] == {"team": "idle"}


def make_sagemaker(account: AwsAccountServer) -> str:
    """Make a notebook, and an endpoint that is scaled; return the endpoint's ARN."""
    sagemaker, scaling = account.admin("sagemaker"), account.admin("application-autoscaling")
    role = f"arn:aws:iam::{ACCOUNT}:role/x"
    sagemaker.create_notebook_instance(NotebookInstanceName="lab", InstanceType="ml.t3.medium", RoleArn=role)
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "x"})
    variant = {"VariantName": "main", "ModelName": "m", "InitialInstanceCount": 3, "InitialVariantWeight": 1}
    variants = [variant | {"InstanceType": "ml.g4dn.xlarge"}]
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=variants)
    tags = [{"Key": "team", "Value": "chat"}]
    arn = sagemaker.create_endpoint(EndpointName="chat", EndpointConfigName="c", Tags=tags)["EndpointArn"]
    scaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/chat/variant/main",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=2,
        MaxCapacity=6,
    )
    return str(arn)


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


def make_bucket(account: AwsAccountServer, name: str, region: str = EAST) -> Any:
    s3 = account.admin("s3", region)
    where = {} if region == EAST else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)
    return s3


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
    assert buckets["plain"]["details"] == {"lifecycle_rules": [], "has_abort_rule": False}
    assert buckets["ruled"]["details"] == {
        "lifecycle_rules": [
            {"id": "old", "prefix": "checkpoints/", "archive_after_days": 30, "delete_after_days": 90},
            {"id": "parts", "prefix": "", "abort_uploads_after_days": 7},
        ],
        "has_abort_rule": True,
    }


def test_a_missing_permission_is_told_and_all_else_lands(settings: Settings, account: AwsAccountServer) -> None:
    """Whether a snapshot's disk is there nobody knows then: that is not told as if it were gone."""
    machine = make_machine(account)
    volume = account.admin("ec2").create_volume(AvailabilityZone=f"{EAST}a", Size=8)["VolumeId"]
    account.admin("ec2").create_snapshot(VolumeId=volume)
    make_bucket(account, "closed")
    account.denied = {"ec2.DescribeVolumes", "s3.GetBucketLifecycleConfiguration"}
    source = configure(settings, source_of())
    report = ingest(settings, source, client=account.client)
    assert report.rejections == ()
    day = TODAY.date()
    assert report.notes == (
        f"aws: {day} has no disk in us-east-1: the login lacks ec2:DescribeVolumes, which "
        "deploy/permissions/aws/read.json gives",
        f"aws: {day} has no lifecycle rules of some buckets: the login, or their own policy, "
        "lacks s3:GetLifecycleConfiguration; the first is closed",
    )
    assert [each["resource_id"] for each in rows_of(settings, source, "machine")] == [machine]
    assert rows_of(settings, source, "disk") == []
    assert [each["details"] for each in rows_of(settings, source, "snapshot")] == [
        {"source_gb": 8, "storage_tier": "standard"}
    ]
    assert [each["details"] for each in rows_of(settings, source, "bucket")] == [{"lifecycle_rules": "unknown"}]


def test_a_bucket_that_is_closed_to_the_login_holds_back_no_other(
    settings: Settings, account: AwsAccountServer
) -> None:
    for name in ("closed", "open"):
        make_bucket(account, name)
    account.closed = {"closed"}
    source = configure(settings, source_of(types=only("bucket")))
    report = ingest(settings, source, client=account.client)
    assert report.notes == (
        f"aws: {TODAY.date()} has no rows of some buckets: the login, or their own policy, lacks "
        "s3:GetBucketLocation; the first is closed",
    )
    assert [each["resource_id"] for each in rows_of(settings, source, "bucket")] == ["open"]


def test_the_doctor_names_every_missing_permission(settings: Settings, account: AwsAccountServer) -> None:
    account.denied = {"ec2.DescribeSnapshots", "ec2.DescribeInstanceTypes", "elbv2.DescribeTargetGroups"}
    source = configure(settings, source_of())
    with pytest.raises(BadInput) as caught:
        reach(source, account.client)
    for permission in (
        "ec2:DescribeSnapshots",
        "ec2:DescribeInstanceTypes",
        "elasticloadbalancing:DescribeTargetGroups",
    ):
        assert f"the login lacks {permission}, which deploy/permissions/aws/read.json gives" in str(caught.value)
    account.denied = set()
    reach(source, account.client)


def test_what_is_asked_are_the_permissions_that_are_named(settings: Settings, account: AwsAccountServer) -> None:
    make_sagemaker(account)
    make_balancers(account)
    make_bucket(account, "plain", WEST)
    configure(settings, source_of())
    land(settings, account)
    sent = {permission_of(*name.split(".")) for name, _ in account.asked}
    # Who it is everybody may ask.
    assert sent - {"sts:GetCallerIdentity"} == PERMISSIONS


def test_a_region_that_is_down_holds_back_no_other_and_is_asked_again(
    settings: Settings, account: AwsAccountServer
) -> None:
    east, west = make_machine(account), make_machine(account, WEST)
    account.down = {WEST}
    source = configure(settings, source_of(regions=[WEST, EAST], types=only("machine", "disk")))
    with pytest.raises(Unavailable, match="has no machine in us-west-2, disk in us-west-2: ec2 in us-west-2 does not"):
        land(settings, account)
    assert [each["resource_id"] for each in rows_of(settings, source, "machine")] == [east]
    account.down = set()
    land(settings, account)
    assert {each["resource_id"] for each in rows_of(settings, source, "machine")} == {east, west}


def test_an_answer_that_lacks_what_an_earlier_one_has_does_not_replace_it(
    settings: Settings, account: AwsAccountServer
) -> None:
    make_machine(account)
    account.admin("ec2").allocate_address(Domain="vpc")
    source = configure(settings, source_of(types=only("machine", "disk", "address")))
    land(settings, account)
    account.denied = {"ec2.DescribeAddresses"}
    report = ingest(settings, source, days=[TODAY.date()], client=account.client)
    assert "the answer has no address in us-east-1, which an earlier one of the day has" in report.rejections[0].reason
    assert len(rows_of(settings, source, "address")) == 1


def test_a_login_that_may_list_nothing_lands_nothing(settings: Settings, account: AwsAccountServer) -> None:
    account.denied = {"ec2.DescribeInstanceTypes", "ec2.DescribeVolumes"}
    source = configure(settings, source_of(types=only("machine", "disk")))
    with pytest.raises(BadInput, match="aws: the login lacks ec2:DescribeInstanceTypes"):
        land(settings, account)
    assert not answer_of(settings, source, TODAY.date()).exists()


def test_a_busy_service_is_asked_again(settings: Settings, account: AwsAccountServer) -> None:
    machine = make_machine(account)
    account.throttled = {"ec2.DescribeInstances": 2}
    source = configure(settings, source_of(types=only("machine")))
    land(settings, account)
    assert [each["resource_id"] for each in rows_of(settings, source, "machine")] == [machine]
    assert [name for name, _ in account.asked].count("ec2.DescribeInstances") == 3


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


def resources_of(settings: Settings, source: TelemetrySource) -> dict[str, Resource]:
    """Return what has landed as rules see it, each with a cost of 140 in two weeks and no hours."""
    found = {}
    for row in landed(settings, source, TODAY.date()):
        usual = {"billing_currency": "USD", "is_spot": row["is_spot"] == "true"}
        usual["has_local_disk"] = row["has_local_disk"] == "true"
        costs = (Decimal(140), None, None, None, None, None)
        values = tuple((row | usual).get(name) for name in read._COLUMNS)
        found[row["resource_id"]] = read._resource(values + costs, 14)
    return found


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


def test_today_is_asked_for_once_and_a_past_day_never(
    settings: Settings, account: AwsAccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_machine(account)
    source = configure(settings, source_of(types=only("machine")))
    land(settings, account)
    make_machine(account)
    account.asked.clear()
    assert land(settings, account) == []
    assert account.asked == []

    later = NOW + timedelta(minutes=5)
    monkeypatch.setattr(asking, "now", lambda: later)
    account.admin("ec2").terminate_instances(InstanceIds=[first])
    report = ingest(settings, source, days=[TODAY.date()], client=account.client)
    assert [each.row_count for each in report.landed] == [1], "one is gone, one is new"
    assert rows_of(settings, source, "machine")[0]["observed_at"] == later.replace(tzinfo=None)

    yesterday = YESTERDAY.date()
    account.asked.clear()
    report = ingest(settings, source, days=[yesterday], client=account.client)
    assert (report.landed, report.rejections, account.asked) == ((), (), [])
    assert report.notes == (
        f"aws: {yesterday} is over, and aws_inventory tells what is now; the day keeps what has landed",
    )


def test_a_connection_of_airflow_says_with_which_keys_and_where(
    settings: Settings, account: AwsAccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_machine(account)
    configure(settings, source_of(connection="aws_reader", types=only("machine")))
    extra = json.dumps({"endpoint_url": account.url})
    connection = {"conn_type": "aws", "login": ACCESS_KEY, "password": SECRET_KEY, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_READER", json.dumps(connection))
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(settings.configuration_dir))
    assert telemetry_steps.land_telemetry("aws") == [str(TODAY.date())]


def test_without_credentials_nothing_is_asked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings.root / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(settings.root / "none"))
    configure(settings, source_of())
    with pytest.raises(BadInput, match="aws: no usable AWS credentials; configure the connection"):
        pipeline.land(settings, "aws")
