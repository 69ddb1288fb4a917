"""What AWS scales and moto does not know of: the provisioned concurrency of an endpoint's variant."""

from __future__ import annotations

from enum import Enum

from moto.applicationautoscaling import models, responses

_MORE = {"SAGEMAKER_VARIANT_DESIRED_PROVISIONED_CONCURRENCY": "sagemaker:variant:DesiredProvisionedConcurrency"}


def know() -> None:
    """Let moto take it, in this process."""
    known = {each.name: each.value for each in models.ScalableDimensionValueSet}
    both = Enum("ScalableDimensionValueSet", known | _MORE)  # type: ignore[misc]
    for module in (models, responses):
        module.ScalableDimensionValueSet = both  # type: ignore[attr-defined]
