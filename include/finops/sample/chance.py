"""Chance that repeats itself."""

from __future__ import annotations

from random import Random


def seeded(*parts: object) -> Random:
    """Return a generator that depends on ``parts`` alone, the same on every machine and every run."""
    return Random("/".join(str(part) for part in parts))  # noqa: S311 - invented bills, no secrets
