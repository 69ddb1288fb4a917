"""Money is decimal, with one scale everywhere.

Every amount is rounded once, line by line, half away from zero, to twelve decimals of its currency unit; all
stages sum these same values, so their sums are equal for any order and any number of threads. Twelve decimals
hold every AWS and GCP amount as written; Azure writes up to 24, of which the rest is below 10⁻¹² of a unit.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

SQL_TYPE = "DECIMAL(38, 12)"
"""DuckDB type of every amount, unit price and quantity."""

_SCALE = Decimal("1e-12")
_CENT = Decimal("0.01")


def exact(value: Decimal | str | int) -> Decimal:
    """Return ``value`` at the platform's scale, rounded half away from zero."""
    return Decimal(value).quantize(_SCALE, rounding=ROUND_HALF_UP)


def cents(value: Decimal) -> Decimal:
    """Return ``value`` rounded half away from zero to two decimals, for display only."""
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)
