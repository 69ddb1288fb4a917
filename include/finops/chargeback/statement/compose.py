"""Facts of a month to statements: pure, and the same for any order of the rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from finops.chargeback.close.models import AdjustmentBlock, Summary
from finops.chargeback.statement import blocks, completeness, reporting, rounding, schedules, shared, slugs
from finops.chargeback.statement.facts import UNALLOCATED, Charge, DailyCost, PublishedMonth, exact_sum
from finops.chargeback.statement.models import (
    Breakdown,
    BridgeStep,
    Day,
    DetailLine,
    Line,
    Section,
    Shown,
    Statement,
    TieOut,
)
from finops.chargeback.statement.proof import BILL
from finops.chargeback.statement.variance import movers

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Cut:
    """A way to split a total: which columns of a charge make a line.

    With ``within``, lines are rounded within the groups of that part of the key, which another cut shows as lines.
    """

    name: str
    title: str
    headings: tuple[str, ...]
    key: Callable[[Charge], Key]
    within: int | None = None

    def rounded(self, amounts: dict[Key, Decimal], total: int, digits: int) -> dict[Key, int]:
        """Return the lines' amounts in smallest units; they sum to ``total``."""
        if self.within is None:
            return rounding.apportion_amounts(amounts, total, digits)
        return rounding.apportion_nested(amounts, total, digits, self.within)


_OWNERS = _Cut("cost_center", "Cost centres", ("Cost centre",), lambda c: (c.cost_center,))
_SERVICES = _Cut(
    "service", "Services", ("Service", "Category"), lambda c: (c.service_name, c.service_category), within=1
)
_TAGS = _Cut(
    "tags",
    "Tagging",
    ("Required tags",),
    lambda c: ("All required tags present" if c.has_required_tags else "Required tags missing",),
)
_CUTS = (
    _Cut("provider", "Providers", ("Provider",), lambda c: (c.provider,)),
    _Cut("service_category", "Service categories", ("Service category",), lambda c: (c.service_category,)),
    _SERVICES,
    _Cut("charge_category", "Kinds of charge", ("Kind of charge",), lambda c: (c.charge_category,)),
    _Cut("ai_model", "AI models", ("AI model",), lambda c: (c.ai_model,)),
    _Cut("ai_stage", "AI stages", ("Stage",), lambda c: (c.ai_stage,)),
    _TAGS,
)
_SERIES = _Cut(
    "movers", "Movers", ("Provider", "Service", "AI model"), lambda c: (c.provider, c.service_name, c.ai_model)
)
_UNALLOCATED_SERVICES = _Cut(
    "unallocated", "What is not allocated", ("Service", "Provider"), lambda c: (c.service_name, c.provider)
)

_BRIDGE = {
    "purchase": ("Commitments bought", "invoiced in full this month, charged over their term"),
    "used": ("Commitments used", "this month's share of commitments that covered usage"),
    "unused": ("Commitments unused", "this month's share of commitments that covered nothing"),
    "other": ("Other differences", "charges whose amortised cost is not their invoiced cost"),
}


def compose(month: PublishedMonth) -> tuple[Statement, ...]:
    """Return the company's statement, then one for each cost centre with costs or adjustments, in their order."""
    days = completeness.days_of(month)
    company = [_company_section(month, currency, days) for currency in _currencies(month)]
    bearers = (month.charges, month.adjustments, month.entries)
    owners = sorted({each.cost_center for rows in bearers for each in rows})
    whole = reporting.of_company(month, company)
    statements = [_statement(month, None, company, whole)]
    charges, previous, daily = _by_owner(month.charges), _by_owner(month.previous or ()), _by_owner(month.daily)
    for owner in (each for each in owners if each != UNALLOCATED):
        sections = []
        for of_company in company:
            currency = of_company.currency
            own = _Rows.of(charges[owner], previous[owner], daily[owner], currency, month)
            block = blocks.of_owner(of_company.adjustments, owner)
            moved = of_company.shared.of_owner(owner) if of_company.shared else None
            if own.current or own.previous or block or (moved and moved.lines):
                made = _section(own, _shown_of(of_company, owner), month, currency, adjustments=block, moved=moved)
                sections.append(_with_schedules(made, month, own, days, owner))
        statements.append(_statement(month, owner, sections, reporting.of_owner(month, owner, whole, sections)))
    return tuple(statements)


def _currencies(month: PublishedMonth) -> list[str]:
    """Return the currencies of both months, the one with most charges first: amounts cannot be compared."""
    counts = Counter(c.billing_currency for c in month.charges)
    counts.update({c.billing_currency: 0 for c in month.previous or ()})
    counts.update({each.billing_currency: 0 for rows in (month.adjustments, month.entries) for each in rows})
    return sorted(counts, key=lambda currency: (-counts[currency], currency))


