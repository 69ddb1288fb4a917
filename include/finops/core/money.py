"""Money is decimal, with one scale everywhere.

Every amount is rounded once, line by line, half away from zero, to twelve decimals of its currency unit; all
stages sum these same values, so their sums are equal for any order and any number of threads. Twelve decimals
hold every AWS and GCP amount as written; Azure writes up to 24, of which the rest is below 10⁻¹² of a unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal, localcontext

SQL_TYPE = "DECIMAL(38, 12)"
"""DuckDB type of every amount, unit price and quantity."""

_SCALE = Decimal("1e-12")
_CENT = Decimal("0.01")
_PRECISION = 60
"""More digits than any sum of amounts has; Python's default of 28 would round."""
_WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_WITH_THREE = "BHD IQD JOD KWD LYD OMR TND"


def exact(value: Decimal | str | int) -> Decimal:
    """Return ``value`` at the platform's scale, rounded half away from zero."""
    return Decimal(value).quantize(_SCALE, rounding=ROUND_HALF_UP)


def cents(value: Decimal) -> Decimal:
    """Return ``value`` rounded half away from zero to two decimals, for display only."""
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """Calculate inside without rounding; a division has sixty digits. Also a decorator."""
    with localcontext(prec=_PRECISION):
        yield


@exact_arithmetic()
def exact_sum(values: Iterable[Decimal]) -> Decimal:
    """Sum amounts without rounding, also where the total has more digits than Python's default precision."""
    return sum(values, Decimal(0))


def digits_of(currency: str) -> int:
    """Return how many decimals the currency's smallest unit has (ISO 4217), two unless it is known otherwise."""
    if currency in _WITHOUT_DECIMALS.split():
        return 0
    return 3 if currency in _WITH_THREE.split() else 2


@exact_arithmetic()
def to_units(amount: Decimal, digits: int) -> Decimal:
    """Return an exact amount counted in the currency's smallest unit, not rounded."""
    return amount.scaleb(digits)


def rounded(amount: Decimal, digits: int) -> int:
    """Return ``amount`` in whole smallest units, rounded half away from zero."""
    return int(to_units(amount, digits).to_integral_value(rounding=ROUND_HALF_UP))


def from_units(units: int, digits: int) -> Decimal:
    """Return whole smallest units as an amount with exactly ``digits`` decimals."""
    return Decimal(units).scaleb(-digits)
