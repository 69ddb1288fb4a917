"""How much of the provisioned concurrency of serverless endpoints is in use, by the hour."""

from __future__ import annotations

import numpy as np

from finops.sample.telemetry import machines
from finops.sample.telemetry.assets import CONCURRENCY_IN_USE
from finops.sample.telemetry.counts import rhythm
from finops.sample.telemetry.scene import Scene

_MARGIN = 3.0
"""Percentage points between an average and its maximum."""


def write(scene: Scene) -> None:
    """Write it of each endpoint that has some."""
    for asset in scene.assets:
        if part := CONCURRENCY_IN_USE.get(asset.purpose):
            average = np.minimum(100 * part * rhythm(scene.period, asset.hours), 97.0)
            machines.measure(scene, asset, asset.hours, {"concurrency_utilization": (average, _MARGIN)})