def _statement(
    month: PublishedMonth, owner: str | None, sections: Sequence[Section], summary: Summary | None
) -> Statement:
    return Statement(
        cost_center=owner,
        slug=slugs.COMPANY if owner is None else slugs.slug_of(owner),
        billing_period=month.billing_period,
        build_id=month.build_id,
        last_day=max((day.charge_date for section in sections for day in section.days), default=None),
        sections=tuple(sections),
        closing=month.closing,
        summary=summary,
        invoices=month.invoices if owner is None else (),
    )


def _by_owner(rows: Iterable) -> dict[str, list]:
    groups: dict[str, list] = defaultdict(list)
    for row in rows:
        groups[row.cost_center].append(row)
    return groups


@dataclass(frozen=True, slots=True)
class _Rows:
    """What one section is made from. ``previous`` is None when last month is not published."""

    current: list[Charge]
    previous: list[Charge] | None
    daily: list[DailyCost]

    @classmethod
    def of(
        cls,
        current: Iterable[Charge],
        previous: Iterable[Charge],
        daily: Iterable[DailyCost],
        currency: str,
        month: PublishedMonth,
    ) -> _Rows:
        return cls(
            [c for c in current if c.billing_currency == currency],
            None if month.previous is None else [c for c in previous if c.billing_currency == currency],
            [d for d in daily if d.billing_currency == currency],
        )


def _with_schedules(
    section: Section, month: PublishedMonth, rows: _Rows, days: completeness.Days, owner: str | None = None
) -> Section:
    made = schedules.with_schedules(section, month, rows.current, owner)
    first = completeness.schedules(month, days, section.currency, (*rows.current, *(rows.previous or ())))
    return replace(made, schedules=(*first, *made.schedules))


def _company_section(month: PublishedMonth, currency: str, days: completeness.Days) -> Section:
    rows = _Rows.of(month.charges, month.previous or (), month.daily, currency, month)
    digits = rounding.digits_of(currency)
    total = Shown(
        rounding.rounded(exact_sum(c.effective_cost for c in rows.current), digits),
        rounding.rounded(exact_sum(c.billed_cost for c in rows.current), digits),
        None if rows.previous is None else rounding.rounded(exact_sum(c.effective_cost for c in rows.previous), digits),
    )
    block = blocks.of_company(month.adjustments, currency, digits)
    moved = shared.of_company(month.entries, currency, digits) if month.direct_totals else None
    made = _section(rows, total, month, currency, adjustments=block, moved=moved, is_company=True)
    return _with_schedules(made, month, rows, days)


def _shown_of(company: Section, owner: str) -> Shown:
    """Return what the company's statement shows of an owner, who has a line there unless adjustments are all it has."""
    owners = next(each for each in company.breakdowns if each.name == _OWNERS.name)
    nothing = Shown(0, 0, None if company.total.previous is None else 0)
    return next((line.shown for line in owners.lines if line.labels == (owner,)), nothing)


def _section(
    rows: _Rows,
    total: Shown,
    month: PublishedMonth,
    currency: str,
    *,
    adjustments: AdjustmentBlock | None,
    moved: shared.SharedBlock | None,
    is_company: bool = False,
) -> Section:
    """Make one currency's section of the whole company or of an owner; its schedules are added to it."""
    digits = rounding.digits_of(currency)
    cuts = (_OWNERS, *_CUTS) if is_company else _CUTS
    breakdowns = [_breakdown(cut, rows, total, digits) for cut in cuts]
    untagged = next(b for b in breakdowns if b.name == _TAGS.name).lines
    unallocated = None
    if is_company:
        owners = breakdowns[0].lines
        unallocated = next((line for line in owners if line.labels == (UNALLOCATED,)), None)
        if unallocated is not None:
            breakdowns.append(_breakdown(_UNALLOCATED_SERVICES, _unallocated(rows), unallocated.shown, digits))
    up, down = movers(_split(_SERIES, rows, total, digits))
    return Section(
        currency=currency,
        digits=digits,
        total=total,
        exact_effective=exact_sum(c.effective_cost for c in rows.current),
        exact_billed=exact_sum(c.billed_cost for c in rows.current),
        breakdowns=tuple(breakdowns),
        untagged=next(
            (line for line in untagged if line.labels == ("Required tags missing",)),
            Line(("Required tags missing",), Shown(0, 0, None if total.previous is None else 0), 0),
        ),
        unallocated=unallocated,
        bridge=_bridge(rows.daily, total, digits),
        tie_out=_tie_out(month, breakdowns, currency, total, digits) if is_company else (),
        movers_up=up,
        movers_down=down,
        days=_days(rows.daily, total, digits),
        details=_details(rows.current, total, digits, month),
        adjustments=adjustments,
        shared=moved,
    )


