"""Quantities that cost is divided by: GPU hours, requests, bytes per cost centre and month, from CSV files."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from finops.core.errors import BadInput
from finops.core.formats import Provider
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy.allocation.models import DriverFile, Rules

COLUMNS = ("billing_period", "cost_center", "driver", "quantity")
OPTIONAL = ("provider",)
LARGEST = Decimal(10) ** 17
"""A quantity is below this, so that shares can be reckoned in whole numbers without overflow."""
LARGEST_CHARGE = Decimal(10) ** 12
_DECIMALS = -12


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

    Raise BadInput that names file, line and column: for a file that is absent and not optional, a column that is
    missing or unknown, a value that is none, a quantity that stands twice.
    """
    found: list[Quantity] = []
    by_file: dict[Path, list[DriverFile]] = {}
    for driver in rules.drivers:
        by_file.setdefault(Path(driver.file.replace("{home}", str(settings.root))), []).append(driver)
    for path, drivers in by_file.items():
        if not path.exists():
            required = [driver.name for driver in drivers if not driver.optional]
            if required:
                raise BadInput(
                    f"{path} does not exist; driver {required[0]} of allocation.yml reads it (write it, or say "
                    "`optional: true`)"
                )
            continue
        rows = _read(path)
        for driver in drivers:
            _require_some(path, driver, rows)
            found += (each for each in rows if each.driver == driver.name and each.billing_period in periods)
    check_charges(rules, found)
    return sorted(found, key=lambda each: (each.billing_period, each.driver, each.cost_center, each.provider or ""))


def _require_some(path: Path, driver: DriverFile, rows: list[Quantity]) -> None:
    names = sorted({each.driver for each in rows})
    if rows and driver.name not in names:
        raise BadInput(f"{path}: has no quantity of driver {driver.name}; it has {', '.join(names)}")


def _read(path: Path) -> list[Quantity]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            names = [(name or "").strip() for name in reader.fieldnames or ()]
            _check_header(path, names)
            reader.fieldnames = names
            rows = list(_rows(path, reader))
    except (OSError, UnicodeError, csv.Error) as error:
        raise BadInput(f"{path}: not readable as CSV ({' '.join(str(error).split())})") from None
    seen: dict[tuple[str, str, str, str | None], int] = {}
    for line, each in rows:
        key = (each.billing_period, each.driver, each.cost_center, each.provider)
        if key in seen:
            raise BadInput(
                f"{path}:{line}: {each.driver} of {each.cost_center} in {each.billing_period} stands on line "
                f"{seen[key]} too; keep one of them"
            )
        seen[key] = line
    return [each for _, each in rows]


def _check_header(path: Path, names: list[str]) -> None:
    for name in COLUMNS:
        if name not in names:
            raise BadInput(f"{path}:1: lacks the column {name}; there must be {', '.join(COLUMNS)}")
    for name in names:
        if name not in (*COLUMNS, *OPTIONAL) or names.count(name) > 1:
            raise BadInput(
                f"{path}:1: column {name!r} is unknown or there twice; known: {', '.join(COLUMNS)}, provider"
            )


def _rows(path: Path, reader: csv.DictReader[str]) -> Iterator[tuple[int, Quantity]]:
    for row in reader:
        line = reader.line_num
        if None in row or None in row.values():
            raise BadInput(f"{path}:{line}: has more or fewer fields than the header")
        values = {name: text.strip() for name, text in row.items()}
        for name in COLUMNS:
            if not values[name]:
                raise BadInput(f"{path}:{line}: {name} is empty")
        try:
            period = str(BillingPeriod.parse(values["billing_period"]))
        except BadInput as error:
            raise BadInput(f"{path}:{line}: billing_period: {error}") from None
        provider = values.get("provider") or None
        if provider is not None and provider not in tuple(Provider):
            raise BadInput(f"{path}:{line}: provider {provider!r} is none of {', '.join(Provider)}")
        quantity = _quantity(values["quantity"], f"{path}:{line}")
        yield line, Quantity(period, values["driver"], values["cost_center"], provider, quantity)


def _quantity(text: str, where: str) -> Decimal:
    try:
        quantity = Decimal(text)
    except InvalidOperation:
        quantity = Decimal("NaN")
    if not quantity.is_finite() or not 0 <= quantity < LARGEST:
        raise BadInput(f"{where}: quantity {text!r} is no number from 0 to below 10^17")
    exponent = quantity.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < _DECIMALS:
        raise BadInput(f"{where}: quantity {text!r} has more than twelve decimals")
    return quantity


def check_charges(rules: Rules, found: Collection[Quantity]) -> None:
    """Raise BadInput, naming price list, cost centre and month, for a charge of 10^12 or more."""
    for price in rules.prices:
        for each in found:
            if each.driver == price.driver and each.quantity * price.rate >= LARGEST_CHARGE:
                raise BadInput(
                    f"price list {price.id}: {each.quantity:f} × {price.rate:f} for {each.cost_center} in "
                    f"{each.billing_period} is 10^12 {price.currency} or more; is the rate for this unit?"
                )
