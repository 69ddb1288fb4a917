"""A series: one metered thing whose lines differ only in time and amount."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from random import Random
from typing import Any, TypeVar

from finops.sample.company import Account, Ownership
from finops.sample.models import SeriesKey
from finops.sample.rhythm import Pattern

T = TypeVar("T")
Offer = dict[str, str]


@dataclass(slots=True)
class Series:
    """What all lines of one metered thing share.

    ``shared`` has the column values of the offer, ``own`` those of this resource; ``own`` wins. ``level`` is the
    usual usage per hour, ``rate`` the price of one unit. ``first`` and ``last`` bound its life.
    """

    shared: Mapping[str, Any]
    own: dict[str, Any]
    key: SeriesKey
    rate: float
    level: float
    pattern: Pattern = Pattern.FLAT
    is_tagged: bool = True
    cap: float | None = None
    first: datetime | None = None
    last: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def get(self, column: str) -> Any:
        """Return this series' value of a column, or None."""
        return self.own[column] if column in self.own else self.shared.get(column)


def catalogue(package: str) -> tuple[Offer, ...]:
    """Read the price list of a cloud's package."""
    with files(package).joinpath("offers.csv").open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines))


def hexadecimal(rng: Random, digits: int) -> str:
    """Draw an identifier."""
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def guid(rng: Random) -> str:
    """Draw an identifier in the form of a GUID."""
    text = hexadecimal(rng, 32)
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def dealt(items: Sequence[T], weights: Sequence[float], count: int) -> Iterable[T]:
    """Deal ``count`` items in proportion to their weights, the scarce ones as evenly as the others."""
    total, dealt_out = sum(weights), [0.0] * len(items)
    for turn in range(1, count + 1):
        due = [weight / total * turn - already for weight, already in zip(weights, dealt_out, strict=True)]
        chosen = due.index(max(due))
        dealt_out[chosen] += 1
        yield items[chosen]


def placed(
    offers: Sequence[Offer], count: int, accounts: Sequence[Account], platform: Account, rng: Random
) -> Iterator[tuple[int, Account]]:
    """Deal ``count`` offers, as positions, each with an account; two thirds of the platform's have its own."""
    weights = [float(offer["weight"]) for offer in offers]
    for number, index in enumerate(dealt(range(len(offers)), weights, count)):
        is_shared = offers[index]["stage"] == "platform" and number % 3
        yield index, platform if is_shared else rng.choice(accounts)


def varied(rng: Random, owner: Ownership, *, is_machine: bool) -> float:
    """Draw the factor of a resource's usual usage: near 1 of a machine, else by how much its AI model is used."""
    return rng.uniform(0.85, 1.15) if is_machine else rng.lognormvariate(0, 0.5) * owner.traffic


class Forgetfulness:
    """Decides which resources nobody tagged, so that they have a given share of the cost.

    The share is diffused like an error, so no single expensive resource decides it.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._debt = 0.0

    def __call__(self, cost: float) -> bool:
        """Return whether the next resource, of this cost, goes without tags."""
        self._debt += self._share * cost
        if self._debt < cost:
            return False
        self._debt -= cost
        return True
