"""Amounts as the bills write them, and their exact sums."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

Floats = np.ndarray
_UNIT = 10_000_000_000  # AWS and GCP amounts have at most ten decimals
_SAFE = 100_000.0  # below it a double holds ten decimals without loss


def rounded(values: Floats, decimals: int = 10) -> Floats:
    """Round to what a bill would write."""
    return np.round(values, decimals) + 0.0


def total(values: Floats) -> Decimal:
    """Sum doubles as the decimals they stand for. Nulls (NaN) count as nothing."""
    values = values[~np.isnan(values)]
    is_small = np.abs(values) < _SAFE
    units = np.rint(values[is_small] * _UNIT).astype(np.int64)
    whole, rest = units >> 20, units & 0xFFFFF
    small = (int(whole.sum()) << 20) + int(rest.sum())
    large = sum((Decimal(repr(float(value))) for value in values[~is_small]), Decimal(0))
    return Decimal(small) / _UNIT + large
