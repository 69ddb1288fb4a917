"""The rules for shared cost: what each one allocated, from how many cost centres to how many. The company's alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from finops.chargeback.statement.models import Section, SharedLine
from finops.chargeback.statement.scope import Scope
from finops.pages.figures import Cell, Row, Table


def tables(scope: Scope, section: Section) -> Iterator[Table]:
    """Yield a row for each rule, version and bill."""
    if scope.owner is not None or section.shared is None:
        return
    rules: dict[tuple[str, int, str, str], list[SharedLine]] = defaultdict(list)
    for line in section.shared.lines:
        each = line.entry
        rules[each.rule_id, each.rule_version, each.rule_digest, each.provider].append(line)
    if rules:
        yield Table(
            "rules",
            "Rules for shared cost",
            "what each rule of allocation.yml took, and from how many it went to how many",
            ("Rule", "Moved", "Givers", "Takers"),
            tuple(_rule(key, lines, section.digits) for key, lines in sorted(rules.items())),
        )


def _rule(key: tuple[str, int, str, str], lines: Sequence[SharedLine], digits: int) -> Row:
    rule_id, version, digest, provider = key
    sent = [line for line in lines if line.entry.entry_kind == "offset"]
    receivers = {line.entry.cost_center for line in lines if line.entry.entry_kind in ("pool", "price")}
    senders = {line.entry.cost_center for line in sent}
    amount = Cell.money(-sum(line.effective for line in sent), digits)
    return Row(
        f"{rule_id}, version {version}",
        (amount, Cell.quantity(len(senders)), Cell.quantity(len(receivers))),
        f"{provider} · digest of the rule {digest}",
    )
