"""Shared cost in cents: what the rules of allocation.yml moved to and from a cost centre, beside its direct cost.

The entries of a rule sum to zero, so over all cost centres and what is not allocated they add nothing: direct and
shared cost is the total, exactly and, because the company's entries are rounded within a total of zero, to the cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.chargeback.statement import rounding
from finops.chargeback.statement.line_ids import line_id

DIRECT = "direct"
"""``rule_id`` of a line that is the bill's own."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of ``mart_allocated_costs`` that a rule made; ``source_digest`` is that of the rule's rows in the bill.

    ``share`` is of pool entries, ``weight`` of pool and price entries; None elsewhere.
    """

    cost_center: str
    provider: str
    billing_currency: str
    entry_kind: str
    rule_id: str
    rule_version: int
    rule_digest: str
    counterpart: str
    share: Decimal | None
    weight: Decimal | None
    effective_cost: Decimal
    billed_cost: Decimal
    source_digest: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it unique within its billing period; also the order of a statement's shared lines."""
        return (
            self.cost_center,
            self.billing_currency,
            self.provider,
            self.rule_id,
            str(self.rule_version),
            self.entry_kind,
            self.counterpart,
        )

    @property
    def line_id(self) -> str:
        """Its name in a statement: the same whenever the same rule moves cost of the same bill."""
        return line_id("s", self.key)


@dataclass(frozen=True, slots=True)
class DirectTotal:
    """The direct entries of one cost centre and bill in ``mart_allocated_costs``, summed."""

    cost_center: str
    provider: str
    billing_currency: str
    effective_cost: Decimal
    billed_cost: Decimal


@dataclass(frozen=True, slots=True)
class SharedLine:
    """An entry with its shown amounts, which add up to the block's."""

    entry: Entry
    effective: int
    billed: int


@dataclass(frozen=True, slots=True)
class SharedBlock:
    """The entries of one currency; what they come to is zero for the whole company."""

    lines: tuple[SharedLine, ...]

    @property
    def effective(self) -> int:
        """What they move of the effective cost, in smallest units."""
        return sum(line.effective for line in self.lines)

    @property
    def billed(self) -> int:
        """What they move of the billed cost, in smallest units."""
        return sum(line.billed for line in self.lines)

    def of_owner(self, owner: str) -> SharedBlock:
        """Return the lines that are an owner's."""
        return SharedBlock(tuple(line for line in self.lines if line.entry.cost_center == owner))


def of_company(entries: Sequence[Entry], currency: str, digits: int) -> SharedBlock:
    """Return a month's entries in one currency: zero in all, each owner's rounded out of it, each line within that."""
    mine = sorted((each for each in entries if each.billing_currency == currency), key=lambda each: each.key)
    shown = {
        measure: rounding.apportion_nested({each.key: getattr(each, measure) for each in mine}, 0, digits, level=0)
        for measure in ("effective_cost", "billed_cost")
    }
    return SharedBlock(
        tuple(SharedLine(each, shown["effective_cost"][each.key], shown["billed_cost"][each.key]) for each in mine)
    )
