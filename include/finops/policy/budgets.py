"""Budgets of cost centres: ``budgets.yml``, amounts per month that statements are held against."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy.configuration import Currency, Period, entries_of, entry_of, read_mapping

FILE = "budgets.yml"


class Budget(BaseModel):
    """What a cost centre may spend in each month from ``from`` to ``to`` (both included), direct and shared."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    cost_center: str = Field(min_length=1)
    amount: Decimal = Field(gt=0, lt=Decimal(10) ** 15, decimal_places=3)
    currency: Currency
    from_period: Period = Field(alias="from")
    to_period: Period = Field(alias="to")

    @model_validator(mode="after")
    def _months_run_forward(self) -> Budget:
        if self.from_period > self.to_period:
            raise ValueError(f"ends with {self.to_period}, before it begins with {self.from_period}")
        return self


def load(settings: Settings, period: BillingPeriod) -> tuple[Budget, ...]:
    """Return the budgets of a month; none without the file.

    Raise BadInput, naming entry and key, for what is no budget, and for two of one cost centre, currency and month.
    """
    content = read_mapping(settings.configuration_dir / FILE)
    if unknown := sorted(set(content.content) - {"budgets"}):
        raise content.error((unknown[0],), "is no setting; there is budgets")
    found = [(where, entry_of(Budget, entry, where)) for where, entry in entries_of(content, "budgets")]
    seen: list[tuple[str, Budget]] = []
    for where, each in found:
        for _, other in seen:
            same = (each.cost_center, each.currency) == (other.cost_center, other.currency)
            if same and max(each.from_period, other.from_period) <= min(each.to_period, other.to_period):
                month = max(each.from_period, other.from_period)
                raise BadInput(f"{where}: {each.cost_center} has a budget in {each.currency} for {month} already")
        seen.append((where, each))
    return tuple(each for _, each in found if each.from_period <= period <= each.to_period)
