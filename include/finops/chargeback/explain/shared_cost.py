"""The sources of a line of shared cost, as the build recorded which rule selected what."""

from __future__ import annotations

from decimal import Decimal, localcontext

from finops.chargeback.explain import drill_down
from finops.chargeback.explain.models import RuleTerms, Source
from finops.chargeback.statement.facts import PublishedMonth
from finops.chargeback.statement.shared import Entry
from finops.core.errors import Finding
from finops.stores.published import Publication


def sources_of(publication: Publication, month: PublishedMonth, entry: Entry) -> tuple[Decimal, list[Source]]:
    """Return what each source counts for, and the sources.

    Raise NotReady when the version did not keep them, Finding for a markup without the share that it is on.
    """
    period = month.billing_period
    rule = drill_down.rule_of(publication, period, entry)
    if entry.entry_kind == "price" and rule.unit_price is not None:
        return rule.unit_price, [_quantity(entry, rule, rule.unit_price)]
    if entry.entry_kind == "markup_offset":
        return Decimal(-1), drill_down.entries_of_rule(publication, period, entry, "markup")
    if rule.rule_kind == "price_list":
        return Decimal(-1), drill_down.entries_of_rule(publication, period, entry, "price")
    is_of_sender = entry.entry_kind in ("offset", "kept")
    factor = _factor(month, entry, rule)
    sender = entry.cost_center if is_of_sender else None
    if rule.rule_kind == "step_down":
        senders = [sender] if sender else _senders(month, entry)
        return factor, drill_down.balance_of(publication, period, entry, factor, senders, rule)
    return factor, drill_down.charges_of_pool(publication, period, entry, factor, sender)


def _factor(month: PublishedMonth, entry: Entry, rule: RuleTerms) -> Decimal:
    """Return what a pool's source counts for in the entry."""
    if entry.entry_kind in ("offset", "kept"):
        return Decimal(-1 if entry.entry_kind == "offset" else 1)
    share = next((e.share for e in _of_rule(month, entry, "pool") if e.cost_center == entry.cost_center), None)
    if share is None:
        raise Finding(f"line {entry.line_id} is a markup without the share that it is on; run `finops build`")
    with localcontext() as context:
        context.prec = 60
        return share * rule.markup_rate if entry.entry_kind == "markup" and rule.markup_rate else share


def _senders(month: PublishedMonth, entry: Entry) -> list[str]:
    """Return the cost centres that a step-down pool allocates out of."""
    return sorted({each.cost_center for each in _of_rule(month, entry, "offset")})


def _of_rule(month: PublishedMonth, entry: Entry, kind: str) -> list[Entry]:
    """Return the entries of one kind that an entry's rule made in its bill."""
    same = ("provider", "billing_currency", "rule_id", "rule_version")
    return [e for e in month.entries if e.entry_kind == kind and all(getattr(e, n) == getattr(entry, n) for n in same)]


def _quantity(entry: Entry, rule: RuleTerms, price: Decimal) -> Source:
    quantity = entry.weight or Decimal(0)
    row = {"driver": rule.driver, "unit": rule.unit, "quantity": quantity, "cost_center": entry.cost_center}
    with localcontext() as context:
        context.prec = 60
        return Source("quantity", row, quantity * price, quantity * price)
