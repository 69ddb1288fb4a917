"""What price lists of all clouds have in common: rows, and one price of each type."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from finops.telemetry.asking import Rows

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Price:
    """What an hour of a type costs; what the list does not say of the machine is None."""

    instance_type: str
    price: Decimal
    currency: str
    vcpus: float | None = None
    memory_gib: float | None = None
    gpus: float | None = None


def one_of_each(found: Iterable[Price], what: str) -> list[Price]:
    """Return one price of each type. A type with several is left out, since nobody can tell which is right."""
    by_type: dict[tuple[str, str], set[Price]] = defaultdict(set)
    for each in found:
        by_type[each.instance_type, each.currency].add(each)
    several = sorted(name for (name, _), prices in by_type.items() if len(prices) > 1)
    if several:
        names = ", ".join(several[:5])
        _LOG.warning("%s: %d types have several prices and are left out, such as %s", what, len(several), names)
    return [next(iter(prices)) for _, prices in sorted(by_type.items()) if len(prices) == 1]


def as_rows(provider: str, region: str, source: str, read_at: datetime, found: Iterable[Price]) -> Rows:
    """Return prices by column."""
    rows: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for each in found:
        facts = (each.vcpus, each.memory_gib, each.gpus)
        row = (
            provider,
            each.instance_type,
            region,
            float(round(each.price, 6)),
            each.currency,
            *facts,
            source,
            read_at,
        )
        for name, value in zip(_COLUMNS, row, strict=True):
            rows[name].append(value)
    return rows


_COLUMNS = (
    *("provider", "instance_type", "region", "price_per_hour", "currency", "vcpus", "memory_gib", "gpus"),
    *("price_source", "priced_at"),
)
