"""Every action on AWS, with a resource that it is done to."""

from __future__ import annotations

from typing import Any

from action_steps import REGION, SCRATCH, Case

MACHINE = {"instance_type": "m6i.2xlarge"}
GPU_MACHINE = {"instance_type": "g5.12xlarge", "tags": SCRATCH}
GROUP = {"details": {"minimum": 1, "maximum": 4, "desired": 3, "instance_type": "m6i.large"}}
ENDPOINT = {"details": {"variant": "blue", "instances": 3}}
SERVERLESS = {"details": {"variant": "blue", "max_concurrency": 20, "concurrency": 10}}
LOGS = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 7}}
BUCKET = {"details": {"lifecycle": [LOGS]}}
RULES = [{"id": "stale", "prefix": "checkpoints/", "archive_after_days": 30, "delete_after_days": 90}]
OFF_HOURS = {
    "stop_at": "19:00",
    "start_at": "07:00",
    "time_zone": "Europe/Berlin",
    "skip_days": ["saturday", "sunday"],
}
SPOT = {"on_demand_base": 1, "on_demand_percent": 25, "instance_types": ["m6i.large", "m5.large", "m6a.large"]}
BY_HOUR: dict[str, Any] = {
    "variant": "blue",
    "changes": [
        {"days": ["Monday", "Tuesday"], "at": "06:00", "minimum": 2, "maximum": 3},
        {"days": ["Monday", "Tuesday"], "at": "20:00", "minimum": 1, "maximum": 1},
    ],
}

DENY = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Gpus", "Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*"}],
}

CASES = (
    Case("stop_machine", "machine", MACHINE, state="stopped", changes=("ec2:StopInstances",)),
    Case("start_machine", "machine", {**MACHINE, "state": "stopped"}, state="running", changes=("ec2:StartInstances",)),
    Case(
        "resize_machine",
        "machine",
        GPU_MACHINE,
        {"instance_type": "g5.xlarge", "from_type": "g5.12xlarge"},
        state="running",
        facts={"instance_type": "g5.xlarge"},
        changes=("ec2:StopInstances", "ec2:ModifyInstanceAttribute", "ec2:StartInstances"),
    ),
    Case(
        "schedule_machine",
        "machine",
        MACHINE,
        OFF_HOURS,
        state="running",
        facts={
            "start": {
                "expression": "cron(0 7 ? * MON,TUE,WED,THU,FRI *)",
                "time_zone": "Europe/Berlin",
                "state": "ENABLED",
            },
            "stop": {"expression": "cron(0 19 ? * * *)", "time_zone": "Europe/Berlin", "state": "ENABLED"},
        },
        changes=("scheduler:CreateSchedule", "scheduler:CreateSchedule"),
    ),
    Case(
        "remove_schedule",
        "machine",
        MACHINE,
        state="running",
        facts={"start": None, "stop": None},
        changes=("scheduler:DeleteSchedule", "scheduler:DeleteSchedule"),
        after=("schedule_machine", OFF_HOURS),
    ),
    Case(
        "change_volume",
        "disk",
        {"size_gb": 2000, "details": {"volume_type": "gp2"}},
        {"volume_type": "gp3", "from_type": "gp2"},
        facts={"volume_type": "gp3", "iops": 6000, "throughput": 250, "is_changing": False},
        changes=("ec2:ModifyVolume",),
    ),
    Case(
        "delete_volume",
        "disk",
        {"size_gb": 50, "tags": {"owner": "ana"}},
        changes=("ec2:CreateSnapshot", "ec2:DeleteVolume"),
    ),
    Case(
        "restore_volume",
        "disk",
        {"size_gb": 50},
        {"zone": f"{REGION}a", "volume_type": "gp3"},
        state="available",
        changes=("ec2:CreateVolume",),
        after=("delete_volume", {}),
    ),
    Case("archive_snapshot", "snapshot", changes=("ec2:ModifySnapshotTier",)),
    Case(
        "restore_snapshot",
        "snapshot",
        changes=("ec2:RestoreSnapshotTier",),
        facts={"storage_tier": "standard"},
        after=("archive_snapshot", {}),
    ),
    Case("release_address", "address", changes=("ec2:ReleaseAddress",)),
    Case("set_lifecycle", "bucket", BUCKET, {"rules": RULES}, changes=("s3:PutLifecycleConfiguration",)),
    Case("abort_uploads", "bucket", {}, {"after_days": 3}, changes=("s3:PutLifecycleConfiguration",)),
    Case(
        "scale_group",
        "group",
        GROUP,
        {"minimum": 0, "maximum": 2, "desired": 1},
        facts={"minimum": 0, "maximum": 2, "desired": 1},
        changes=("autoscaling:UpdateAutoScalingGroup",),
    ),
    Case("use_spot", "group", GROUP, SPOT, changes=("autoscaling:UpdateAutoScalingGroup",)),
    Case(
        "scale_endpoint",
        "endpoint",
        ENDPOINT,
        {"variant": "blue", "minimum": 1, "maximum": 2},
        state="InService",
        facts={"minimum": 1, "maximum": 2, "desired": 2},
        changes=(
            "application-autoscaling:RegisterScalableTarget",
            "sagemaker:UpdateEndpointWeightsAndCapacities",
        ),
    ),
    Case(
        "schedule_endpoint",
        "endpoint",
        ENDPOINT,
        BY_HOUR,
        state="InService",
        facts={
            "minimum": 1,
            "maximum": 3,
            "desired": 3,
            "scheduled": {
                "finops-mon-tue-0600": {
                    "expression": "cron(0 6 ? * MON,TUE *)",
                    "time_zone": "UTC",
                    "minimum": 2,
                    "maximum": 3,
                },
                "finops-mon-tue-2000": {
                    "expression": "cron(0 20 ? * MON,TUE *)",
                    "time_zone": "UTC",
                    "minimum": 1,
                    "maximum": 1,
                },
            },
        },
        changes=(
            "application-autoscaling:RegisterScalableTarget",
            "application-autoscaling:PutScheduledAction",
            "application-autoscaling:PutScheduledAction",
        ),
    ),
    Case(
        "set_concurrency",
        "endpoint",
        SERVERLESS,
        {"variant": "blue", "concurrency": 3, "from_concurrency": 10},
        state="InService",
        facts={"concurrency": 3, "max_concurrency": 20},
        changes=("sagemaker:UpdateEndpointWeightsAndCapacities",),
    ),
    Case(
        "limit_requests",
        "web_acl",
        {},
        {"limit_per_5_minutes": 2000},
        facts={"limit": 2000},
        changes=("wafv2:UpdateWebACL",),
    ),
    Case(
        "attach_policy",
        "account",
        {"tags": {"owner": "ana"}},
        {"policy": "finops-budgets-1", "document": DENY},
        facts={"is_attached": True, "document": DENY, "attached": 2},
        changes=("organizations:CreatePolicy", "organizations:AttachPolicy"),
    ),
    Case("tag", "machine", {**MACHINE, "tags": {"team": "a"}}, {"tags": {"owner": "ana"}}, changes=("ec2:CreateTags",)),
    Case("tag", "bucket", {"tags": {"team": "a"}}, {"tags": {"owner": "ana"}}, changes=("tag:TagResources",)),
    Case("tag", "endpoint", ENDPOINT, {"tags": {"owner": "ana"}}, changes=("tag:TagResources",)),
)
