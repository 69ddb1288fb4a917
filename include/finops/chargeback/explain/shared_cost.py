"""The sources of a line of shared cost, as the build recorded which rule selected what."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from finops.chargeback.explain import drill_down
from finops.chargeback.explain.drill_down import Bill
from finops.chargeback.explain.models import RuleTerms, Source
from finops.chargeback.statement.facts import AllocationEntry
from finops.core.errors import Finding
from finops.core.money import exact_arithmetic

Entries = Sequence[AllocationEntry]


def sources_of(bill: Bill, entry: AllocationEntry, entries: Entries) -> tuple[Decimal, list[Source]]:
    """Return what each source of an entry counts for, and the sources; ``entries`` are all of the month.

    Raise NotReady when the version did not keep them, Finding for a markup without the share that it is on.
    """
    rule = drill_down.rule_of(bill, entry)
    if entry.entry_kind == "price" and rule.unit_price is not None:
        return rule.unit_price, [_quantity(entry, rule, rule.unit_price)]
    if entry.entry_kind == "markup_offset":
        return Decimal(-1), drill_down.entries_of_rule(bill, entry, "markup")
    if rule.rule_kind == "price_list":
        return Decimal(-1), drill_down.entries_of_rule(bill, entry, "price")
    same = ("provider", "billing_currency", "rule_id", "rule_version")
    of_rule = [each for each in entries if all(getattr(each, name) == getattr(entry, name) for name in same)]
    sender = entry.cost_center if entry.entry_kind in ("offset", "kept") else None
    factor = _factor(entry, of_rule, rule)
    if rule.rule_kind == "step_down":
        senders = [sender] if sender else sorted({e.cost_center for e in of_rule if e.entry_kind == "offset"})
        return factor, drill_down.balance_of(bill, senders, rule, factor)
    return factor, drill_down.charges_of_pool(bill, entry, factor, sender)


def _factor(entry: AllocationEntry, of_rule: Entries, rule: RuleTerms) -> Decimal:
    """Return what a pool's source counts for in the entry."""
    if entry.entry_kind in ("offset", "kept"):
        return Decimal(-1 if entry.entry_kind == "offset" else 1)
    share = next((e.share for e in of_rule if (e.entry_kind, e.cost_center) == ("pool", entry.cost_center)), None)
    if share is None:
        raise Finding(f"line {entry.line_id} is a markup without the share that it is on; run `finops build`")
    with exact_arithmetic():
        return share * rule.markup_rate if entry.entry_kind == "markup" and rule.markup_rate else share


def _quantity(entry: AllocationEntry, rule: RuleTerms, price: Decimal) -> Source:
    quantity = entry.weight or Decimal(0)
    row = {"driver": rule.driver, "unit": rule.unit, "quantity": quantity, "cost_center": entry.cost_center}
    with exact_arithmetic():
        return Source("quantity", row, quantity * price, quantity * price)
