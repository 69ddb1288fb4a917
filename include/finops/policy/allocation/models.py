"""The rules of ``allocation.yml``: pools of shared cost, and price lists of internal services."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.policy.loader import Currency, Entry, File

Column = Literal[
    "provider",
    "billing_currency",
    "provider_name",
    "billing_account_id",
    "sub_account_id",
    "sub_account_name",
    "region_id",
    "service_category",
    "service_name",
    "charge_category",
    "charge_class",
    "pricing_category",
    "commitment_discount_status",
    "cost_center",
    "ai_project",
    "ai_model",
    "ai_stage",
    "environment",
]
"""The columns of ``fct_daily_costs`` that a selection may name."""


class _Part(Entry):
    model_config = ConfigDict(populate_by_name=True)


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ValueError(f"names {twice[0]} twice")
    return values


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _all_is_none(value: Any) -> Any:
    return None if value == "all" else value


def _period(text: str) -> str:
    try:
        return str(BillingPeriod.parse(text))
    except BadInput as error:
        raise ValueError(str(error)) from None


Text = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]
Names = Annotated[tuple[Text, ...], BeforeValidator(_as_list), Field(min_length=1), AfterValidator(_unique)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Version = Annotated[int, Field(ge=1, le=1_000_000)]
Month = Annotated[str, AfterValidator(_period)]
Rate = Annotated[Decimal, Field(gt=0, lt=Decimal(10) ** 9, decimal_places=12)]


class Condition(_Part):
    """What a column may hold: one of these values, or, negated, none of them."""

    values: Names
    negated: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_yaml(cls, given: Any) -> Any:
        if isinstance(given, dict) and set(given) == {"not"}:
            return {"values": given["not"], "negated": True}
        if isinstance(given, dict) and not set(given) <= {"values", "negated"}:
            raise ValueError("is a value, a list of values, or {not: [values]}")
        return given if isinstance(given, dict) else {"values": given}


Selection = Annotated[dict[Column, Condition], Field(min_length=1)]
"""Rows for which every condition holds."""


class IfNothing(StrEnum):
    """What the gate says of a rule that moved nothing in a month."""

    REFUSE = "refuse"
    WARN = "warn"
    IGNORE = "ignore"


class _Among(_Part):
    among: Annotated[Names | None, BeforeValidator(_all_is_none)] = Field(
        default=None, description="Cost centres; None, written `all`: every one that has what is divided by."
    )
    leave_out: Names = Field(default=(), alias="except")

    @model_validator(mode="after")
    def _some_are_left(self) -> _Among:
        if self.among is not None and not set(self.among) - set(self.leave_out):
            raise ValueError("leaves out every cost centre that it names")
        return self


class Even(_Among):
    """Equal shares; among ``all``, for the cost centres with cost of their own."""

    method: Literal["even"]


class Proportional(_Among):
    """Shares by effective cost.

    ``direct``: what no pool allocates; the cost of a step-down counts until its turn. ``charged``: all that a cost
    centre has at the pool's turn. Else a selection's cost.
    """

    method: Literal["proportional"]
    to: Text = "direct"


class Telemetry(_Among):
    """Shares by a driver's quantity in the month; among ``all``, for the cost centres with a quantity."""

    method: Literal["telemetry"]
    driver: Id


class Fixed(_Part):
    """Shares that the rule names. They sum to one."""

    method: Literal["fixed"]
    shares: dict[Text, Annotated[Decimal, Field(gt=0, le=1, decimal_places=12)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _sums_to_one(self) -> Fixed:
        total = sum(self.shares.values(), Decimal(0))
        if total != 1:
            raise ValueError(f"the shares sum to {total.normalize():f}, not to 1")
        return self


Split = Annotated[Even | Proportional | Fixed | Telemetry, Field(discriminator="method")]


class Markup(_Part):
    """What is charged above cost, and the cost centre that earns it."""

    percent: Annotated[Decimal, Field(gt=0, le=1000, decimal_places=6)]
    to: Text


class _Rule(_Part):
    id: Id
    version: Version
    description: Text
    from_period: Month | None = Field(default=None, alias="from")
    to_period: Month | None = Field(default=None, alias="to")
    if_empty: IfNothing = IfNothing.WARN

    @model_validator(mode="after")
    def _months_run_forward(self) -> _Rule:
        if self.from_period and self.to_period and self.from_period > self.to_period:
            raise ValueError(f"ends with {self.to_period}, before it begins with {self.from_period}")
        return self

    def is_active(self, period: str) -> bool:
        """Tell whether the rule is for a month, ``YYYY-MM``."""
        return (self.from_period or "") <= period <= (self.to_period or "9999-99")

    def meets(self, other: _Rule) -> bool:
        """Tell whether there is a month that both rules are for."""
        last = min(self.to_period or "9999-99", other.to_period or "9999-99")
        return max(self.from_period or "", other.from_period or "") <= last

    def spans(self, other: _Rule) -> bool:
        """Tell whether this rule is for every month that ``other`` is for."""
        is_longer = (other.to_period or "9999-99") <= (self.to_period or "9999-99")
        return is_longer and (self.from_period or "") <= (other.from_period or "")

    @property
    def digest(self) -> str:
        """Digest of everything the rule says, its description apart: same text, same digest."""
        said = self.model_dump(mode="json", exclude={"description"})
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


class Pool(_Rule):
    """Shared cost, and how it is divided.

    A selection of cost centres (and providers, currencies) alone is a *step-down*: it allocates all that they have at
    that point, with what earlier rules allocated to them. Any other selection allocates rows of the bill.
    """

    select: Selection | Text
    split: Split
    markup: Markup | None = None
    if_indivisible: IfNothing = Field(default=IfNothing.REFUSE, description="Where there is nothing to divide by.")
    takes_the_rest: bool = Field(default=False, description="Takes what earlier pools with the same rows leave.")


class Price(_Rule):
    """An internal rate: quantity × rate, charged to whom the driver names, credited to who provides the service."""

    driver: Id
    cost_center: Text = Field(description="Who provides the service.")
    provider: Provider = Field(description="The bill that the service runs on, among which its charges are listed.")
    rate: Rate
    currency: Currency


class DriverFile(_Part):
    """A file of quantities per cost centre and month."""

    name: Id
    unit: Text
    file: File = Field(description="CSV: billing_period, cost_center, driver, quantity and, optionally, provider.")
    optional: bool = Field(default=False, description="The file may be absent: the driver then has no quantities.")


class Rules(_Part):
    """Everything that ``allocation.yml`` says, in its order."""

    selections: dict[Id, Selection] = Field(default_factory=dict)
    drivers: tuple[DriverFile, ...] = ()
    prices: tuple[Price, ...] = ()
    pools: tuple[Pool, ...] = ()

    def selection_of(self, pool: Pool) -> dict[Column, Condition]:
        """Return a pool's selection, whether it stands there or is named."""
        return self.selections[pool.select] if isinstance(pool.select, str) else pool.select

    def stepped_down_by(self, pool: Pool) -> tuple[str, ...]:
        """Return the cost centres whose cost a pool steps down."""
        selection = self.selection_of(pool)
        condition = selection.get("cost_center")
        is_step_down = set(selection) <= {"cost_center", "provider", "billing_currency"}
        return condition.values if condition and not condition.negated and is_step_down else ()
