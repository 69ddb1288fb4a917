"""AWS: what EC2, Elastic Load Balancing, Auto Scaling, SageMaker and S3 list of one account, and CloudWatch counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.text import shown
from finops.policy.telemetry import AwsInventory
from finops.telemetry.monitors.inventories import aws_buckets, aws_compute, aws_metrics, aws_services
from finops.telemetry.monitors.inventories.aws_region import READ_FILE, Account, AwsRegion
from finops.telemetry.monitors.inventories.parts import Denied, Inventory, Part, Silent

ATTEMPTS = 6
"""Requests for one answer, the first included; botocore repeats what is throttled."""

_BUSY = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "Unavailable",
    }
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})

_LISTINGS = (
    ("group", "autoscaling", aws_services.groups, ("autoscaling:DescribeAutoScalingGroups",)),
    ("machine", "ec2", aws_compute.machines, ("ec2:DescribeInstances", "ec2:DescribeInstanceTypes")),
    ("disk", "ec2", aws_compute.disks, ("ec2:DescribeVolumes",)),
    ("snapshot", "ec2", aws_compute.snapshots, ("ec2:DescribeSnapshots",)),
    ("address", "ec2", aws_compute.addresses, ("ec2:DescribeAddresses",)),
    ("load_balancer", "elbv2", aws_services.load_balancers, aws_services.BALANCER_READS),
    ("notebook", "sagemaker", aws_services.notebooks, aws_services.NOTEBOOK_READS),
    ("endpoint", "sagemaker", aws_services.endpoints, aws_services.ENDPOINT_READS),
)
"""Type, service, listing, and the permissions that it needs, of a region."""

PERMISSIONS = frozenset(
    (*(each for *_, needs in _LISTINGS for each in needs), *aws_buckets.READS, aws_metrics.METRIC_READ)
)
"""All that is asked."""

_PERMISSIONS = {
    "DescribeScalableTargets": "application-autoscaling:DescribeScalableTargets",
    "GetCallerIdentity": "sts:GetCallerIdentity",
    "ListBuckets": "s3:ListAllMyBuckets",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListParts": "s3:ListMultipartUploadParts",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
}
"""Permissions that are not called as their call is, or are of another service than what is listed."""

Clients = Callable[[str, str, int], Any]
"""From a service, a region, and the seconds that an answer may take, to boto3's client."""


class AwsResources(Inventory):
    """The regions of one source."""

    def __init__(self, source: AwsInventory, clients: Clients | None = None) -> None:
        super().__init__(source, "aws", source.types)
        self._aws, self._clients = source, clients or _default_client
        self._made: dict[tuple[str, str], Any] = {}

    def __exit__(self, *_: object) -> None:
        """Forget the clients."""
        self._made.clear()

    def parts(self) -> Iterator[Part]:
        """Yield the parts of each region: groups before machines, and disks before their snapshots."""
        for name in self._aws.regions:
            region = self._region(name)
            for kind, service, listing, _ in _LISTINGS:
                yield Part(kind, name, service, partial(listing, region))
        first = self._aws.regions[0]
        buckets = partial(aws_buckets.buckets, self._region, first, lambda: self._account)
        yield Part("bucket", "the account", "s3", buckets)

    def explain(self, error: Exception, part: Part) -> FinopsError | None:
        """Return what an error of boto3's means; no message of AWS's is repeated, since it may quote what was sent."""
        where = f"{part.service} in {part.place}"
        if isinstance(error, ClientError):
            return _refusal(where, part.service, error)
        if isinstance(error, NoCredentialsError | PartialCredentialsError):
            return BadInput("no usable AWS credentials; configure the connection of the source, or AWS's own chain")
        if isinstance(error, BotoCoreError):
            return Silent(f"{where} does not answer ({shown(type(error).__name__)}); the next run asks again")
        return None

    @cached_property
    def _account(self) -> Account:
        """Which account it is, as any of its regions says: the first may be down."""
        *others, last = self._aws.regions
        for region in others:
            with suppress(BotoCoreError):
                return self._identity(region)
        return self._identity(last)

    def _identity(self, region: str) -> Account:
        found = self._client("sts", region=region).get_caller_identity()
        return Account(found["Account"], found["Arn"].split(":")[1])

    def _region(self, name: str) -> AwsRegion:
        return AwsRegion(name, partial(self._client, region=name), lambda: self._account)

    def _client(self, service: str, region: str) -> Any:
        if (service, region) not in self._made:
            self._made[service, region] = self._clients(service, region, self._source.timeout_seconds)
        return self._made[service, region]


def permission_of(service: str, operation: str) -> str:
    """Return the permission that a call needs."""
    return _PERMISSIONS.get(operation, f"{service.replace('elbv2', 'elasticloadbalancing')}:{operation}")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def _refusal(where: str, service: str, error: ClientError) -> FinopsError:
    code = _code(error)
    if code in _DENIED:
        return Denied(permission_of(service, error.operation_name), READ_FILE)
    if code in _BUSY:
        return Unavailable(f"{where} is busy and answered {code}; the next run asks again")
    if code in _EXPIRED:
        return Unavailable("the credentials have expired; renew them and run again")
    return BadInput(f"{where} refuses the request ({shown(code)}); correct the credentials or the source")


def _default_client(service: str, region: str, seconds: int) -> Any:
    retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
    config = Config(retries=retries, connect_timeout=10, read_timeout=seconds)
    return boto3.client(service, region_name=region, config=config)
