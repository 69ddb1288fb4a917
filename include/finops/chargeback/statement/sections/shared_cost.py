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
from finops.chargeback.statement.sections import allocation_rules, total_charged
from finops.core.dimensions import UNALLOCATED
from finops.core.entry_kinds import MEANINGS
from finops.pages.figures import Cell, Row, Table

_TITLE = "Direct and shared cost"


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
    """Yield direct and shared cost: of the company by cost centre, of a cost centre by rule."""
    if section.shared is None or not section.shared.lines:
        return
    yield _by_owner(scope, section) if scope.owner is None else _by_rule(scope, section, section.shared)


def _by_owner(scope: Scope, section: Section) -> Table:
    owners = total_charged.by_owner(section)
    charged = {name: (parts.direct, parts.shared or 0) for name, parts in owners.items()}
    names = sorted(charged, key=lambda name: (name == UNALLOCATED, -sum(charged[name]), name))

    def row(label: str, own: int, more: int, remark: str = "") -> Row:
        digits = section.digits
        return Row(label, (Cell.money(own + more, digits), Cell.money(own, digits), Cell.signed(more, digits)), remark)

    return Table(
        "shared",
        _TITLE,
        "what is shared moves between cost centres and adds nothing",
        ("Cost centre", "Together", "Direct", "Shared"),
        tuple(row(name, *charged[name], scope.month.cost_centers.name_of(name)) for name in names),
        row("Total", section.total.effective, section.shared.effective if section.shared else 0),
    )


def _by_rule(scope: Scope, section: Section, shared: SharedBlock) -> Table:
    def row(label: str, effective: int, billed: int, remark: str = "") -> Row:
        amounts = Cell.money(effective, section.digits), Cell.money(billed, section.digits)
        return Row(label, (*amounts, Cell.share(None), Cell.quantity(None)), remark)

    rules: dict[str, list[SharedLine]] = defaultdict(list)
    for line in shared.lines:
        rules[line.entry.rule_id].append(line)
    by_tag = "by tag; every line is in the spreadsheet and in statement.csv"
    direct = row("Direct cost", section.total.effective, section.total.billed, by_tag)
    return Table(
        "shared",
        _TITLE,
        "what the rules for shared cost added and took away; every line is in the spreadsheet and in shared.csv",
        ("Rule", "Charged", "Billed", "Share", "Weight"),
        (direct, *(_rule(scope, lines, section.digits) for lines in rules.values())),
        row(_TITLE, section.total_with_shared, section.total.billed + shared.billed),
    )


def _rule(scope: Scope, lines: Sequence[SharedLine], digits: int) -> Row:
    """Return one row of all that a rule did to the cost centre, with share and weight where they are the same."""
    effective, billed = sum(line.effective for line in lines), sum(line.billed for line in lines)
    entries = [line.entry for line in lines]
    shares, weights = {e.share for e in entries if e.share is not None}, {e.weight for e in entries if e.weight}
    kinds = [MEANINGS[kind] for kind in MEANINGS if kind in {each.entry_kind for each in entries}]
    count = f"{len(lines)} line{'' if len(lines) == 1 else 's'}"
    return Row(
        allocation_rules.title_of(scope, entries[0].rule_id),
        (
            Cell.signed(effective, digits),
            Cell.signed(billed, digits),
            Cell.share(shares.pop() if len(shares) == 1 else None),
            Cell.quantity(weights.pop() if len(weights) == 1 else None),
        ),
        f"{', '.join(kinds)} · {allocation_rules.versions_of(lines)} · {count}",
    )
