"""From a bill's ResourceId to what a call of AWS wants: ``i-…``, ``vol-…``, a name, or an ARN."""

from __future__ import annotations

import re

from finops.rightsizing.models import Target

_EC2 = re.compile(r"(i|vol|snap|eipalloc|nat|eni|ami|lt)-([0-9a-f]{8}|[0-9a-f]{17})")
_PARTS = 6


def short(resource_id: str) -> str:
    """Return the id or name that a ResourceId ends in: ``snap-0a1``, a bucket's, an endpoint's or a group's name.

    A group's ARN ends in ``autoScalingGroupName/<name>``, a bucket's in ``:::<name>``; what is no ARN is the name.
    """
    if not resource_id.startswith("arn:"):
        return resource_id
    resource = resource_id.split(":", _PARTS - 1)[-1]
    return resource.partition("/")[2] or resource.rpartition(":")[2]


def service_of(resource_id: str) -> str:
    """Return the service that a resource is of: an ARN's own, ``ec2`` for ids as EC2's, else ``s3``."""
    if resource_id.startswith("arn:"):
        return resource_id.split(":")[2]
    return "ec2" if _EC2.fullmatch(resource_id) else "s3"


def arn_of(target: Target) -> str:
    """Return the ARN of a bucket or of what the bill names by one."""
    return target.resource_id if target.resource_id.startswith("arn:") else f"arn:aws:s3:::{target.resource_id}"
