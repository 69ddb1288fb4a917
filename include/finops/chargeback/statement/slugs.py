"""Folder names for cost centres, whatever a tag may hold."""

from __future__ import annotations

import hashlib
import re

COMPANY = "company"
"""The folder of the whole company's statement; no cost centre can have it."""

_PLAIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST = 48


def slug_of(cost_center: str) -> str:
    """Return a folder name of lower-case letters, digits and hyphens that belongs to this cost centre alone.

    A plain name stays as it is. Any other gets a digest after two hyphens, which no plain name has, so that no two
    cost centres can meet in one folder and none can leave its own.
    """
    if len(cost_center) <= _LONGEST and cost_center != COMPANY and _PLAIN.fullmatch(cost_center):
        return cost_center
    readable = re.sub(r"[^a-z0-9]+", "-", cost_center.lower())[:32].strip("-") or "cost-centre"
    return f"{readable}--{hashlib.sha256(cost_center.encode()).hexdigest()[:16]}"
