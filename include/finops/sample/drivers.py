"""What the company measures itself: GPU hours and inference requests per cost centre and month."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from finops.core.periods import BillingPeriod
from finops.sample.chance import seeded
from finops.sample.company import COST_CENTERS, MODELS
from finops.sample.files import write_csv

_GPUS_PER_TRAFFIC = 4
_REQUESTS_PER_TRAFFIC = 2_000_000


def write(path: Path, periods: Sequence[BillingPeriod], seed: int) -> None:
    """Write one row per month, cost centre and driver, as `allocation.yml` reads them. No month depends on another."""
    rows: list[list[object]] = []
    for period in periods:
        hours = (period.end - period.start).days * 24
        for center in COST_CENTERS:
            traffic = sum(model.traffic for model in MODELS if model.cost_center == center)
            chance = seeded(seed, "drivers", period, center)
            busy = chance.uniform(0.5, 0.8)
            gpu_hours = traffic * _GPUS_PER_TRAFFIC * hours * busy
            requests = int(traffic * _REQUESTS_PER_TRAFFIC * chance.uniform(0.8, 1.2))
            rows.append([period, center, "gpu_hours", f"{gpu_hours:.2f}"])
            rows.append([period, center, "requests", requests])
    write_csv(path, ["billing_period", "cost_center", "driver", "quantity"], rows)
