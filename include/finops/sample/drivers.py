"""What the company measures itself: GPU hours and inference requests per cost centre and month."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from finops.core.atomic import replacing
from finops.core.periods import BillingPeriod
from finops.sample.chance import seeded
from finops.sample.company import COST_CENTERS, MODELS

_GPUS_PER_TRAFFIC = 4
_REQUESTS_PER_TRAFFIC = 2_000_000


def write(path: Path, periods: Sequence[BillingPeriod], seed: int) -> None:
    """Write one row per month, cost centre and driver, as `allocation.yml` reads them; no month hangs on another."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["billing_period", "cost_center", "driver", "quantity"])
        for period in periods:
            hours = (period.end - period.start).days * 24
            for center in COST_CENTERS:
                traffic = sum(model.traffic for model in MODELS if model.cost_center == center)
                chance = seeded(seed, "drivers", period, center)
                busy = chance.uniform(0.5, 0.8)
                gpu_hours = traffic * _GPUS_PER_TRAFFIC * hours * busy
                requests = int(traffic * _REQUESTS_PER_TRAFFIC * chance.uniform(0.8, 1.2))
                writer.writerow([period, center, "gpu_hours", f"{gpu_hours:.2f}"])
                writer.writerow([period, center, "requests", requests])
