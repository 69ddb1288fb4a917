"""Thresholds of the rules that find waste: ``rules`` of ``rightsizing.yml``."""

from __future__ import annotations

from finops.policy.loader import Entry


class Rules(Entry):
    """What counts as waste, by rule."""
