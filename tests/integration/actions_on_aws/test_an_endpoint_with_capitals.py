"""A bill names an endpoint by its ARN, in small letters; what scales it takes the name as it was given."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from action_steps import ACCOUNT, REGION, World, apply, change, undo
from aws_cases import BY_HOUR, ENDPOINT, SERVERLESS

from finops.stores.state import actions

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("action", "row", "asked"),
    [
        ("scale_endpoint", ENDPOINT, {"variant": "blue", "minimum": 1, "maximum": 2}),
        ("schedule_endpoint", ENDPOINT, BY_HOUR),
        ("set_concurrency", SERVERLESS, {"variant": "blue", "concurrency": 3}),
    ],
)
def test_is_scaled_under_its_own_name_and_set_back(
    world: World, action: str, row: dict[str, Any], asked: dict[str, Any]
) -> None:
    name = f"Chat-{uuid4().hex[:8].upper()}"
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{name.lower()}"
    world.has("endpoint", resource_id=arn, **{**row, "details": {**row["details"], "name": name}})
    scaling = world.account.client("application-autoscaling", REGION)
    there = {"ServiceNamespace": "sagemaker", "ResourceIds": [f"endpoint/{name}/variant/blue"]}
    done = apply(world, change(action, arn, **asked))
    assert done.action.status == actions.APPLIED
    assert bool(scaling.describe_scalable_targets(**there)["ScalableTargets"]) is (action != "set_concurrency")
    assert undo(world, done).action.status == actions.APPLIED
    assert scaling.describe_scalable_targets(**there)["ScalableTargets"] == []
