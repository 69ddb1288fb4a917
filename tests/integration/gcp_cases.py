"""Every action on Google Cloud, with a resource that it is done to."""

from __future__ import annotations

from cloud_steps import Case
from servers.gcp_quotas import QUOTA

LOGS = {"action": {"type": "Delete"}, "condition": {"age": 7, "matchesPrefix": ["logs/"]}}
RULES = [{"id": "stale", "prefix": "checkpoints/", "archive_after_days": 30, "delete_after_days": 90}]
DISK = {"labels": {"owner": "ana"}}
GROUP = {"targetSize": 4}
SCALED = {"targetSize": 4, "autoscales": {"minNumReplicas": 2, "maxNumReplicas": 8, "coolDownPeriodSec": 60}}
BUCKET = {"labels": {"team": "a"}, "lifecycle": {"rule": [LOGS]}}
LIMIT = {"service": "compute.googleapis.com", "quota": QUOTA, "value": 0, "contact": "finops@example.com"}
STOPPED = {"status": "TERMINATED"}
MODEL = {
    "id": "4711",
    "dedicatedResources": {"machineSpec": {"machineType": "g2-standard-8"}, "minReplicaCount": 4, "maxReplicaCount": 8},
}
ENDPOINT = {"deployedModels": [{**MODEL, "id": "other"}, MODEL], "labels": {"owner": "ana"}}
FEWER = {"variant": "4711", "minimum": 1, "maximum": 8}
RESIZE = tuple(f"compute.instances.{each}" for each in ("stop", "setMachineType", "start"))
CREATE_POLICY = "compute.resourcePolicies.create"
ATTACH, DETACH = (f"compute.instances.{each}ResourcePolicies" for each in ("add", "remove"))
OFFICE_HOURS = {"stop_at": "19:00", "start_at": "07:00", "time_zone": "Europe/Berlin", "skip_days": ["SUN", "SAT"]}
LATE = {
    "timeZone": "UTC",
    "vmStartSchedule": {"schedule": "30 9 * * 1,2,3,4,5"},
    "vmStopSchedule": {"schedule": "0 23 * * *"},
}

CASES = (
    Case("stop_machine", "machine", state="TERMINATED", changes=RESIZE[:1]),
    Case("start_machine", "machine", STOPPED, state="RUNNING", changes=RESIZE[2:]),
    Case(
        "resize_machine",
        "machine",
        {"type": "g2-standard-8"},
        {"instance_type": "g2-standard-4", "from_type": "g2-standard-8"},
        state="RUNNING",
        facts={"instance_type": "g2-standard-4"},
        changes=RESIZE,
    ),
    Case(
        "schedule_machine",
        "machine",
        {},
        OFFICE_HOURS,
        state="RUNNING",
        changes=(CREATE_POLICY, ATTACH),
    ),
    Case("schedule_machine", "machine", {"schedule": LATE}, OFFICE_HOURS, changes=(CREATE_POLICY, DETACH, ATTACH)),
    Case("remove_schedule", "machine", {"schedule": LATE}, changes=(DETACH,)),
    Case("delete_volume", "disk", DISK, changes=("compute.disks.createSnapshot", "compute.disks.delete")),
    Case(
        "scale_group",
        "group",
        GROUP,
        {"minimum": 0, "maximum": 2, "desired": 1},
        facts={"desired": 1},
        changes=("compute.instanceGroupManagers.update",),
    ),
    Case(
        "scale_group",
        "group",
        SCALED,
        {"minimum": 0, "maximum": 2, "desired": 1},
        facts={"minimum": 0, "maximum": 2},
        changes=("compute.autoscalers.update",),
    ),
    Case(
        "scale_endpoint",
        "endpoint",
        ENDPOINT,
        FEWER,
        state="ready",
        facts={"minimum": 1, "maximum": 8},
        changes=("aiplatform.endpoints.deploy",),
    ),
    Case("set_lifecycle", "bucket", BUCKET, {"rules": RULES}, changes=("storage.buckets.update",)),
    Case(
        "tag",
        "machine",
        {"labels": {"team": "a"}},
        {"tags": {"owner": "ana"}},
        changes=("compute.instances.setLabels",),
    ),
    Case(
        "limit_quota",
        "account",
        {"quota": 16, "preferred": 16, "labels": {"environment": "test"}},
        LIMIT,
        state="ACTIVE",
        facts={"preferred": 0, "quota": 0},
        changes=("cloudquotas.quotas.update",),
    ),
    Case("tag", "disk", DISK, {"tags": {"owner": "eva"}}, changes=("compute.disks.setLabels",)),
    Case("tag", "bucket", BUCKET, {"tags": {"owner": "ana"}}, changes=("storage.buckets.update",)),
)