def _unallocated(rows: _Rows) -> _Rows:
    previous = None if rows.previous is None else [c for c in rows.previous if c.cost_center == UNALLOCATED]
    return _Rows([c for c in rows.current if c.cost_center == UNALLOCATED], previous, [])


def _sums(rows: Iterable, key: Callable, measure: str) -> dict[Key, Decimal]:
    groups: dict[Key, list[Decimal]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(getattr(row, measure))
    return {each: exact_sum(group) for each, group in groups.items()}


def _split(cut: _Cut, rows: _Rows, total: Shown, digits: int) -> dict[Key, Shown]:
    """Return the shown figures of each line of a cut, of this month's lines and last month's."""
    effective = cut.rounded(_sums(rows.current, cut.key, "effective_cost"), total.effective, digits)
    billed = cut.rounded(_sums(rows.current, cut.key, "billed_cost"), total.billed, digits)
    if rows.previous is None or total.previous is None:
        return {key: Shown(effective[key], billed[key], None) for key in effective}
    previous = cut.rounded(_sums(rows.previous, cut.key, "effective_cost"), total.previous, digits)
    return {
        key: Shown(effective.get(key, 0), billed.get(key, 0), previous.get(key, 0))
        for key in sorted({*effective, *previous})
    }


def _breakdown(cut: _Cut, rows: _Rows, total: Shown, digits: int) -> Breakdown:
    shown = _split(cut, rows, total, digits)
    permille = rounding.shares({key: figures.effective for key, figures in shown.items()}) if shown else {}
    # The remainder stands last, whatever its size: it is not a line like the others.
    order = sorted(shown, key=lambda key: (key == (UNALLOCATED,), -shown[key].effective, key))
    lines = tuple(Line(key, shown[key], permille[key]) for key in order)
    return Breakdown(cut.name, cut.title, cut.headings, lines, total)


def _bridge(daily: Sequence[DailyCost], total: Shown, digits: int) -> tuple[BridgeStep, ...]:
    effective = rounding.apportion_amounts(_sums(daily, _bridge_key, "effective_cost"), total.effective, digits)
    billed = rounding.apportion_amounts(_sums(daily, _bridge_key, "billed_cost"), total.billed, digits)
    steps = ((name, effective.get((name,), 0) - billed.get((name,), 0)) for name in _BRIDGE)
    return tuple(BridgeStep(*_BRIDGE[name], amount) for name, amount in steps if amount)


def _bridge_key(daily: DailyCost) -> Key:
    if daily.charge_category == "Purchase":
        return ("purchase",)
    status = daily.commitment_discount_status.lower()
    return (status,) if status in ("used", "unused") else ("other",)


def _tie_out(
    month: PublishedMonth, breakdowns: Sequence[Breakdown], currency: str, total: Shown, digits: int
) -> tuple[TieOut, ...]:
    bills = [t for t in month.control_totals if t.stage == BILL and t.billing_currency == currency]
    shown = rounding.apportion_amounts({(t.provider,): t.billed_cost for t in bills}, total.billed, digits)
    providers = next(b for b in breakdowns if b.name == "provider")
    stated = {line.labels: line.shown.billed for line in providers.lines}
    exact = _sums([c for c in month.charges if c.billing_currency == currency], lambda c: (c.provider,), "billed_cost")
    return tuple(
        TieOut(
            provider=bill.provider,
            bill_rows=bill.row_count,
            bill=shown[(bill.provider,)],
            statements=stated.get((bill.provider,), 0),
            difference=exact.get((bill.provider,), Decimal(0)) - bill.billed_cost,
        )
        for bill in bills
    )


def _days(daily: Sequence[DailyCost], total: Shown, digits: int) -> tuple[Day, ...]:
    amounts = _sums(daily, lambda d: (d.charge_date.isoformat(), d.provider), "effective_cost")
    cents = rounding.apportion_amounts(amounts, total.effective, digits)
    by_day: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for day, provider in sorted(cents):
        by_day[day].append((provider, cents[day, provider]))
    dates = {d.charge_date.isoformat(): d.charge_date for d in daily}
    return tuple(Day(dates[day], tuple(parts)) for day, parts in by_day.items())


def _details(charges: Sequence[Charge], total: Shown, digits: int, month: PublishedMonth) -> tuple[DetailLine, ...]:
    effective = rounding.apportion_amounts({c.key: c.effective_cost for c in charges}, total.effective, digits)
    billed = rounding.apportion_amounts({c.key: c.billed_cost for c in charges}, total.billed, digits)
    return tuple(
        DetailLine(charge, effective[charge.key], billed[charge.key], month.source_digests.get(charge.key, ""))
        for charge in sorted(charges, key=lambda each: each.key)
    )
