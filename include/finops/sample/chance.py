"""Random numbers that repeat."""

from __future__ import annotations

from random import Random

import numpy as np

from finops.core.periods import BillingPeriod


def seeded(*parts: object) -> Random:
    """Return a generator that depends only on ``parts``, the same on every machine and in every run."""
    return Random("/".join(str(part) for part in parts))  # noqa: S311 - invented bills, no secrets


def noise(period: BillingPeriod, seed: int, *salts: int) -> np.random.Generator:
    """Return the generator of a month's many draws; each use has salts of its own."""
    return np.random.default_rng([seed, *salts, period.year, period.month])
