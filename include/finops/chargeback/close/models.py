"""The types of closing: who closed a month, what it became since, and the sum in a reporting currency.

As in ``models``, what is *shown* counts the currency's smallest unit; everything else is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from finops.core.periods import BillingPeriod


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an adjustment comes from: the closed statements it changes, and the loads that changed them.

    ``statements_digest`` is that of the closed month's ``manifest.json``; ``loads`` has one line per publication of the
    provider's month since, with its deliveries.
    """

    statements_digest: str
    loads: tuple[str, ...]

    @property
    def text(self) -> str:
        """In one line."""
        return "; ".join((f"statements {self.statements_digest[:12]}", *self.loads))


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a closed month's costs have changed by since statements last showed them; exact amounts."""

    billing_period: BillingPeriod
    cost_center: str
    provider: str
    billing_currency: str
    service_category: str
    service_name: str
    charge_category: str
    effective_cost: Decimal
    billed_cost: Decimal
    origin: Origin

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it unique among the adjustments that one month's statements show; also their order."""
        return (
            str(self.billing_period),
            self.cost_center,
            self.provider,
            self.billing_currency,
            self.service_category,
            self.service_name,
            self.charge_category,
        )


@dataclass(frozen=True, slots=True)
class Closing:
    """Who closed a month, when (UTC), and by which rules: names of configuration files with their sha256."""

    by: str
    at: datetime
    rules: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AdjustmentLine:
    """An adjustment with its shown amounts, which add up to the block's totals."""

    adjustment: Adjustment
    effective: int
    billed: int


@dataclass(frozen=True, slots=True)
class AdjustmentBlock:
    """Adjustments to closed months in one currency, beside the month's own costs and never among them."""

    lines: tuple[AdjustmentLine, ...]
    effective: int
    billed: int
    exact_effective: Decimal
    exact_billed: Decimal


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
