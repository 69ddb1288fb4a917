"""The rules for shared cost: what each one allocated, from how many cost centres to how many. The company's alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from finops.chargeback.statement.models import Section, SharedLine
from finops.chargeback.statement.scope import Scope
from finops.pages import wording
from finops.pages.figures import Cell, Row, Table


def tables(scope: Scope, section: Section) -> Iterator[Table]:
    """Yield a row for each rule, of all its bills; the rule's description is its title."""
    if scope.owner is not None or section.shared is None:
        return
    rules: dict[str, list[SharedLine]] = defaultdict(list)
    for line in section.shared.lines:
        rules[line.entry.rule_id].append(line)
    if rules:
        yield Table(
            "rules",
            "Rules for shared cost",
            "what each rule of allocation.yml allocated, and from how many cost centres it went to how many",
            ("Rule", "Allocated", "Senders", "Receivers"),
            tuple(_rule(scope, lines, section.digits) for _, lines in sorted(rules.items())),
        )


def _rule(scope: Scope, lines: Sequence[SharedLine], digits: int) -> Row:
    sent = [line for line in lines if line.entry.entry_kind == "offset"]
    receivers = {line.entry.cost_center for line in lines if line.entry.entry_kind in ("pool", "price")}
    senders = {line.entry.cost_center for line in sent}
    amount = Cell.money(-sum(line.effective for line in sent), digits)
    return Row(
        title_of(scope, lines[0].entry.rule_id),
        (amount, Cell.quantity(len(senders)), Cell.quantity(len(receivers))),
        f"{versions_of(lines)} · digest of the rule {', '.join(sorted({line.entry.rule_digest for line in lines}))}",
    )


def title_of(scope: Scope, rule_id: str) -> str:
    """Return what a rule says it does; its id where it says nothing, or is no longer in the file."""
    return scope.month.rule_titles.get(rule_id) or rule_id


def versions_of(lines: Sequence[SharedLine]) -> str:
    """Return the rule's id with its versions, and the bills it is of."""
    versions = sorted({line.entry.rule_version for line in lines})
    bills = sorted({wording.name(line.entry.provider) for line in lines})
    return f"{lines[0].entry.rule_id}, version {', '.join(map(str, versions))} · {', '.join(bills)}"
