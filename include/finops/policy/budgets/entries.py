"""What ``budgets.yml`` may hold, and a cost centre's amounts per month, which statements are held against."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import cost_centers
from finops.policy.budgets.calendar import Per
from finops.policy.budgets.mirrors import Mirror
from finops.policy.budgets.models import Action, Kpi, Threshold
from finops.policy.loader import Currency, Entry, Period, Text
from finops.policy.loader import load as load_file
from finops.policy.located_yaml import Located

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


def _threshold(value: Any) -> Any:
    return Threshold.parse(value) if isinstance(value, str) else value


def _values(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Amount = Annotated[Decimal, Field(gt=0, lt=Decimal(10) ** 15, decimal_places=3)]
Limit = Annotated[Decimal, Field(gt=0, lt=Decimal(10) ** 15, decimal_places=12)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
At = Annotated[Threshold, BeforeValidator(_threshold)]
Values = Annotated[tuple[Text, ...], BeforeValidator(_values), Field(min_length=1)]
ScopeEntry = dict[str, Values]


class ActionEntry(Entry):
    """What is proposed (``do``) once a threshold (``when``) is reached."""

    do: Action
    when: At = Threshold.parse("actual 100")


class Node(Entry):
    """A budget in the tree. What it does not say of these it has from its parent: scope, currency, per, from, to,
    owner, channel, thresholds, actions."""

    model_config = ConfigDict(populate_by_name=True)

    id: Id
    name: Text | None = None
    scope: ScopeEntry = Field(default_factory=dict)
    amount: Amount | None = None
    schedule: dict[Period, Amount] = Field(default_factory=dict)
    currency: Currency | None = None
    per: Per | None = None
    from_period: Period | None = Field(default=None, alias="from")
    to_period: Period | None = Field(default=None, alias="to")
    roll_over: bool = False
    owner: Text | None = None
    channel: Text | None = None
    thresholds: tuple[At, ...] | None = None
    actions: tuple[ActionEntry, ...] | None = None
    children: tuple[Node, ...] = ()


class KpiEntry(Entry):
    """A limit of a KPI: ``at_most`` of a cost, ``at_least`` (percent) of a utilization."""

    model_config = ConfigDict(populate_by_name=True)

    id: Id
    name: Text | None = None
    kpi: Kpi
    scope: ScopeEntry = Field(default_factory=dict)
    at_most: Limit | None = None
    at_least: Limit | None = None
    currency: Currency | None = None
    per: Per = Per.MONTH
    from_period: Period = Field(alias="from")
    to_period: Period = Field(alias="to")
    owner: Text | None = None
    channel: Text | None = None

    @model_validator(mode="after")
    def _has_its_limit(self) -> KpiEntry:
        wanted, other = ("at_least", "at_most") if self.kpi.is_better_high else ("at_most", "at_least")
        if getattr(self, wanted) is None or getattr(self, other) is not None:
            raise ValueError(f"a budget of {self.kpi.value} has {wanted}, and no {other}")
        if self.kpi.is_better_high != (self.currency is None):
            raise ValueError(f"a budget of {self.kpi.value} has {'no' if self.kpi.is_better_high else 'a'} currency")
        if self.from_period > self.to_period:
            raise ValueError(f"ends with {self.to_period}, before it begins with {self.from_period}")
        return self


class File(Entry):
    """The file. ``strict``: children that have more than their parent are an error, not a warning."""

    budgets: tuple[Budget, ...] = ()
    tree: tuple[Node, ...] = ()
    kpis: tuple[KpiEntry, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    strict: bool = False


def load(settings: Settings, period: BillingPeriod | None = None) -> tuple[Budget, ...]:
    """Return cost centres' budgets of a month, or all; none without the file.

    Raise BadInput, naming file, line and key, for an invalid one, one of an unknown cost centre, and for two of one
    cost centre, currency and month.
    """
    content, found = load_file(settings, FILE, File)
    check_cost_centers(settings, content, found)
    return tuple(each for each in content.budgets if period is None or each.is_of(period))


def check_cost_centers(settings: Settings, content: File, found: Located) -> None:
    """Raise BadInput for a budget of an unknown cost centre, or for two of one month. See ``load``."""
    known = cost_centers.load(settings) if content.budgets else cost_centers.CostCenters()
    before: dict[tuple[str, str], list[Budget]] = {}
    for number, each in enumerate(content.budgets):
        if fault := cost_centers.fault_of(settings, each.cost_center, known):
            raise found.error(("budgets", number, "cost_center"), fault)
        for other in before.setdefault((each.cost_center, each.currency), []):
            month = max(each.from_period, other.from_period)
            if month <= min(each.to_period, other.to_period):
                says = f"{each.cost_center} has a budget in {each.currency} for {month} already"
                raise found.error(("budgets", number), says)
        before[each.cost_center, each.currency].append(each)
