"""What statements are made from: facts as they were published, with exact amounts of twelve decimals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter

from finops.chargeback.invoices.models import Comparison
from finops.chargeback.statement.line_ids import line_id
from finops.core.periods import BillingPeriod
from finops.policy.cost_centers import CostCenters
from finops.policy.exchange_rates import Exchange

BILL = "source"
"""The stage of ``mart_reconciliation`` that was counted in the bills themselves."""
DIRECT = "direct"
"""``rule_id`` of a line that is the bill's own."""
CHARGE_KEY = (
    "billing_currency",
    "cost_center",
    "provider",
    "provider_name",
    "service_category",
    "service_name",
    "ai_project",
    "ai_model",
    "ai_stage",
    "charge_category",
)
"""The columns of ``Charge.key``, in its order, but for its last, ``has_required_tags``."""
_charge_key = attrgetter(*CHARGE_KEY)


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
class ChargeLine:
    """What one owner, service, model, stage and kind of charge cost in a billing period: the grain of statements."""

    cost_center: str
    provider: str
    billing_currency: str
    provider_name: str
    service_category: str
    service_name: str
    ai_project: str
    ai_model: str
    ai_stage: str
    charge_category: str
    has_required_tags: bool
    effective_cost: Decimal

    @property
    def key(self) -> tuple[str, ...]:
        """What makes the row unique within its billing period; also the order of a statement's detail lines."""
        return (*_charge_key(self), str(self.has_required_tags))


@dataclass(frozen=True, slots=True)
class Charge(ChargeLine):
    """One row of ``mart_chargeback``."""

    billed_cost: Decimal
    contracted_cost: Decimal
    list_cost: Decimal

    @property
    def line_id(self) -> str:
        """Its name in a statement, the same in every month."""
        return line_id("d", self.key)


@dataclass(frozen=True, slots=True)
class DailyCost:
    """One day's costs of one owner from one provider, by kind of charge and use of commitments."""

    cost_center: str
    provider: str
    billing_currency: str
    charge_date: date
    charge_category: str
    commitment_discount_status: str
    effective_cost: Decimal
    billed_cost: Decimal


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """One row of ``mart_reconciliation``: a provider's total in one currency at one stage of the pipeline."""

    provider: str
    billing_currency: str
    stage_order: int
    stage: str
    row_count: int
    billed_cost: Decimal
    effective_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class AllocationEntry:
    """One row of ``mart_allocated_costs`` that a rule made; ``source_digest`` is that of the rule's rows in the bill.

    ``share`` is of pool entries, ``weight`` of pool and price entries; None elsewhere.
    """

    cost_center: str
    provider: str
    billing_currency: str
    entry_kind: str
    rule_id: str
    rule_version: int
    rule_digest: str
    counterpart: str
    share: Decimal | None
    weight: Decimal | None
    effective_cost: Decimal
    billed_cost: Decimal
    source_digest: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it unique within its billing period; also the order of a statement's shared lines."""
        return (
            self.cost_center,
            self.billing_currency,
            self.provider,
            self.rule_id,
            str(self.rule_version),
            self.entry_kind,
            self.counterpart,
        )

    @property
    def line_id(self) -> str:
        """Its name in a statement: the same whenever the same rule moves cost of the same bill."""
        return line_id("s", self.key)


@dataclass(frozen=True, slots=True)
class DirectTotal:
    """The direct entries of one cost centre and bill in ``mart_allocated_costs``, summed."""

    cost_center: str
    provider: str
    billing_currency: str
    effective_cost: Decimal
    billed_cost: Decimal


@dataclass(frozen=True, slots=True)
class Saving:
    """One row of ``mart_savings``: usage of one cost centre and bill, and what prices and commitments saved on it."""

    cost_center: str
    provider: str
    billing_currency: str
    list_cost: Decimal
    contracted_cost: Decimal
    effective_cost: Decimal


@dataclass(frozen=True, slots=True)
class BillCompleteness:
    """One row of ``mart_bill_completeness``: on how many of a month's days, in UTC, a bill has charges."""

    provider: str
    billing_currency: str
    days_with_charges: int
    days_in_month: int
    last_charge_date: date | None


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """One row of ``mart_budget_use``: a cost centre's budget for the month, what is spent, what part of it is used."""

    cost_center: str
    billing_currency: str
    budget: Decimal
    used_share: Decimal
    effective_cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class UnitCost:
    """One row of ``mart_unit_costs``: what a unit of a driver costs a cost centre, or the company (None)."""

    cost_center: str | None
    billing_currency: str
    driver: str
    unit: str
    quantity: Decimal
    unit_cost: Decimal


@dataclass(frozen=True, slots=True)
class ChargedCost:
    """The rows of ``mart_charged_costs`` of one month, cost centre and currency, summed over providers."""

    billing_period: BillingPeriod
    cost_center: str
    billing_currency: str
    direct_cost: Decimal
    shared_cost: Decimal


@dataclass(frozen=True, slots=True)
class PublishedMonth:
    """All that statements of one billing period are made from. ``previous`` is None when that month is not published.

    ``adjustments`` are of closed months before it, ``previous_adjustments`` those that last month's statements show.
    ``closing`` is None and ``invoices`` empty in an open month; ``exchange`` is None without a reporting currency.
    ``source_digests`` are those of the daily rows that each charge, by its key, is summed from; ``entries`` what the
    rules of shared cost moved, ``rule_titles`` what each rule's text says it does. ``history`` is of the twelve months
    that end with this one.
    """

    build_id: str
    billing_period: BillingPeriod
    charges: tuple[Charge, ...]
    previous: tuple[ChargeLine, ...] | None
    daily: tuple[DailyCost, ...]
    control_totals: tuple[ControlTotal, ...]
    adjustments: tuple[Adjustment, ...] = ()
    closing: Closing | None = None
    exchange: Exchange | None = None
    invoices: tuple[Comparison, ...] = ()
    source_digests: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    entries: tuple[AllocationEntry, ...] = ()
    direct_totals: tuple[DirectTotal, ...] = ()
    savings: tuple[Saving, ...] = ()
    completeness: tuple[BillCompleteness, ...] = ()
    budgets: tuple[BudgetUse, ...] = ()
    unit_costs: tuple[UnitCost, ...] = ()
    history: tuple[ChargedCost, ...] = ()
    previous_adjustments: tuple[Adjustment, ...] = ()
    rule_titles: Mapping[str, str] = field(default_factory=dict)
    cost_centers: CostCenters = field(default_factory=CostCenters)
