"""Shared cost: what the rules of allocation.yml allocated to and from a cost centre, beside its direct cost.

The entries of a rule sum to zero, so over all cost centres and what is not allocated they add nothing: direct and
shared cost is the total, exactly and, because the company's entries are rounded within a total of zero, to the cent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from finops.chargeback.statement import rounding
from finops.chargeback.statement.facts import AllocationEntry
from finops.chargeback.statement.models import Section, SharedBlock, SharedLine
from finops.chargeback.statement.scope import Scope
from finops.core.dimensions import UNALLOCATED
from finops.core.entry_kinds import MEANINGS
from finops.pages.figures import Cell, Row, Table

_TITLE = "Direct and shared cost"
_TOWARDS = {"pool": " from", "price": " of", "markup": " by", "offset": " for"}


def of(scope: Scope) -> SharedBlock | None:
    """Return the entries; None of a version that is older than shared cost."""
    if scope.owner is not None:
        return scope.company.shared.of_owner(scope.owner) if scope.company and scope.company.shared else None
    if not scope.month.direct_totals:
        return None
    return block([each for each in scope.month.entries if each.billing_currency == scope.currency], scope.digits)


def block(entries: Sequence[AllocationEntry], digits: int) -> SharedBlock:
    """Return the company's entries of one currency: each owner's cents are rounded out of the sum, lines within it."""
    return SharedBlock(tuple(SharedLine(*each) for each in rounding.rounded_rows(entries, digits, level=0)))


def tables(scope: Scope, section: Section) -> Iterator[Table]:
    """Yield direct and shared cost: of the company by cost centre, of a cost centre by entry."""
    if section.shared is not None:
        yield _by_owner(section, section.shared) if scope.owner is None else _by_entry(section, section.shared)


def _by_owner(section: Section, shared: SharedBlock) -> Table:
    owners = next(each for each in section.breakdowns if each.name == "cost_center")
    direct = {line.labels[0]: line.shown.effective for line in owners.lines}
    allocated: dict[str, int] = defaultdict(int)
    for line in shared.lines:
        allocated[line.entry.cost_center] += line.effective
    names = sorted({*direct, *allocated}, key=lambda n: (n == UNALLOCATED, -direct.get(n, 0) - allocated.get(n, 0), n))

    def row(label: str, own: int, more: int) -> Row:
        digits = section.digits
        return Row(label, (Cell.money(own + more, digits), Cell.money(own, digits), Cell.signed(more, digits)))

    return Table(
        "shared",
        _TITLE,
        "what is shared moves between cost centres and adds nothing",
        ("Cost centre", "Together", "Direct", "Shared"),
        tuple(row(name, direct.get(name, 0), allocated.get(name, 0)) for name in names),
        row("Total", section.total.effective, shared.effective),
    )


def _by_entry(section: Section, shared: SharedBlock) -> Table:
    def row(label: str, effective: int, billed: int, remark: str = "") -> Row:
        amounts = Cell.money(effective, section.digits), Cell.money(billed, section.digits)
        return Row(label, (*amounts, Cell.share(None), Cell.quantity(None)), remark)

    by_tag = "by tag; every line is in the spreadsheet and in statement.csv"
    direct = row("Direct cost", section.total.effective, section.total.billed, by_tag)
    return Table(
        "shared",
        _TITLE,
        "what the rules for shared cost added and took away",
        ("Rule", "Charged", "Billed", "Share", "Weight"),
        (direct, *(_entry(line, section.digits) for line in shared.lines)),
        row(_TITLE, section.total_with_shared, section.total.billed + shared.billed),
    )


def _entry(line: SharedLine, digits: int) -> Row:
    each = line.entry
    amounts = Cell.signed(line.effective, digits), Cell.signed(line.billed, digits)
    other = ""
    if each.counterpart not in ("(several)", each.cost_center):
        named = "what has no owner" if each.counterpart == UNALLOCATED else each.counterpart
        other = f"{_TOWARDS.get(each.entry_kind, '')} {named}"
    return Row(
        f"{each.rule_id}, version {each.rule_version}",
        (*amounts, Cell.share(each.share), Cell.quantity(each.weight)),
        f"{MEANINGS[each.entry_kind]}{other} · {each.provider} · line {each.line_id}",
    )
