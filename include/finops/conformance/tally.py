"""From groups of rows to the report."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal

from finops.conformance.applicability import APPLICABILITY
from finops.conformance.models import Coverage, Finding, Kind
from finops.conformance.scan import Group
from finops.conformance.units import UNIT_FORMAT


def coverage(groups: Iterable[Group]) -> tuple[Coverage, ...]:
    """Add up the counts of each column, per provider, in the order of the specification."""
    sums: dict[str, list[tuple[int, int]]] = {}
    for each in groups:
        counts = list(zip(each.applicable, each.filled, strict=True))
        before = sums.get(each.provider, [(0, 0)] * len(counts))
        sums[each.provider] = [(a + c, b + d) for (a, b), (c, d) in zip(before, counts, strict=True)]
    return tuple(
        Coverage(provider, rule.column, applicable, filled, rule.must, rule.rule)
        for provider, counts in sorted(sums.items())
        for rule, (applicable, filled) in zip(APPLICABILITY, counts, strict=True)
    )


def findings(groups: Iterable[Group], known_units: Collection[str]) -> tuple[Finding, ...]:
    """Add up rows and billed cost of what is unknown or repaired, per provider and currency, never across them."""
    sums: dict[tuple[Kind, str, str, str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for each in groups:
        for kind, name, why in _of(each, known_units):
            key = (kind, each.provider, name, why, each.billing_currency)
            rows, cost = sums[key]
            sums[key] = (rows + each.rows, cost + each.billed_cost)
    order = list(Kind)
    keys = sorted(sums, key=lambda key: (order.index(key[0]), key[1:]))
    return tuple(Finding(*key, *sums[key]) for key in keys)


def _of(group: Group, known_units: Collection[str]) -> Iterator[tuple[Kind, str, str]]:
    if group.service is not None:
        yield Kind.SERVICE, group.service, "not in the seed focus_services"
    for unit in sorted({group.pricing_unit, group.consumed_unit} - {None}, key=str):
        yield Kind.UNIT, str(unit), _why(str(unit), known_units)
    if group.line_type is not None:
        yield Kind.LINE_TYPE, group.line_type, "an Adjustment that is not mapped"
    for repair in sorted(set(filter(None, re.split(r"\s*,\s*", group.repairs or "")))):
        yield Kind.REPAIR, repair, "a rule repaired what a native FOCUS export holds"


def _why(unit: str, known_units: Collection[str]) -> str:
    reasons = []
    if re.sub("^[0-9]+ ", "", unit) not in known_units:
        reasons.append("not in the seed pricing_units")
    if re.fullmatch(UNIT_FORMAT, unit) is None:
        reasons.append("not in FOCUS's unit format")
    return ", ".join(reasons)
