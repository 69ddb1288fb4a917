"""Budgets of cost centres: ``budgets.yml``, amounts per month that statements are held against."""

from __future__ import annotations

from decimal import Decimal

from pydantic import ConfigDict, Field, model_validator

from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import cost_centers
from finops.policy.loader import Currency, Entry, Period, Text
from finops.policy.loader import load as load_file

FILE = "budgets.yml"


class Budget(Entry):
    """What a cost centre may spend in each month from ``from`` to ``to`` (both included), direct and shared."""

    model_config = ConfigDict(populate_by_name=True)

    cost_center: Text
    amount: Decimal = Field(gt=0, lt=Decimal(10) ** 15, decimal_places=3)
    currency: Currency
    from_period: Period = Field(alias="from")
    to_period: Period = Field(alias="to")

    @model_validator(mode="after")
    def _months_run_forward(self) -> Budget:
        if self.from_period > self.to_period:
            raise ValueError(f"ends with {self.to_period}, before it begins with {self.from_period}")
        return self

    def is_of(self, period: BillingPeriod) -> bool:
        """Tell whether it is a budget of the month."""
        return self.from_period <= period <= self.to_period


class _Budgets(Entry):
    budgets: tuple[Budget, ...] = ()


def load(settings: Settings, period: BillingPeriod | None = None) -> tuple[Budget, ...]:
    """Return the budgets of a month, or all; none without the file.

    Raise BadInput, naming file, line and key, for an invalid one, one of an unknown cost centre, and for two of one
    cost centre, currency and month.
    """
    content, found = load_file(settings, FILE, _Budgets)
    known = cost_centers.load(settings) if content.budgets else cost_centers.CostCenters()
    for number, each in enumerate(content.budgets):
        if fault := cost_centers.fault_of(settings, each.cost_center, known):
            raise found.error(("budgets", number, "cost_center"), fault)
        for other in content.budgets[:number]:
            month = max(each.from_period, other.from_period)
            same = (each.cost_center, each.currency) == (other.cost_center, other.currency)
            if same and month <= min(each.to_period, other.to_period):
                says = f"{each.cost_center} has a budget in {each.currency} for {month} already"
                raise found.error(("budgets", number), says)
    return tuple(each for each in content.budgets if period is None or each.is_of(period))
