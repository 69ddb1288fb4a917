"""Amounts in cents that add up.

Rounding every line on its own makes a column miss its total by a few cents. Here a total is rounded once (half away
from zero) and its lines are given cents by the largest-remainder method: every line is cut down to whole cents, and
the cents still missing go to the lines that lost most, equal losses in the order of their names. Each line is within
a cent of its exact amount, an amount without a fraction never changes, and the order of the input does not matter.

It goes from the top down: the company's total, then the cost centres and the unallocated remainder out of it, then
each statement's lines out of its own total. So lines add up to statements and statements to the company. Every table
is rounded on its own, which keeps each of its lines within a cent; services are rounded within their category.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import TypeVar

from finops.chargeback.statement.facts import exact_sum

Key = TypeVar("Key", bound=tuple[str, ...])

_WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_WITH_THREE = "BHD IQD JOD KWD LYD OMR TND"


def digits_of(currency: str) -> int:
    """Return how many decimals the currency's smallest unit has (ISO 4217), two unless it is known otherwise."""
    if currency in _WITHOUT_DECIMALS.split():
        return 0
    return 3 if currency in _WITH_THREE.split() else 2


def to_units(amount: Decimal, digits: int) -> Decimal:
    """Return an exact amount counted in the currency's smallest unit, not rounded."""
    with localcontext() as context:
        context.prec = 60
        return amount.scaleb(digits)


def rounded(amount: Decimal, digits: int) -> int:
    """Return ``amount`` in whole smallest units, rounded half away from zero."""
    return int(to_units(amount, digits).to_integral_value(rounding=ROUND_HALF_UP))


def from_units(units: int, digits: int) -> Decimal:
    """Return whole smallest units as an amount with exactly ``digits`` decimals."""
    return Decimal(units).scaleb(-digits)


def apportion(parts: Mapping[Key, Decimal | Fraction], total: int) -> dict[Key, int]:
    """Round ``parts`` to whole numbers that sum to ``total``, which must be their sum rounded either way."""
    with localcontext() as context:
        context.prec = 60
        whole = {key: math.floor(part) for key, part in parts.items()}
        lost = {key: part - whole[key] for key, part in parts.items()}
    missing = total - sum(whole.values())
    if not 0 <= missing <= sum(1 for loss in lost.values() if loss):
        raise ValueError(f"the parts do not sum to {total}")
    for key in sorted(lost, key=lambda each: (-lost[each], each))[:missing]:
        whole[key] += 1
    return whole


def apportion_nested(amounts: Mapping[Key, Decimal], total: int, digits: int, level: int) -> dict[Key, int]:
    """Round like ``apportion_amounts``, first the groups that share the key's part ``level``, then within each.

    So the lines of a group sum to what the group shows where it is a line of its own.
    """
    groups: dict[tuple[str, ...], dict[Key, Decimal]] = {}
    for key, amount in amounts.items():
        groups.setdefault((key[level],), {})[key] = amount
    sums = {group: exact_sum(lines.values()) for group, lines in groups.items()}
    rounded_groups = apportion_amounts(sums, total, digits)
    return {
        key: units
        for group, lines in groups.items()
        for key, units in apportion_amounts(lines, rounded_groups[group], digits).items()
    }


def apportion_amounts(amounts: Mapping[Key, Decimal], total: int, digits: int) -> dict[Key, int]:
    """Round exact amounts to whole smallest units that sum to ``total``."""
    return apportion({key: to_units(amount, digits) for key, amount in amounts.items()}, total)


def shares(units: Mapping[Key, int]) -> dict[Key, int | None]:
    """Return each part's share in tenths of a percent, summing to 1000; None where the whole is not positive.

    A credit's share is negative, and the others then are more than the whole.
    """
    whole = sum(units.values())
    if whole <= 0:
        return dict.fromkeys(units)
    return dict(apportion({key: Fraction(part * 1000, whole) for key, part in units.items()}, 1000))
