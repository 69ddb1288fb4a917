"""What is forecast and how: ``forecasting.yml``. Without the file, or a key in it, the default counts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from finops.core.settings import Settings
from finops.policy.loader import Entry, Text
from finops.policy.loader import load as load_file

FILE = "forecasting.yml"

Dimension = Literal["provider", "cost_center", "ai_project", "ai_model", "service_name"]
DIMENSIONS: tuple[Dimension, ...] = ("provider", "cost_center", "ai_project", "ai_model", "service_name")
"""Columns of the daily costs by which spend is divided, the outermost first."""

_Amount = Annotated[Decimal, Field(gt=-(Decimal(10) ** 15), lt=Decimal(10) ** 15, decimal_places=3)]
_Share = Annotated[Decimal, Field(ge=0, le=Decimal("0.5"), allow_inf_nan=False)]


class Event(Entry):
    """Something planned that changes usage cost on the days from ``from`` to ``to`` (both included, UTC).

    ``factor`` multiplies what is expected of the selected spend, ``amount`` is added to it each day, in ``currency``.
    Without any dimension all spend is selected.
    """

    model_config = ConfigDict(populate_by_name=True)

    name: Text
    from_day: date = Field(alias="from")
    to_day: date = Field(alias="to")
    provider: Text | None = None
    cost_center: Text | None = None
    ai_project: Text | None = None
    ai_model: Text | None = None
    service_name: Text | None = None
    factor: Decimal | None = Field(default=None, ge=0, le=1000, allow_inf_nan=False)
    amount: _Amount | None = None
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")

    @model_validator(mode="after")
    def _is_whole(self) -> Event:
        if self.from_day > self.to_day:
            raise ValueError(f"ends on {self.to_day}, before it begins on {self.from_day}")
        if (self.factor is None) == (self.amount is None):
            raise ValueError("needs either a factor or an amount, not both")
        if self.amount is not None and self.currency is None:
            raise ValueError("has an amount; say in which currency")
        return self

    @property
    def selection(self) -> dict[str, str]:
        """The dimensions that it names, with their values."""
        return {name: value for name in DIMENSIONS if (value := getattr(self, name)) is not None}


class Calendar(Entry):
    """Which usage is billed by the calendar, beside what is no usage at all, such as tax and credits."""

    services: tuple[Text, ...] = Field(
        default=("*Support*",), description="Names of services, with * for any letters; their charges recur by month."
    )

    def has(self, service: str) -> bool:
        """Tell whether a service is billed by the calendar."""
        return any(fnmatchcase(service.lower(), pattern.lower()) for pattern in self.services)


class Forecasting(Entry):
    """The levels of the hierarchy below the total, which series are too small for one of their own, and events."""

    levels: tuple[Dimension, ...] = DIMENSIONS
    hourly_levels: tuple[Dimension, ...] = ("provider", "ai_project")
    smallest_share: _Share = Field(
        default=Decimal("0.002"), description="Of a currency's spend; less is combined in (other)."
    )
    most_series: int = Field(default=600, ge=10, le=20_000, description="More are combined in (other), smallest first.")
    calendar: Calendar = Calendar()
    events: tuple[Event, ...] = ()

    @field_validator("levels", "hourly_levels")
    @classmethod
    def _in_order(cls, given: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
        if len(set(given)) != len(given):
            raise ValueError("names a level twice")
        return given


def load(settings: Settings) -> Forecasting:
    """Return what is configured. Raise BadInput, naming file, line and key, for an invalid entry."""
    content, found = load_file(settings, FILE, Forecasting)
    for number, each in enumerate(content.events):
        for name in each.selection:
            if name not in content.levels:
                says = f"{name} is no level of the forecast (levels are {', '.join(content.levels)})"
                raise found.error(("events", number, name), says)
    return content
