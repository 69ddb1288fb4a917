"""The files that a closed month was frozen in: where they are, and that they are what was recorded."""

from __future__ import annotations

from pathlib import Path

from finops.core.atomic import sha256_of
from finops.core.errors import Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores.state.closing import ClosedPeriod

CHARGES = "charges.parquet"
"""A closed month's rows of ``mart_chargeback``."""
ALLOCATED = "allocated.parquet"
"""What the rules for shared cost allocated in it; months that older releases closed have none."""


def folder_of(settings: Settings, period: BillingPeriod) -> Path:
    """Return where a closed month's files are."""
    return settings.closed_dir / f"billing_period={period}"


def verified(settings: Settings, closed: ClosedPeriod, name: str) -> Path:
    """Return where a frozen file is. Raise Finding when it is not what was recorded."""
    path = folder_of(settings, closed.billing_period) / name
    return as_recorded(closed, path, sha256_of(path) if path.exists() else "missing", closed.frozen[name])


def as_recorded(closed: ClosedPeriod, path: Path, found: str, recorded: str) -> Path:
    """Return ``path``. Raise Finding when its digest is not the one recorded of it."""
    if found != recorded:
        raise Finding(
            f"{path} is not what was recorded when {closed.billing_period} was closed ({found[:12]}, not "
            f"{recorded[:12]}); put it back from a backup"
        )
    return path
