"""An account of AWS with an inventory, as a source asks it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from moto.elbv2.models import elbv2_backends
from moto.sagemaker.models import sagemaker_backends
from servers.aws_account import ACCOUNT, AwsAccountServer
from telemetry_steps import TODAY, landed

from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.policy.telemetry import TelemetrySource
from finops.rightsizing import read
from finops.rightsizing.resource import Resource

EAST, WEST = "us-east-1", "us-west-2"


NOW = TODAY + timedelta(minutes=1)
"""Never in the time to come, whenever the tests run."""


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


def make_bucket(account: AwsAccountServer, name: str, region: str = EAST) -> Any:
    s3 = account.admin("s3", region)
    where = {} if region == EAST else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)
    return s3


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


def make_serverless(account: AwsAccountServer, name: str, scaled_from: int | None = None, **config: int) -> str:
    """Make a serverless endpoint, whose provisioned concurrency may be scaled from a number; return its ARN."""
    sagemaker = account.admin("sagemaker")
    sagemaker.create_model(ModelName=name, ExecutionRoleArn="arn:aws:iam::1:role/x", PrimaryContainer={"Image": "x"})
    variant = {"VariantName": "main", "ModelName": name, "ServerlessConfig": {"MemorySizeInMB": 4096, **config}}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    if scaled_from:
        account.admin("application-autoscaling").register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=f"endpoint/{name}/variant/main",
            ScalableDimension="sagemaker:variant:DesiredProvisionedConcurrency",
            MinCapacity=scaled_from,
            MaxCapacity=config["MaxConcurrency"],
        )
    return str(sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)["EndpointArn"])


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


def count(account: AwsAccountServer, namespace: str, name: str, values: dict[datetime, float], **of: str) -> None:
    """Have CloudWatch know values of a metric."""
    dimensions = [{"Name": key, "Value": value} for key, value in of.items()]
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": moment, "Value": value}
        for moment, value in values.items()
    ]
    account.admin("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)


def made_long_ago(days: int, *arns: str) -> None:
    """Let load balancers and endpoints be so old: moto makes them now."""
    moment = TODAY - timedelta(days=days)
    for arn in arns:
        if ":loadbalancer/" in arn:
            elbv2_backends[ACCOUNT][EAST].load_balancers[arn].created_time = f"{moment:%Y-%m-%dT%H:%M:%S}Z"
        else:
            endpoint = sagemaker_backends[ACCOUNT][EAST].endpoints[arn.rpartition("/")[2]]
            endpoint.creation_time = endpoint.last_modified_time = f"{moment:%Y-%m-%d %H:%M:%S}"


def leave_upload(account: AwsAccountServer, bucket: str, key: str, *sizes: int) -> None:
    """Begin an upload, and never end it."""
    s3 = account.admin("s3")
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    for number, size in enumerate(sizes, 1):
        s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=b"x" * size)


def resources_of(settings: Settings, source: TelemetrySource) -> dict[str, Resource]:
    """Return what has landed as rules see it, each with a cost of 140 in two weeks and no hours."""
    found = {}
    for row in landed(settings, source, TODAY.date()):
        usual = {"billing_currency": "USD", "is_spot": row["is_spot"] == "true"}
        usual["has_local_disk"] = row["has_local_disk"] == "true"
        costs = (Decimal(140), *(None,) * 6)
        values = tuple((row | usual).get(name) for name in read._COLUMNS)
        found[row["resource_id"]] = read._resource(values + costs, 14)
    return found
