"""An account of AWS with an inventory, as a source asks it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from servers.aws_account import ACCOUNT, AwsAccountServer
from telemetry_steps import TODAY, landed

from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.policy.telemetry import TelemetrySource

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
