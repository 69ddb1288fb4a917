"""What a budget is once the file is read: its scope, periods, amounts, thresholds and actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from finops.core.money import exact_sum
from finops.policy.budgets.calendar import Per, Span, months_of

COST_DIMENSIONS = (
    *("provider", "cost_center", "ai_project", "ai_model", "ai_stage", "environment", "service_category"),
    *("service_name", "region_id", "billing_account_id", "sub_account_id", "sub_account_name", "charge_category"),
    *("pricing_category", "commitment_discount_status", "provider_name"),
)
"""The columns of ``fct_daily_costs`` that a scope may name."""

Scope = tuple[tuple[str, tuple[str, ...]], ...]
"""Dimensions in the order of ``COST_DIMENSIONS``, each with the values that count, sorted. Without any: all charges."""


class Measure(StrEnum):
    """What a threshold is held against, in percent of the budget; a probability is percent by itself.

    ``adjusted`` is the forecast as if no recent day had been out of the ordinary.
    """

    ACTUAL = "actual"
    FORECAST = "forecast"
    PROBABILITY = "probability"
    ADJUSTED = "adjusted"


@dataclass(frozen=True, slots=True, order=True)
class Threshold:
    """A measure and the percent at which it is reached; written ``actual 80``."""

    measure: Measure
    percent: int

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """Read ``actual 80``. Raise ValueError for anything else."""
        name, _, number = text.strip().partition(" ")
        known = ", ".join(each.value for each in Measure)
        if name not in set(Measure) or not number.isdecimal() or not 0 < int(number) <= 1000:
            raise ValueError(f"must be a measure and percent such as 'actual 80' (measures: {known})")
        if name == Measure.PROBABILITY and int(number) > 100:
            raise ValueError("a probability is at most 100 percent")
        return cls(Measure(name), int(number))

    def __str__(self) -> str:
        return f"{self.measure.value} {self.percent}"


DEFAULT_THRESHOLDS = tuple(
    map(
        Threshold.parse,
        ("actual 50", "actual 80", "actual 100", "forecast 100", "probability 80", "adjusted 100"),
    )
)


class Action(StrEnum):
    """What is proposed when a threshold is reached, the mildest first."""

    APPROVAL = "approval"
    THROTTLE = "throttle"
    STOP = "stop"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class ActionRule:
    """An action and the threshold at which it is proposed."""

    action: Action
    when: Threshold


class Kpi(StrEnum):
    """KPIs that can have a budget: cost per inference, cost of a model version, utilization of GPUs."""

    COST_PER_INFERENCE = "cost_per_inference"
    MODEL_VERSION_COST = "model_version_cost"
    GPU_UTILIZATION = "gpu_utilization"

    @property
    def is_better_high(self) -> bool:
        """Whether more is better."""
        return self is Kpi.GPU_UTILIZATION

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions that its scope may name."""
        if self is Kpi.GPU_UTILIZATION:
            return ("provider", "cost_center", "ai_model", "ai_stage")
        return ("provider", "ai_model")


@dataclass(frozen=True, slots=True)
class Line:
    """One budget. Amounts are of ``currency`` per period of ``per``, from ``first`` to ``last`` (both included).

    ``schedule`` has amounts of single months (YYYY-MM), which go before ``amount``. ``is_allocated``: shared cost
    counts as statements have it; else direct cost alone. A KPI budget's ``amount`` is the KPI's limit.
    """

    id: str
    name: str
    parent: str
    depth: int
    scope: Scope
    currency: str
    per: Per
    amount: Decimal | None
    schedule: Mapping[str, Decimal]
    first: date
    last: date
    roll_over: bool = False
    owner: str = ""
    channel: str = ""
    thresholds: tuple[Threshold, ...] = DEFAULT_THRESHOLDS
    actions: tuple[ActionRule, ...] = ()
    is_allocated: bool = False
    kpi: Kpi | None = None
    where: str = field(default="", compare=False)

    @property
    def scope_text(self) -> str:
        """The scope in words: ``cost_center cc-1001, ai_project atlas``."""
        return ", ".join(f"{name} {' or '.join(values)}" for name, values in self.scope) or "all charges"

    def period_of(self, day: date) -> Span | None:
        """Return the period that holds a day; None where the budget has none then."""
        found = self.per.period_of(day, self.first)
        return found if found is not None and self.first <= found.first and self._ends(found) else None

    def _ends(self, span: Span) -> bool:
        # A week belongs to the month in which it begins.
        return span.first <= self.last if self.per is Per.WEEK else span.last <= self.last

    def previous(self, span: Span) -> Span | None:
        """Return the period before one; None before the first."""
        return self.period_of(span.day_before)

    def amount_of(self, span: Span) -> Decimal:
        """Return the amount of a period, without what was rolled over."""
        if not self.schedule:
            return self.amount or Decimal(0)
        if self.per is Per.WEEK or (self.per is not Per.MONTH and self.amount is not None):
            return self.amount or Decimal(0)
        months = months_of(span)
        return exact_sum(self.schedule.get(month, self.amount or Decimal(0)) for month in months)
