"""Quantities that cost is divided by: GPU hours, requests, bytes per cost centre and month, from CSV files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from finops.core.errors import BadInput
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.policy import loader
from finops.policy.allocation.models import DriverFile, Rules
from finops.policy.loader import Entry, Period, Text

COLUMNS = ("billing_period", "cost_center", "driver", "quantity")
OPTIONAL = ("provider",)
LARGEST = Decimal(10) ** 17
"""A quantity is below this, so that shares can be computed in whole numbers without overflow."""
LARGEST_CHARGE = Decimal(10) ** 12
_DECIMALS = -12


def _quantity(text: Any) -> Decimal:
    try:
        quantity = Decimal(str(text))
    except InvalidOperation:
        quantity = Decimal("NaN")
    if not quantity.is_finite() or not 0 <= quantity < LARGEST:
        raise ValueError(f"{text!r} is no number from 0 to below 10^17")
    exponent = quantity.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < _DECIMALS:
        raise ValueError(f"{text!r} has more than twelve decimals")
    return quantity


class _Row(Entry):
    billing_period: Period
    cost_center: Text
    driver: Text
    quantity: Annotated[Decimal, BeforeValidator(_quantity)]
    provider: Provider | None = None


@dataclass(frozen=True, order=True, slots=True)
class Quantity:
    """What a cost centre used of a driver in a month; ``provider`` None: of all of them."""

    billing_period: str
    driver: str
    cost_center: str
    provider: str | None
    quantity: Decimal


def quantities(settings: Settings, rules: Rules, periods: Collection[str]) -> list[Quantity]:
    """Return the quantities of the months in ``periods``, of every driver that the rules list.

    Raise BadInput that names file, line and column: for a file that does not exist and is not optional, a missing or
    unknown column, an invalid value, a quantity that is given twice.
    """
    found: list[Quantity] = []
    by_file: dict[str, list[DriverFile]] = {}
    for driver in rules.drivers:
        by_file.setdefault(driver.file, []).append(driver)
    for path, drivers in by_file.items():
        rows = _read(Path(path))
        if rows is None:
            if required := [driver.name for driver in drivers if not driver.optional]:
                reads = f"driver {required[0]} of allocation.yml reads it"
                raise BadInput(f"{path} does not exist; {reads} (write it, or say `optional: true`)")
            continue
        for driver in drivers:
            _require_some(path, driver, rows)
            found += (each for each in rows if each.driver == driver.name and each.billing_period in periods)
    check_charges(rules, found)
    return sorted(found, key=lambda each: (each.billing_period, each.driver, each.cost_center, each.provider or ""))


def _require_some(path: str, driver: DriverFile, rows: list[Quantity]) -> None:
    names = sorted({each.driver for each in rows})
    if rows and driver.name not in names:
        raise BadInput(f"{path}: has no quantity of driver {driver.name}; it has {', '.join(names)}")


def _read(path: Path) -> list[Quantity] | None:
    rows = loader.rows(path, _Row)
    if rows is None:
        return None
    found: dict[tuple[str, str, str, str | None], tuple[Quantity, str]] = {}
    for where, row in rows:
        key = (str(row.billing_period), row.driver, row.cost_center, row.provider and row.provider)
        if key in found:
            line = found[key][1].rpartition(":")[2]
            what = f"{row.driver} of {row.cost_center} in {row.billing_period}"
            raise BadInput(f"{where}: {what} stands on line {line} too; keep one of them")
        found[key] = Quantity(*key, row.quantity), where
    return [quantity for quantity, _ in found.values()]


def check_charges(rules: Rules, found: Collection[Quantity]) -> None:
    """Raise BadInput, naming price list, cost centre and month, for a charge of 10^12 or more."""
    for price in rules.prices:
        for each in found:
            if each.driver == price.driver and each.quantity * price.rate >= LARGEST_CHARGE:
                raise BadInput(
                    f"price list {price.id}: {each.quantity:f} × {price.rate:f} for {each.cost_center} in "
                    f"{each.billing_period} is 10^12 {price.currency} or more; is the rate for this unit?"
                )
