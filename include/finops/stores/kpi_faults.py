"""Months whose KPIs could not be built or were refused: what they were made of, and why. ``kpis/faults.json``.

A month stays on its last published KPIs, and is left alone until its bills, telemetry or targets change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from finops.core.atomic import write_whole
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings


@dataclass(frozen=True, slots=True)
class KpiFault:
    """Why a month's KPIs were not published, and the digest of what they were made of."""

    digest: str
    reason: str


_FAULTS = TypeAdapter(dict[str, KpiFault])


def standing(settings: Settings) -> dict[BillingPeriod, KpiFault]:
    """Return the faults by month; none where the file is damaged: then the months are tried once more."""
    try:
        found = _FAULTS.validate_json(_path(settings).read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}
    return {BillingPeriod.parse(month): fault for month, fault in sorted(found.items())}


def note(settings: Settings, month: BillingPeriod, fault: KpiFault | None) -> None:
    """Note a month's fault, or with None that it has none any more."""
    with exclusive(settings, "kpi-faults"):
        before = standing(settings)
        after = {each: known for each, known in before.items() if each != month}
        if fault is not None:
            after[month] = fault
        if after != before:
            write_whole(_path(settings), _as_json(after))


def _as_json(faults: Mapping[BillingPeriod, KpiFault]) -> str:
    return json.dumps({str(month): asdict(fault) for month, fault in sorted(faults.items())}, indent=1)


def _path(settings: Settings) -> Path:
    return settings.root / "kpis" / "faults.json"
