"""The types of ``explain``: a statement line, its sources and the rule that made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """Something that a line is made of, with its part of the line's amounts.

    ``what`` it is: a charge, an entry that a rule made, or a quantity that has a price; ``row`` describes it.
    """

    what: str
    row: dict[str, Any]
    effective_part: Decimal
    billed_part: Decimal


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """A row of ``mart_allocation_rules``: a rule as it was applied to one bill.

    ``driver``, ``unit`` and ``unit_price`` are those of a price list; ``markup_rate`` is 0.05 for five per cent.
    """

    rule_kind: str
    rule_order: int
    driver: str | None
    unit: str | None
    unit_price: Decimal | None
    markup_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A line and its sources; amounts are exact, in ``currency``.

    ``factor`` is what each source counts for: 1 for a direct line, a pool's share (times its markup), the price of a
    unit, -1 for what was allocated out or earned.
    ``effective_rest`` and ``billed_rest`` are what rounding the shares left, below half a cent.
    """

    statement: str
    line_id: str
    rule_id: str
    rule_version: int
    source_digest: str
    build_id: str
    currency: str
    factor: Decimal
    effective_cost: Decimal
    billed_cost: Decimal
    effective_rest: Decimal
    billed_rest: Decimal
    sources: Sequence[Source]
