"""Statements are made only from figures that tie out: chargeback = daily costs = FOCUS fact = the bills, exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from finops.chargeback.models import UNALLOCATED, ControlTotal, PublishedMonth, Statement, exact_sum
from finops.core.errors import Finding

Sums = dict[tuple[str, ...], Decimal]

BILL = "source"
"""The stage of ``mart_reconciliation`` that was counted in the bills themselves."""
_WITH_EFFECTIVE_COST = ("focus", "daily", "chargeback")


def prove_month(month: PublishedMonth) -> None:
    """Raise Finding at the first place where published totals of the month differ, naming it and the difference."""
    owners = ("cost_center", "provider", "billing_currency")
    for measure in ("effective_cost", "billed_cost"):
        charges = _sums((tuple(getattr(c, o) for o in owners), getattr(c, measure)) for c in month.charges)
        daily = _sums((tuple(getattr(d, o) for o in owners), getattr(d, measure)) for d in month.daily)
        _require_equal(month, charges, daily, f"{measure} of mart_chargeback and fct_daily_costs")
    bills = {(t.provider, t.billing_currency) for t in month.control_totals if t.stage == BILL}
    for measure in ("effective_cost", "billed_cost"):
        charged = _sums(((c.provider, c.billing_currency), getattr(c, measure)) for c in month.charges)
        if missing := sorted(set(charged) - bills):
            raise Finding(f"billing period {month.billing_period}: no bill is on record for {' '.join(missing[0])}")
        for stage in sorted({each.stage for each in month.control_totals}):
            recorded = _recorded(month.control_totals, stage, measure)
            _require_equal(month, charged, recorded, f"{measure} of mart_chargeback and the {stage} control total")


def prove_statements(month: PublishedMonth, statements: Sequence[Statement]) -> None:
    """Raise Finding unless the cost centres' statements and the unallocated remainder sum to the company's.

    Checked per currency in exact amounts against the published rows, and in the shown cents.
    """
    company, others = statements[0], statements[1:]
    for section in company.sections:
        currency = section.currency
        mine = [s for each in others for s in each.sections if s.currency == currency]
        rows = [c for c in month.charges if c.billing_currency == currency]
        for measure in ("effective", "billed"):
            stated = [getattr(s, f"exact_{measure}") for s in mine]
            unallocated = [getattr(c, f"{measure}_cost") for c in rows if c.cost_center == UNALLOCATED]
            exact = exact_sum([*stated, *unallocated])
            fact = exact_sum(getattr(c, f"{measure}_cost") for c in rows)
            remainder = getattr(section.unallocated.shown, measure) if section.unallocated else 0
            in_cents = sum(getattr(s.total, measure) for s in mine) + remainder
            company_exact = getattr(section, f"exact_{measure}")
            if exact != fact or company_exact != fact or in_cents != getattr(section.total, measure):
                raise Finding(
                    f"billing period {month.billing_period}: the statements' {measure} cost in {currency} does not sum "
                    f"to the company's (difference {exact - company_exact})"
                )


def _sums(amounts: Iterable[tuple[tuple[str, ...], Decimal]]) -> Sums:
    groups: dict[tuple[str, ...], list[Decimal]] = defaultdict(list)
    for key, amount in amounts:
        groups[key].append(amount)
    return {key: exact_sum(group) for key, group in groups.items()}


def _recorded(totals: Sequence[ControlTotal], stage: str, measure: str) -> Sums | None:
    """Return the stage's control totals, or None where the stage does not know the measure (a bill has one cost)."""
    if measure == "effective_cost" and stage not in _WITH_EFFECTIVE_COST:
        return None
    amounts = [((t.provider, t.billing_currency), getattr(t, measure)) for t in totals if t.stage == stage]
    return None if any(amount is None for _, amount in amounts) else _sums(amounts)


def _require_equal(month: PublishedMonth, ours: Sums, theirs: Sums | None, what: str) -> None:
    if theirs is None:
        return
    for key in sorted({*ours, *theirs}):
        difference = ours.get(key, Decimal(0)) - theirs.get(key, Decimal(0))
        if difference:
            raise Finding(
                f"billing period {month.billing_period}: {what} differ by {difference:f} for {' '.join(key)[:200]!r}; "
                "run `finops reconcile`, then `finops build`"
            )
