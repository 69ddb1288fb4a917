"""A bill's ResourceId tells id or name, and the service."""

from __future__ import annotations

import pytest

from finops.rightsizing.actions.aws.names import arn_of, service_of, short
from finops.rightsizing.models import Target

OF = "us-east-1:111122223333"


@pytest.mark.parametrize(
    ("resource_id", "name", "service"),
    [
        ("i-0a1b2c3d4e5f60718", "i-0a1b2c3d4e5f60718", "ec2"),
        ("vol-0a1b2c3d", "vol-0a1b2c3d", "ec2"),
        (f"arn:aws:ec2:{OF}:snapshot/snap-0a1b2c3d4e5f60718", "snap-0a1b2c3d4e5f60718", "ec2"),
        (f"arn:aws:ec2:{OF}:elastic-ip/eipalloc-0a1b2c3d4e5f60718", "eipalloc-0a1b2c3d4e5f60718", "ec2"),
        ("checkpoints-0a1b2c3d", "checkpoints-0a1b2c3d", "s3"),
        ("arn:aws:s3:::checkpoints", "checkpoints", "s3"),
        (f"arn:aws:sagemaker:{OF}:endpoint/chat", "chat", "sagemaker"),
        (f"arn:aws:autoscaling:{OF}:autoScalingGroup:0-1:autoScalingGroupName/a/b", "a/b", "autoscaling"),
    ],
)
def test_a_resource_id_tells_its_name_and_service(resource_id: str, name: str, service: str) -> None:
    assert (short(resource_id), service_of(resource_id)) == (name, service)


def test_a_bucket_has_an_arn_without_account_and_region() -> None:
    assert arn_of(Target("aws", "1", "r", "", "checkpoints")) == "arn:aws:s3:::checkpoints"
