"""The files that a closed month was frozen in: where they are, and that they are what was recorded."""

from __future__ import annotations

import hashlib
from pathlib import Path

from finops.core.errors import Finding
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores.state.closing import ClosedPeriod

CHARGES = "charges.parquet"
"""A closed month's rows of ``mart_chargeback``."""


def folder_of(settings: Settings, period: BillingPeriod) -> Path:
    """Return where a closed month's files are."""
    return settings.closed_dir / f"billing_period={period}"


def verified(settings: Settings, closed: ClosedPeriod, name: str) -> Path:
    """Return where a frozen file is. Raise Finding when it is not what was recorded."""
    path = folder_of(settings, closed.billing_period) / name
    found = sha256(path) if path.exists() else "missing"
    if found != closed.frozen[name]:
        raise Finding(
            f"{path} is not what was recorded when {closed.billing_period} was closed ({found[:12]}, not "
            f"{closed.frozen[name][:12]}); put it back from a backup"
        )
    return path


def sha256(path: Path) -> str:
    """Return the digest of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
