"""The types of a statement's sum in the reporting currency; amounts are in the smallest unit of their currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from finops.core.periods import BillingPeriod


@dataclass(frozen=True, slots=True)
class ConvertedLine:
    """An amount, its rate, and what it is in the reporting currency. ``rate_period`` is the month whose rate it is."""

    label: str
    currency: str
    digits: int
    amount: int
    rate_period: BillingPeriod
    rate: Decimal
    rate_source: str
    converted: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A statement's total charged in the reporting currency; lines, and owners, sum to the total.

    ``owners`` is the whole company's alone: every cost centre and what is not allocated.
    """

    currency: str
    digits: int
    lines: tuple[ConvertedLine, ...]
    owners: tuple[tuple[str, int], ...]
    total: int
    exact: Decimal
