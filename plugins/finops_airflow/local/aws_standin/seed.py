"""The resources of an inventory, made under the ids that the bill has.

Rows have the columns of ``resource_inventory``; only those of AWS are taken. ``tags`` and ``details`` may be JSON text.
Of the details count, for a machine ``architecture``, ``spot_type`` (one-time, persistent), ``root_device``,
``is_stop_protected`` and ``capacity_reservation``; for a disk ``volume_type``, ``iops`` and ``throughput``; for a
snapshot ``image`` (the name of one that is made of it) and ``shared_with``; for a group ``minimum``, ``maximum``,
``desired`` and ``instance_type``; for an endpoint its ``name``, where it has capital letters, ``variant`` and
``instances``, or ``max_concurrency`` and ``concurrency``; for a bucket ``lifecycle`` (rules as S3 has them) and
``versioning``; for a ``web_acl`` ``rules``. An ``account`` is one of the organization that ``account_id`` manages.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.organizations.models import organizations_backends
from moto.wafv2.models import wafv2_backends

from finops_airflow.local.aws_standin import SECRET_KEY, access_key
from finops_airflow.local.aws_standin.ec2_rules import gp2_iops
from finops_airflow.local.aws_standin.rules import Rules

_IMAGE = "ami-12c6146b"
_DEVICE = "/dev/sdf"
_MACHINE_OF_ENDPOINTS = "ml.g4dn.xlarge"
"""moto knows no newer ones, and nobody is told which it is."""
Row = Mapping[str, Any]
Client = Callable[[str], Any]


def rows_of(inventory: Path) -> list[dict[str, Any]]:
    """Return the rows of an inventory, CSV or JSON."""
    if inventory.suffix == ".json":
        return list(json.loads(inventory.read_text(encoding="utf-8")))
    with inventory.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def seed(rows: Iterable[Row], url: str, rules: Rules) -> None:
    """Make the resources; machines first, since disks are attached to them."""
    makers: dict[str, Callable[[dict[str, Any], Client, Rules], None]] = {
        "machine": _machine,
        "disk": _disk,
        "snapshot": _snapshot,
        "address": _address,
        "group": _group,
        "endpoint": _endpoint,
        "bucket": _bucket,
        "web_acl": _web_acl,
        "account": _account,
    }
    ours = [_read(row) for row in rows if row.get("provider", "aws") == "aws" and row["resource_type"] in makers]
    for kind, make in makers.items():
        for row in ours:
            if row["resource_type"] == kind:
                make(row, _clients(url, row["account_id"], row["region"]), rules)


def _read(row: Row) -> dict[str, Any]:
    found = {"region": "us-east-1", **{name: value for name, value in row.items() if value not in (None, "")}}
    for name in ("tags", "details"):
        value = found.get(name, {})
        found[name] = json.loads(value) if isinstance(value, str) else dict(value)
    found["name"] = _name(found["resource_id"])
    found["zone"] = found.get("zone", f"{found['region']}a")
    return found


def _name(resource_id: str) -> str:
    if not resource_id.startswith("arn:"):
        return resource_id
    resource = resource_id.split(":", 5)[-1]
    return resource.partition("/")[2] or resource.rpartition(":")[2]


@cache
def _clients(url: str, account: str, region: str) -> Client:
    import boto3
    from botocore.config import Config

    keys = {"aws_access_key_id": access_key(account), "aws_secret_access_key": SECRET_KEY}
    session = boto3.Session(region_name=region, **keys)
    return cache(lambda service: session.client(service, endpoint_url=url, config=Config(proxies={})))


def _is_true(value: Any) -> bool:
    return str(value).lower() in ("true", "1", "yes")


def _machine(row: dict[str, Any], _client: Client, rules: Rules) -> None:
    backend, details = ec2_backends[row["account_id"]][row["region"]], row["details"]
    reservation = backend.run_instances(
        _IMAGE,
        1,
        None,
        [],
        instance_type=row["instance_type"],
        is_instance_type_default=False,
        placement=row["zone"],
        region_name=row["region"],
        block_device_mappings=[],
    )
    machine: Any = reservation.instances[0]
    machine.id = row["name"]
    known = (
        INSTANCE_TYPES.get(row["instance_type"], {}).get("ProcessorInfo", {}).get("SupportedArchitectures", ["x86_64"])
    )
    machine.architecture = details.get("architecture", known[0])
    machine.virtualization_type = "hvm"
    machine.ena_support = True
    machine.root_device_type = details.get("root_device", "ebs")
    machine.disable_api_stop = _is_true(details.get("is_stop_protected", False))
    machine.capacity_reservation_id = details.get("capacity_reservation")
    if row.get("state") == "stopped":
        machine.stop()
    _tag(backend, machine.id, {**row["tags"], **_group_tag(row)})
    if _is_true(row.get("is_spot", False)):
        kind = details.get("spot_type", "one-time")
        rules.spot[machine.id] = kind
        machine.lifecycle, machine.spot_instance_request_id = "spot", _spot_request(backend, row, kind)


def _spot_request(backend: Any, row: Row, kind: str) -> str:
    names = (
        "valid_from valid_until launch_group availability_zone_group key_name security_groups user_data placement "
        "kernel_id ramdisk_id subnet_id"
    )
    empty = dict.fromkeys(names.split())
    made = backend.request_spot_instances(
        price="1",
        image_id=_IMAGE,
        count=1,
        spot_instance_type=kind,
        instance_type=row["instance_type"],
        monitoring_enabled=False,
        **empty,
    )
    return str(made[0].id)


def _group_tag(row: Row) -> dict[str, str]:
    return {"aws:autoscaling:groupName": _name(row["group_id"])} if row.get("group_id") else {}


def _tag(backend: Any, resource: str, tags: Mapping[str, str]) -> None:
    # Past moto's check: a stand-in's inventory has tags that only AWS itself may set.
    backend.tags[resource].update({key: str(value) for key, value in tags.items()})


def _disk(row: dict[str, Any], _client: Client, _rules: Rules) -> None:
    backend, details = ec2_backends[row["account_id"]][row["region"]], row["details"]
    size, kind = int(float(row.get("size_gb", 8))), details.get("volume_type", "gp3")
    iops = details.get("iops") or (gp2_iops(size) if kind == "gp2" else 3000)
    asked = iops if kind in ("io1", "io2") else None
    made = backend.create_volume(size=size, zone_name=row["zone"], volume_type=kind, iops=asked)
    del backend.volumes[made.id]
    made.id = row["name"]
    made.iops = iops
    made.throughput = details.get("throughput") or (125 if kind == "gp3" else None)
    backend.volumes[made.id] = made
    _tag(backend, made.id, row["tags"])
    if row.get("attached_to") and backend.get_instance_by_id(row["attached_to"]):
        backend.attach_volume(made.id, row["attached_to"], _DEVICE)


def _snapshot(row: dict[str, Any], _client: Client, _rules: Rules) -> None:
    backend, details = ec2_backends[row["account_id"]][row["region"]], row["details"]
    volume = backend.create_volume(size=int(float(row.get("size_gb", 8))), zone_name=row["zone"])
    made = backend.create_snapshot(volume.id, "")
    for kept in (backend.snapshots, backend.volumes):
        kept.pop(made.id, None)
        kept.pop(volume.id, None)
    made.id = row["name"]
    volume.id = row.get("attached_to", volume.id)
    made.status = row.get("state", made.status)
    made.create_volume_permission_userids = set(details.get("shared_with", ()))
    backend.snapshots[made.id] = made
    _tag(backend, made.id, row["tags"])
    if details.get("image"):
        backend.register_image(details["image"]).ebs_snapshot = made


def _address(row: dict[str, Any], _client: Client, _rules: Rules) -> None:
    backend = ec2_backends[row["account_id"]][row["region"]]
    made = backend.allocate_address("vpc")
    made.allocation_id = made.id = row["name"]
    _tag(backend, made.id, row["tags"])
    if row.get("attached_to"):
        backend.associate_address(instance=backend.get_instance(row["attached_to"]), allocation_id=made.id)


def _group(row: dict[str, Any], client: Client, _rules: Rules) -> None:
    details = row["details"]
    data = {"ImageId": _IMAGE, "InstanceType": details.get("instance_type", "m5.large")}
    template = f"{row['name']}-template"
    client("ec2").create_launch_template(LaunchTemplateName=template, LaunchTemplateData=data)
    of = {"ResourceId": row["name"], "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
    starts: dict[str, Any] = {"LaunchTemplate": {"LaunchTemplateName": template, "Version": "$Latest"}}
    if name := details.get("launch_configuration"):
        client("autoscaling").create_launch_configuration(
            LaunchConfigurationName=name, ImageId=_IMAGE, InstanceType=data["InstanceType"]
        )
        starts = {"LaunchConfigurationName": name}
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=row["name"],
        MinSize=int(details.get("minimum", 0)),
        MaxSize=int(details.get("maximum", 1)),
        DesiredCapacity=int(details.get("desired", 0)),
        AvailabilityZones=[row["zone"]],
        Tags=[{**of, "Key": key, "Value": str(value)} for key, value in row["tags"].items()],
        **starts,
    )


def _endpoint(row: dict[str, Any], client: Client, _rules: Rules) -> None:
    details = row["details"]
    name = details.get("name", row["name"])
    sagemaker = client("sagemaker")
    role = f"arn:aws:iam::{row['account_id']}:role/sagemaker"
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": "image"})
    variant = {"VariantName": details.get("variant", "main"), "ModelName": name, "InitialVariantWeight": 1}
    if most := details.get("max_concurrency"):
        ready = {"ProvisionedConcurrency": int(details["concurrency"])} if details.get("concurrency") else {}
        variant["ServerlessConfig"] = {"MemorySizeInMB": 4096, "MaxConcurrency": int(most), **ready}
    else:
        variant["InstanceType"] = _MACHINE_OF_ENDPOINTS
        variant["InitialInstanceCount"] = int(details.get("instances", 1))
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    tags = [{"Key": key, "Value": str(value)} for key, value in row["tags"].items()]
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)


def _bucket(row: dict[str, Any], client: Client, _rules: Rules) -> None:
    s3, details, name = client("s3"), row["details"], row["name"]
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": row["region"]}}
    s3.create_bucket(Bucket=name, **({} if row["region"] == "us-east-1" else elsewhere))
    if row["tags"]:
        tags = [{"Key": key, "Value": str(value)} for key, value in row["tags"].items()]
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    if details.get("lifecycle"):
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": details["lifecycle"]})
    if details.get("versioning"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def _account(row: dict[str, Any], client: Client, _rules: Rules) -> None:
    """Make an account of the organization that ``account_id`` manages."""
    backend = organizations_backends[row["account_id"]]["aws"]
    organizations = client("organizations")
    if backend.org is None:
        organizations.create_organization(FeatureSet="ALL")
        root = organizations.list_roots()["Roots"][0]["Id"]
        organizations.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    if row["name"] == row["account_id"]:
        return
    made = organizations.create_account(AccountName=row["name"], Email=f"{row['name']}@example.com")
    account = backend.get_account_by_id(made["CreateAccountStatus"]["AccountId"])
    account.id, account.tags = row["name"], {key: str(value) for key, value in row["tags"].items()}


def _web_acl(row: dict[str, Any], client: Client, _rules: Rules) -> None:
    scope, _, name, identity = row["resource_id"].rpartition(":")[2].split("/")
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
    made = client("wafv2").create_web_acl(
        Name=name,
        Scope="CLOUDFRONT" if scope == "global" else "REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig=seen,
        Rules=[{"VisibilityConfig": seen, **rule} for rule in row["details"].get("rules", [])],
    )["Summary"]
    kept = wafv2_backends[row["account_id"]]["global" if scope == "global" else row["region"]].wacls
    acl = kept.pop(made["ARN"])
    acl.id, acl.arn = identity, row["resource_id"]
    acl.capacity = row["details"].get("units", acl.capacity)
    kept[acl.arn] = acl
