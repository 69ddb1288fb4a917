"""Facts of a month to statements: pure, and the same for any order of the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from finops.chargeback.statement import reporting, slugs
from finops.chargeback.statement.converted import Summary
from finops.chargeback.statement.facts import PublishedMonth
from finops.chargeback.statement.models import Line, Section, Shown, Statement
from finops.chargeback.statement.scope import Scope, Scopes
from finops.chargeback.statement.sections import (
    adjustments,
    allocation_rules,
    breakdowns,
    bridge,
    budget,
    completeness,
    days,
    hierarchy,
    lines,
    months,
    savings,
    shared_cost,
    tie_out,
    unit_costs,
    variance,
)
from finops.core.dimensions import UNALLOCATED
from finops.core.money import exact_sum

_TABLES = (budget, months, shared_cost, hierarchy, allocation_rules, savings, unit_costs, completeness)
"""What stands beside the breakdowns, in the order in which it is shown."""


def compose(month: PublishedMonth) -> tuple[Statement, ...]:
    """Return the company's statement, then one for each cost centre with costs or adjustments, in their order."""
    scopes = Scopes(month)
    company = [_section(scopes.scope(currency)) for currency in _currencies(month)]
    summary = reporting.summary(month, company)
    statements = [_statement(month, None, company, summary)]
    for owner in reporting.owners_of(month):
        if owner != UNALLOCATED:
            made = (_section(scopes.scope(section.currency, owner, section)) for section in company)
            sections = [each for each in made if _has_anything(each)]
            statements.append(_statement(month, owner, sections, reporting.summary(month, sections, owner, summary)))
    return tuple(statements)


def _currencies(month: PublishedMonth) -> list[str]:
    """Return the currencies of both months, the one with most charges first: amounts cannot be compared."""
    counts = Counter(c.billing_currency for c in month.charges)
    for rows in (month.previous or (), month.adjustments, month.entries):
        counts.update({each.billing_currency: 0 for each in rows})
    return sorted(counts, key=lambda currency: (-counts[currency], currency))


def _has_anything(section: Section) -> bool:
    """Tell whether an owner has charges in this month or the last, adjustments or shared cost in the currency."""
    listed = any(breakdown.lines for breakdown in section.breakdowns)
    return listed or section.adjustments is not None or bool(section.shared and section.shared.lines)


def _statement(
    month: PublishedMonth, owner: str | None, sections: Sequence[Section], summary: Summary | None
) -> Statement:
    known = month.cost_centers
    shown = sorted({owner} if owner else {*reporting.owners_of(month), *known.groups()})
    return Statement(
        cost_center=owner,
        slug=slugs.COMPANY if owner is None else slugs.slug_of(owner),
        billing_period=month.billing_period,
        build_id=month.build_id,
        last_day=max((day.charge_date for section in sections for day in section.days), default=None),
        sections=tuple(_with_small_marked(month, sections, summary)),
        closing=month.closing,
        summary=summary,
        invoices=month.invoices if owner is None else (),
        names=tuple((each, known.name_of(each)) for each in shown if known.name_of(each)),
        answers_for_it=known.owner_of(owner) if owner else "",
        part_of=tuple(known.name_of(each) or each for each in known.above(owner)) if owner else (),
        schedules=tuple(budget.in_reporting_currency(month, owner)),
    )


def _with_small_marked(
    month: PublishedMonth, sections: Sequence[Section], summary: Summary | None
) -> Iterator[Section]:
    """Yield the sections, those marked whose amounts are too small to be read before the others.

    With a reporting currency that is less than a hundredth of all that is charged; without one, amounts of currencies
    cannot be compared, and small is what is below ten of its own units, charged, billed and last month.
    """
    for section in sections:
        amounts = [section.charged.effective, section.charged.billed, section.charged.previous or 0]
        amounts += [each.total for each in section.history[-1:]]
        if summary is None or month.exchange is None:
            small = max(map(abs, amounts)) < 10 * 10**section.digits
        else:
            charged = sum(abs(line.converted) for line in summary.lines if line.currency == section.currency)
            small = 100 * charged < sum(abs(line.converted) for line in summary.lines)
        yield replace(section, is_small=small and len(sections) > 1)


def _section(scope: Scope) -> Section:
    """Make one currency's section of the whole company or of an owner: its parts, then its tables."""
    split = breakdowns.of(scope)
    by_name = {each.name: each for each in split}
    nothing = Line((breakdowns.TAGS_MISSING,), Shown(0, 0, None if scope.total.previous is None else 0), 0)
    rises, falls = variance.of(scope)
    section = Section(
        currency=scope.currency,
        digits=scope.digits,
        total=scope.total,
        exact_effective=exact_sum(c.effective_cost for c in scope.charges),
        exact_billed=exact_sum(c.billed_cost for c in scope.charges),
        breakdowns=split,
        untagged=breakdowns.line_of(by_name["tags"], breakdowns.TAGS_MISSING) or nothing,
        unallocated=breakdowns.line_of(split[0], UNALLOCATED) if scope.owner is None else None,
        bridge=bridge.of(scope),
        tie_out=tie_out.of(scope),
        rises=rises,
        falls=falls,
        days=days.of(scope),
        details=lines.of(scope),
        adjustments=adjustments.of(scope),
        shared=shared_cost.of(scope),
        previous_charged=scope.previous_charged,
        history=scope.history,
    )
    return replace(section, schedules=tuple(table for each in _TABLES for table in each.tables(scope, section)))
