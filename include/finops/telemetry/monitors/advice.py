"""What recommendations of all clouds have in common: rows, amounts and texts as the columns take them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from finops.core.text import shown
from finops.telemetry.advice import RECOMMENDATIONS
from finops.telemetry.asking import Rows

_LONGEST_TITLE = 400


def recommendation(
    observed_at: datetime, saving: float | None, title: str, details: Mapping[str, Any], **columns: str | None
) -> dict[str, Any]:
    """Return a row; what is empty in details is left out."""
    told = {name: value for name, value in details.items() if value not in (None, "", {}, [])}
    return {
        **columns,
        "observed_at": observed_at,
        "monthly_saving": None if saving is None else round(saving, 6),
        "currency": columns.get("currency") if saving is not None else None,
        "title": shown(title, _LONGEST_TITLE),
        "details": json.dumps(told, sort_keys=True) if told else None,
    }


def as_rows(found: Sequence[Mapping[str, Any]]) -> Rows:
    """Return recommendations by column."""
    return {each.name: [row.get(each.name) for row in found] for each in RECOMMENDATIONS.columns}


def number(value: Any) -> float | None:
    """Return an amount, which Azure gives as a text; None where there is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
