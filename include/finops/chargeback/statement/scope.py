"""What one section of a statement is made from, and how its amounts are split into lines that add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from finops.chargeback.statement import rounding
from finops.chargeback.statement.facts import Charge, ChargeLine, DailyCost, PublishedMonth
from finops.chargeback.statement.history import Histories
from finops.chargeback.statement.models import MonthCharged, Section, Shown
from finops.core.money import digits_of, exact_sum, rounded

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """One currency of a month, of the whole company (``owner`` None) or of one cost centre.

    ``previous`` is None when last month is not published. ``company`` is the company's section, which is made first:
    a cost centre shows the cents that it has there. ``total`` is what the section's lines add up to.
    """

    month: PublishedMonth
    owner: str | None
    currency: str
    charges: tuple[Charge, ...]
    previous: tuple[ChargeLine, ...] | None
    daily: tuple[DailyCost, ...]
    company: Section | None
    total: Shown
    history: tuple[MonthCharged, ...] = ()
    previous_charged: int | None = None

    @property
    def digits(self) -> int:
        """How many decimals the currency's smallest unit has."""
        return digits_of(self.currency)

    def of_owner(self, owner: str, total: Shown) -> Scope:
        """Return an owner's charges of this month and the last, which add up to ``total``."""
        charges = tuple(each for each in self.charges if each.cost_center == owner)
        previous = None if self.previous is None else tuple(e for e in self.previous if e.cost_center == owner)
        return replace(self, charges=charges, previous=previous, total=total)


class Scopes:
    """The scopes of a month. Its rows are grouped once, since there may be very many cost centres."""

    def __init__(self, month: PublishedMonth) -> None:
        self.month = month
        self._charges, self._daily = _grouped(month.charges), _grouped(month.daily)
        self._previous = None if month.previous is None else _grouped(month.previous)
        self._histories = Histories(month)

    def scope(self, currency: str, owner: str | None = None, company: Section | None = None) -> Scope:
        """Return the scope of a currency: the company's, or an owner's with the company's section."""
        key = (owner, currency)
        charges = tuple(self._charges[key])
        previous = None if self._previous is None else tuple(self._previous[key])
        total = _total(charges, previous, currency) if company is None else _owners_total(company, owner)
        return Scope(
            self.month,
            owner,
            currency,
            charges,
            previous,
            tuple(self._daily[key]),
            company,
            total,
            self._histories.of(currency, owner),
            self._histories.previous_charged(currency, owner),
        )


def _grouped(rows: Iterable[Any]) -> dict[tuple[str | None, str], list[Any]]:
    groups: dict[tuple[str | None, str], list[Any]] = defaultdict(list)
    for row in rows:
        for owner in (None, row.cost_center):
            groups[owner, row.billing_currency].append(row)
    return groups


def _total(charges: Sequence[Charge], previous: Sequence[ChargeLine] | None, currency: str) -> Shown:
    digits = digits_of(currency)
    return Shown(
        rounded(exact_sum(c.effective_cost for c in charges), digits),
        rounded(exact_sum(c.billed_cost for c in charges), digits),
        None if previous is None else rounded(exact_sum(c.effective_cost for c in previous), digits),
    )


def _owners_total(company: Section, owner: str | None) -> Shown:
    """Return what the company's section shows of an owner, who has a line there unless adjustments are all it has."""
    owners = next(each for each in company.breakdowns if each.name == "cost_center")
    nothing = Shown(0, 0, None if company.total.previous is None else 0)
    return next((line.shown for line in owners.lines if line.labels == (owner,)), nothing)


@dataclass(frozen=True, slots=True)
class Cut:
    """A way to split a total: which columns of a charge make a line.

    With ``within``, lines are rounded within the lines of another cut, which each of them is a part of: where a line is
    all that its group has, both show the same cents.
    """

    name: str
    title: str
    headings: tuple[str, ...]
    key: Callable[[ChargeLine], Key]
    within: Cut | None = None

    def rounded(self, rows: Iterable[ChargeLine], measure: str, total: int, digits: int) -> dict[Key, int]:
        """Return the lines' amounts of a measure in smallest units; they sum to ``total``."""
        rows = list(rows)
        if self.within is None:
            return rounding.apportion_amounts(sums(rows, self.key, measure), total, digits)
        groups: dict[Key, list[ChargeLine]] = defaultdict(list)
        for row in rows:
            groups[self.within.key(row)].append(row)
        found: dict[Key, int] = {}
        for group, units in self.within.rounded(rows, measure, total, digits).items():
            found |= rounding.apportion_amounts(sums(groups[group], self.key, measure), units, digits)
        return found

    def split(self, scope: Scope) -> dict[Key, Shown]:
        """Return the shown figures of each line, of this month's lines and last month's."""
        total, digits = scope.total, scope.digits
        effective = self.rounded(scope.charges, "effective_cost", total.effective, digits)
        billed = self.rounded(scope.charges, "billed_cost", total.billed, digits)
        if scope.previous is None or total.previous is None:
            return {key: Shown(effective[key], billed[key], None) for key in effective}
        previous = self.rounded(scope.previous, "effective_cost", total.previous, digits)
        return {
            key: Shown(effective.get(key, 0), billed.get(key, 0), previous.get(key, 0))
            for key in sorted({*effective, *previous})
        }


def sums(rows: Iterable[Any], key: Callable[[Any], Key], measure: str) -> dict[Key, Decimal]:
    """Return the exact sum of a measure by key."""
    groups: dict[Key, list[Decimal]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(getattr(row, measure))
    return {each: exact_sum(group) for each, group in groups.items()}
