"""Statements are made only from figures that tie out: chargeback = daily costs = FOCUS fact = the bills, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from operator import attrgetter

from finops.chargeback.statement.facts import BILL, Adjustment, Charge, ControlTotal, PublishedMonth
from finops.chargeback.statement.models import Section, Statement
from finops.chargeback.statement.scope import sums
from finops.core.dimensions import UNALLOCATED
from finops.core.errors import Finding
from finops.core.money import exact_sum

Sums = dict[tuple[str, ...], Decimal]

_WITH_EFFECTIVE_COST = ("focus", "daily", "chargeback")
_owner = attrgetter("cost_center", "provider", "billing_currency")
_bill = attrgetter("provider", "billing_currency")
_rule = attrgetter("provider", "billing_currency", "rule_id", "rule_version")


def prove_month(month: PublishedMonth) -> None:
    """Raise Finding at the first place where published totals of the month differ, naming it and the difference."""
    for measure in ("effective_cost", "billed_cost"):
        charges = sums(month.charges, _owner, measure)
        daily = sums(month.daily, _owner, measure)
        _require_equal(month, charges, daily, f"{measure} of mart_chargeback and fct_daily_costs")
    bills = {(t.provider, t.billing_currency) for t in month.control_totals if t.stage == BILL}
    for measure in ("effective_cost", "billed_cost"):
        charged = sums(month.charges, _bill, measure)
        if missing := sorted(set(charged) - bills):
            raise Finding(f"billing period {month.billing_period}: no bill is on record for {' '.join(missing[0])}")
        for stage in sorted({each.stage for each in month.control_totals}):
            recorded = _recorded(month.control_totals, stage, measure)
            _require_equal(month, charged, recorded, f"{measure} of mart_chargeback and the {stage} control total")


def prove_shared(month: PublishedMonth) -> None:
    """Raise Finding unless direct entries equal the charges and the rules' entries of each bill sum to zero."""
    if not month.direct_totals:
        return
    for measure in ("effective_cost", "billed_cost"):
        charges = sums(month.charges, _owner, measure)
        direct = sums(month.direct_totals, _owner, measure)
        _require_equal(month, charges, direct, f"{measure} of mart_chargeback and the direct mart_allocated_costs")
        allocated = sums(month.entries, _rule, measure)
        _require_equal(month, allocated, {}, f"{measure} that a rule takes and gives")


def prove_statements(month: PublishedMonth, statements: Sequence[Statement]) -> None:
    """Raise Finding unless the cost centres' statements and the unallocated remainder sum to the company's.

    Checked per currency in exact amounts against the published rows, and in the shown cents: the month's own costs,
    the adjustments to closed months, and the sum in the reporting currency.
    """
    company, others = statements[0], statements[1:]
    for section in company.sections:
        mine = [s for each in others for s in each.sections if s.currency == section.currency]
        rows = [c for c in month.charges if c.billing_currency == section.currency]
        changed = [a for a in month.adjustments if a.billing_currency == section.currency]
        for measure in ("effective", "billed"):
            remainder = getattr(section.unallocated.shown, measure) if section.unallocated else 0
            _prove_sum(
                month,
                f"{measure} cost in {section.currency}",
                exact=(getattr(section, f"exact_{measure}"), [getattr(s, f"exact_{measure}") for s in mine], rows),
                shown=(getattr(section.total, measure), [*(getattr(s.total, measure) for s in mine), remainder]),
                column=f"{measure}_cost",
            )
            _prove_adjustments(month, section, mine, changed, measure)
        _prove_direct_and_shared(month, section, mine)
    _prove_summaries(month, company, others)


def _prove_adjustments(
    month: PublishedMonth, company: Section, mine: Sequence[Section], changed: Sequence[Adjustment], measure: str
) -> None:
    blocks = [s.adjustments for s in mine if s.adjustments]
    whole = company.adjustments
    loose = [] if whole is None else [n for n in whole.lines if n.adjustment.cost_center == UNALLOCATED]
    _prove_sum(
        month,
        f"adjustments' {measure} cost in {company.currency}",
        exact=(
            getattr(whole, f"exact_{measure}") if whole else Decimal(0),
            [getattr(each, f"exact_{measure}") for each in blocks],
            changed,
        ),
        shown=(
            getattr(whole, measure) if whole else 0,
            [*(getattr(b, measure) for b in blocks), *(getattr(n, measure) for n in loose)],
        ),
        column=f"{measure}_cost",
    )


def _prove_direct_and_shared(month: PublishedMonth, company: Section, mine: Sequence[Section]) -> None:
    """In the shown cents: direct and shared cost of cost centres and what is not allocated is the company's total."""
    if company.shared is None:
        return
    loose = company.unallocated.shown.effective if company.unallocated else 0
    loose += company.shared.of_owner(UNALLOCATED).effective
    together = loose + sum(section.total_with_shared for section in mine)
    if not company.total_with_shared == company.total.effective == together:
        raise Finding(
            f"billing period {month.billing_period}: direct and shared cost in {company.currency} do not sum to it"
        )


def _prove_sum(
    month: PublishedMonth,
    what: str,
    *,
    exact: tuple[Decimal, Sequence[Decimal], Sequence[Charge | Adjustment]],
    shown: tuple[int, Sequence[int]],
    column: str,
) -> None:
    company, stated, rows = exact
    unallocated = [getattr(row, column) for row in rows if row.cost_center == UNALLOCATED]
    together = exact_sum([*stated, *unallocated])
    published = exact_sum(getattr(row, column) for row in rows)
    if together != published or company != published or shown[0] != sum(shown[1]):
        raise Finding(
            f"billing period {month.billing_period}: the statements' {what} does not sum "
            f"to the company's (difference {together - company})"
        )


def _prove_summaries(month: PublishedMonth, company: Statement, others: Sequence[Statement]) -> None:
    if company.summary is None:
        return
    own = {each.cost_center: each.summary for each in others}
    for owner, units in company.summary.owners:
        summary = own.get(owner)
        if summary is not None and not units == summary.total == sum(line.converted for line in summary.lines):
            raise Finding(f"billing period {month.billing_period}: {owner[:100]!r} does not sum in {summary.currency}")
    sums = {sum(units for _, units in company.summary.owners), sum(line.converted for line in company.summary.lines)}
    if sums != {company.summary.total}:
        raise Finding(f"billing period {month.billing_period}: statements do not sum in {company.summary.currency}")


def _recorded(totals: Sequence[ControlTotal], stage: str, measure: str) -> Sums | None:
    """Return the stage's control totals, or None where the stage does not know the measure (a bill has one cost)."""
    if measure == "effective_cost" and stage not in _WITH_EFFECTIVE_COST:
        return None
    mine = [each for each in totals if each.stage == stage]
    return None if any(getattr(each, measure) is None for each in mine) else sums(mine, _bill, measure)


def _require_equal(month: PublishedMonth, ours: Sums, theirs: Sums | None, what: str) -> None:
    if theirs is None:
        return
    for key in sorted({*ours, *theirs}):
        difference = ours.get(key, Decimal(0)) - theirs.get(key, Decimal(0))
        if difference:
            where = " ".join(map(str, key))[:200]
            raise Finding(
                f"billing period {month.billing_period}: {what} differ by {difference:f} for {where!r}; "
                "run `finops reconcile`, then `finops build`"
            )
