"""Whether an account lets actions read and change what they must, found out without changing anything.

Reads are of one page, or of a thing that is not there: a cloud refuses a login that lacks the permission before it
looks for the thing. Changes are tried on AWS alone, as EC2's dry runs, on resources that ``act.json`` permits. What no
harmless call tells (buckets, schedules, endpoints, groups: their changes) is left to the first action.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from azure.core.rest import HttpRequest
from google.api_core.exceptions import Forbidden

from finops.core.errors import BadInput, Unavailable
from finops.policy.rightsizing import Account, RightsizingPolicy
from finops.rightsizing.actions.aws.base import tags_of
from finops.rightsizing.actions.aws.calls import read
from finops.rightsizing.actions.azure.calls import ask
from finops.rightsizing.actions.gcp.calls import send
from finops.rightsizing.actions.model import Busy, Denied, Rejected
from finops.rightsizing.clients import Clients, client_of
from finops.rightsizing.models import Change, Target

NOT_THERE = "finops-doctor"
"""A name that nothing has."""
_REGION, _GCP_REGION = "us-east-1", "us-central1"
_SWITCHED_OFF = "SERVICE_DISABLED"
"""How Google says that a project does not use an API at all."""
_PERMITTED = ("finops-actions", "allow")
"""The tag without which ``deploy/permissions/aws/act.json`` lets nothing be changed."""
_MISSING = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")
_WRONG_STATE = ("IncorrectInstanceState", "IncorrectModificationState")
_NOT_FOUND, _FORBIDDEN = 404, 403

_Call = tuple[str, dict[str, Any]]
_Page = {"MaxResults": 5}
_AWS_READS: tuple[_Call, ...] = (
    ("application-autoscaling:DescribeScalableTargets", {"ServiceNamespace": "sagemaker", "MaxResults": 1}),
    ("application-autoscaling:DescribeScheduledActions", {"ServiceNamespace": "sagemaker", "MaxResults": 1}),
    ("autoscaling:DescribeAutoScalingGroups", {"MaxRecords": 1}),
    ("ec2:DescribeAddresses", {}),
    ("ec2:DescribeImages", {"Owners": ["self"], **_Page}),
    ("ec2:DescribeInstanceAttribute", {"InstanceId": "i-00000000000000000", "Attribute": "disableApiStop"}),
    ("ec2:DescribeInstanceTypeOfferings", {"Filters": [{"Name": "instance-type", "Values": ["m5.large"]}]}),
    ("ec2:DescribeInstanceTypes", {"InstanceTypes": ["m5.large"]}),
    ("ec2:DescribeInstances", _Page),
    ("ec2:DescribeSnapshotAttribute", {"SnapshotId": "snap-00000000000000000", "Attribute": "createVolumePermission"}),
    ("ec2:DescribeSnapshotTierStatus", _Page),
    ("ec2:DescribeSnapshots", {"OwnerIds": ["self"], **_Page}),
    ("ec2:DescribeSpotInstanceRequests", _Page),
    ("ec2:DescribeTags", _Page),
    ("ec2:DescribeVolumes", _Page),
    ("ec2:DescribeVolumesModifications", _Page),
    ("sagemaker:DescribeEndpoint", {"EndpointName": NOT_THERE}),
    ("scheduler:GetSchedule", {"Name": NOT_THERE}),
    ("tag:GetResources", {"ResourcesPerPage": 1}),
)


@dataclass
class Found:
    """What was found out of an account: permissions that are there, and those that are missing, by file."""

    there: list[str] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def told(self) -> str:
        """Say what is there. Raise BadInput, naming permissions and the file that gives them, where any is missing."""
        if self.missing:
            lacks = (f"{', '.join(names)} ({file} gives it)" for file, names in sorted(self.missing.items()))
            raise BadInput(f"its login lacks {'; '.join(lacks)}")
        return "; ".join([f"{len(self.there)} permissions are there", *self.notes])


def reach(policy: RightsizingPolicy, account: Account, clients: Clients, *, denies: bool = False) -> str:
    """Try an account; say what was found. Raise BadInput for missing permissions, Unavailable for a silent cloud.

    An account of several regions is tried in the first: permissions are of the account. ``denies``: a budget may deny
    new capacity in it, for which reading must be allowed too.
    """
    target = Target(account.provider, account.id, (*account.regions, _REGION)[0], "", NOT_THERE)
    client = client_of(clients, target)
    folder = f"deploy/permissions/{account.provider}"
    if account.provider == "aws":
        found = _aws(policy, client, target)
        for permission, arguments in _aws_denials(account.id) if denies else ():
            is_there = _aws_allows(client, Change("doctor", target), permission, {**arguments, "in_region": _REGION})
            _note(found, f"{folder}/deny.json", permission, is_there)
        return found.told()
    end = "json" if account.provider == "azure" else "yaml"
    reads, denials = (_azure, _azure_denials) if account.provider == "azure" else (_gcp, _gcp_denials)
    found = Found()
    for permission, call in reads(client):
        _note(found, f"{folder}/read.{end}", permission, _is_allowed(permission, call))
    for permission, call in denials(client, account.id) if denies else ():
        _note(found, f"{folder}/deny.{end}", permission, _is_allowed(permission, call))
    return found.told()


def _note(found: Found, file: str, permission: str, is_there: bool) -> None:
    if is_there:
        found.there.append(permission)
    else:
        found.missing.setdefault(file, []).append(permission)


def _aws(policy: RightsizingPolicy, client: Any, target: Target) -> Found:
    found, change = Found(), Change("doctor", target)
    for permission, arguments in _AWS_READS:
        _note(found, "deploy/permissions/aws/read.json", permission, _aws_allows(client, change, permission, arguments))
    if found.missing:
        return found
    for permission, arguments in _aws_changes(policy, client, change, found):
        is_there = _aws_allows(client, change, permission, {**arguments, "DryRun": True})
        _note(found, "deploy/permissions/aws/act.json", permission, is_there)
    return found


def _aws_allows(client: Any, change: Change, permission: str, arguments: dict[str, Any]) -> bool:
    """Tell whether a call is permitted: one that fails for another reason, as every dry run does, is.

    Raise Denied for a login that AWS does not know, Busy where it cannot be asked.
    """
    try:
        read(client, change, permission, **arguments)
    except Denied as error:
        if _code(error) not in _MISSING:
            raise
        return False
    except Busy as error:
        if _code(error) not in _WRONG_STATE:
            raise
    except Rejected:
        pass
    return True


def _code(error: Exception) -> str:
    return str(getattr(error.__cause__, "response", {}).get("Error", {}).get("Code", ""))


def _aws_changes(policy: RightsizingPolicy, client: Any, change: Change, found: Found) -> Iterator[_Call]:
    """Yield the dry runs, of a thing of each kind that the tag opens to actions and nothing protects."""
    key, value = _PERMITTED
    filters = [{"Name": f"tag:{key}", "Values": [value]}]

    def first(permission: str, path: tuple[str, ...], **more: Any) -> dict[str, Any] | None:
        answer = read(client, change, permission, Filters=[*filters, *more.pop("filters", ())], **more)
        things = answer[path[0]]
        for name in path[1:]:
            things = [each for thing in things for each in thing[name]]
        return next((each for each in things if not policy.is_protected(tags_of(each.get("Tags")))), None)

    alive = {"Name": "instance-state-name", "Values": ["running", "stopped"]}
    pages = {"MaxResults": 100}
    machine = first("ec2:DescribeInstances", ("Reservations", "Instances"), filters=[alive], **pages)
    volume = first("ec2:DescribeVolumes", ("Volumes",), **pages)
    snapshot = first("ec2:DescribeSnapshots", ("Snapshots",), OwnerIds=["self"], **pages)
    address = first("ec2:DescribeAddresses", ("Addresses",))
    if machine is not None:
        ident = machine["InstanceId"]
        yield "ec2:StopInstances", {"InstanceIds": [ident]}
        yield "ec2:StartInstances", {"InstanceIds": [ident]}
        same = {"Value": machine["InstanceType"]}
        yield "ec2:ModifyInstanceAttribute", {"InstanceId": ident, "InstanceType": same}
    if volume is not None:
        yield "ec2:ModifyVolume", {"VolumeId": volume["VolumeId"], "VolumeType": volume["VolumeType"]}
        yield "ec2:DeleteVolume", {"VolumeId": volume["VolumeId"]}
    if snapshot is not None:
        yield "ec2:ModifySnapshotTier", {"SnapshotId": snapshot["SnapshotId"], "StorageTier": "archive"}
        yield "ec2:RestoreSnapshotTier", {"SnapshotId": snapshot["SnapshotId"], "PermanentRestore": True}
    if address is not None:
        yield "ec2:ReleaseAddress", {"AllocationId": address["AllocationId"]}
    kinds = {"machine": machine, "volume": volume, "snapshot": snapshot, "address": address}
    without = [name for name, thing in kinds.items() if thing is None]
    if without:
        found.notes.append(f"changes are not tried of {', '.join(without)}: none has the tag {key}: {value}")


def _azure(client: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    group, compute = NOT_THERE, client.compute
    yield "Microsoft.Compute/virtualMachines/read", lambda: compute.virtual_machines.get(group, NOT_THERE)
    yield "Microsoft.Compute/disks/read", lambda: compute.disks.get(group, NOT_THERE)
    yield "Microsoft.Compute/snapshots/read", lambda: compute.snapshots.get(group, NOT_THERE)
    scale_sets = compute.virtual_machine_scale_sets
    yield "Microsoft.Compute/virtualMachineScaleSets/read", lambda: scale_sets.get(group, NOT_THERE)
    workspaces = f"resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{NOT_THERE}"
    deployment = f"{workspaces}/onlineEndpoints/{NOT_THERE}/deployments/{NOT_THERE}"
    where = f"/subscriptions/{client.subscription}/{deployment}"
    yield (
        "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/read",
        partial(ask, compute, HttpRequest("GET", where, params={"api-version": "2024-10-01"})),
    )


def _gcp(client: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    at: dict[str, Any] = {"project": client.project, "timeout": 10, "retry": None}
    zone = {"zone": f"{_GCP_REGION}-a", **at}
    yield "compute.instances.get", lambda: client.instances.get(instance=NOT_THERE, **zone)
    yield "compute.disks.get", lambda: client.disks.get(disk=NOT_THERE, **zone)
    yield "compute.snapshots.get", lambda: client.snapshots.get(snapshot=NOT_THERE, **at)
    groups = client.instance_group_managers
    yield "compute.instanceGroupManagers.get", lambda: groups.get(instance_group_manager=NOT_THERE, **zone)
    yield "aiplatform.endpoints.get", partial(_gcp_endpoint, client)


def _gcp_endpoint(client: Any) -> None:
    """Read an endpoint that is not there. Who has switched Vertex AI off has none to act on."""
    at = f"{client.vertex_url.replace('{region}', _GCP_REGION)}/v1/projects/{client.project}/locations/{_GCP_REGION}"
    try:
        send(client, "GET", f"{at}/endpoints/1", timeout=10)
    except Forbidden as error:
        if error.reason != _SWITCHED_OFF:
            raise


def _aws_denials(account: str) -> Iterator[_Call]:
    kind = {"Filter": "SERVICE_CONTROL_POLICY"}
    nothing = {"PolicyId": "p-00000000"}
    yield "organizations:DescribeOrganization", {}
    yield "organizations:DescribePolicy", nothing
    yield "organizations:ListPolicies", {**kind, "MaxResults": 1}
    yield "organizations:ListPoliciesForTarget", {**kind, "TargetId": account, "MaxResults": 1}
    yield "organizations:ListRoots", {"MaxResults": 1}
    yield "organizations:ListTagsForResource", {"ResourceId": account}
    yield "organizations:ListTargetsForPolicy", nothing


def _azure_denials(client: Any, subscription: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    where = f"/subscriptions/{subscription}"
    policies = "Microsoft.Authorization/policy"
    paths = {
        "Microsoft.Resources/subscriptions/read": (where, "2022-12-01"),
        **{
            f"{policies}{kind}/read": (f"{where}/providers/{policies}{kind}/{NOT_THERE}", "2023-04-01")
            for kind in ("Definitions", "Assignments")
        },
    }
    for permission, (path, version) in paths.items():
        request = HttpRequest("GET", path, params={"api-version": version})
        yield permission, partial(ask, client.compute, request)


def _gcp_denials(client: Any, project: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    infos = "locations/global/services/compute.googleapis.com/quotaInfos"
    quota = f"{client.quotas_url}/v1/projects/{project}/{infos}/{NOT_THERE}"
    yield (
        "resourcemanager.projects.get",
        partial(send, client, "GET", f"{client.projects_url}/v3/projects/{project}", timeout=10),
    )
    yield "cloudquotas.quotas.get", partial(send, client, "GET", quota, timeout=10)


def _is_allowed(permission: str, call: Callable[[], Any]) -> bool:
    """Tell whether Azure or Google permits a call of what is not there. Raise Unavailable for any other failure."""
    try:
        call()
    except Exception as error:
        # Azure's SDK has the status as status_code, Google's as code.
        status = getattr(error, "status_code", None) or getattr(error, "code", None)
        if status == _NOT_FOUND:
            return True
        if status == _FORBIDDEN:
            return False
        says = " ".join(str(error).split())[:300]
        raise Unavailable(f"{permission} cannot be tried: {type(error).__name__}: {says}") from error
    return True
