"""The columns of FOCUS 1.2, as its specification names, types and constrains them, and the names of what 1.3 adds.

Inside the platform the names are snake_case (``snake``); what leaves it carries the specification's own.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files


class Kind(StrEnum):
    """Data types of the specification."""

    TEXT = "String"
    DECIMAL = "Decimal"
    MOMENT = "Date/Time"
    JSON = "JSON"


class Level(StrEnum):
    """Feature levels of the specification."""

    MANDATORY = "Mandatory"
    CONDITIONAL = "Conditional"
    RECOMMENDED = "Recommended"


@dataclass(frozen=True, slots=True)
class FocusColumn:
    """One column: its name in the specification and what it may hold. Empty ``allowed``: anything of its kind."""

    name: str
    kind: Kind
    level: Level
    is_nullable: bool
    allowed: tuple[str, ...]

    @property
    def snake(self) -> str:
        """The column's name inside the platform."""
        return snake(self.name)


def snake(name: str) -> str:
    """Return the name inside the platform of a column of the specification."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _columns() -> Iterator[FocusColumn]:
    with files("finops.core").joinpath("focus.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            allowed = tuple(filter(None, row["allowed"].split("|")))
            yield FocusColumn(row["column"], Kind(row["kind"]), Level(row["level"]), row["nullable"] == "yes", allowed)


COLUMNS: tuple[FocusColumn, ...] = tuple(_columns())
"""The columns in the order of the specification, from ``focus.csv`` beside this file."""

NEWER: tuple[str, ...] = (
    "AllocatedMethodDetails",
    "AllocatedMethodId",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AllocatedTags",
    "ContractApplied",
    "HostProviderName",
    "ServiceProviderName",
)
"""The columns that FOCUS 1.3 adds: texts and JSON, each optional here."""

NAMES: dict[str, str] = {snake(name): name for name in (*(column.name for column in COLUMNS), *NEWER)}
"""Name of the specification by the name inside the platform."""

KNOWN_ADJUSTMENTS = ("Refund", "SavingsPlanNegation", "RoundingAdjustment", "adjustment", "rounding_error")
"""Native line types (``x_charge_type``) that are mapped to the charge category Adjustment; any other is unmapped."""
