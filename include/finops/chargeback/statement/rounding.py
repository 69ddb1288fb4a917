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
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from finops.chargeback.statement.facts import Adjustment, AllocationEntry
from finops.core.money import exact_arithmetic, exact_sum, rounded, to_units

Key = TypeVar("Key", bound=tuple[str, ...])
Row = TypeVar("Row", AllocationEntry, Adjustment)


def apportion(parts: Mapping[Key, Decimal | Fraction], total: int) -> dict[Key, int]:
    """Round ``parts`` to whole numbers that sum to ``total``, which must be their sum rounded either way."""
    with exact_arithmetic():
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


def rounded_rows(rows: Sequence[Row], digits: int, level: int) -> Iterator[tuple[Row, int, int]]:
    """Yield rows in the order of their keys with effective and billed cost in smallest units.

    Each total is rounded once, the groups of the key's part ``level`` within it, and the rows within their group.
    """
    shown = []
    for amounts in ({r.key: r.effective_cost for r in rows}, {r.key: r.billed_cost for r in rows}):
        shown.append(apportion_nested(amounts, rounded(exact_sum(amounts.values()), digits), digits, level))
    for row in sorted(rows, key=lambda each: each.key):
        yield row, shown[0][row.key], shown[1][row.key]


def shares(units: Mapping[Key, int]) -> dict[Key, int | None]:
    """Return each part's share in tenths of a percent, summing to 1000; None where the whole is not positive.

    A credit's share is negative, and the others then are more than the whole.
    """
    whole = sum(units.values())
    if whole <= 0:
        return dict.fromkeys(units)
    return dict(apportion({key: Fraction(part * 1000, whole) for key, part in units.items()}, 1000))
