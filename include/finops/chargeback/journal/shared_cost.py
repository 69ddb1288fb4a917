"""Shared cost to balanced entries: one document a month for the whole company, from its statement's shared lines.

What the rules of allocation.yml moved is debited to the cost centre that bears it and credited to the one that gave or
earned it, both on the rule's own account: no provider is paid by it, so no clearing account takes part. Over all cost
centres and what nobody owns it is zero, in the statements' cents, and so the document balances. A single rule need not
be zero in cents: each cost centre's cents are rounded over all of its lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from finops.chargeback.journal.models import SHARED, JournalEntry, posting_date
from finops.chargeback.statement.models import Section, SharedLine, Statement
from finops.core.dimensions import UNALLOCATED
from finops.pages import wording
from finops.policy.accounts import Accounts, Allocated

_MOST_LINES = 100
_SEVERAL = "(several)"
Key = tuple[str, str, str, str]
"""Cost centre, account, rule and provider."""


def has_shared_cost(company: Statement) -> bool:
    """Tell whether any cent of shared cost was moved."""
    return any(line.effective for section in company.sections if section.shared for line in section.shared.lines)


def document_of(company: Statement, digest: str, accounts: Accounts) -> list[JournalEntry]:
    """Return the month's entries of shared cost, of what nobody owns last in each currency; none without accounts.

    What one rule did to one cost centre in one bill is one entry: who gives to a pool and takes a share of it has both
    in it.
    """
    if accounts.allocated is None:
        return []
    document = f"{SHARED}-{company.billing_period}-{digest[:12]}"
    found: list[JournalEntry] = []
    for section in company.sections:
        groups = _groups(section, accounts.allocated)
        for key in sorted(groups, key=lambda each: (each[0] == UNALLOCATED, each)):
            units = sum(line.effective for line in groups[key])
            if units:
                owner, account, *_ = key
                found.append(
                    JournalEntry(
                        posting_date=posting_date(company.billing_period),
                        document=document,
                        number=len(found) + 1,
                        cost_center=accounts.unallocated.cost_center if owner == UNALLOCATED else owner,
                        is_clearing=False,
                        account=account,
                        debit=max(units, 0),
                        credit=max(-units, 0),
                        currency=section.currency,
                        digits=section.digits,
                        text=_text(company, key, groups[key], is_debit=units > 0),
                        statement_lines=_ids(groups[key]),
                    )
                )
    return found


def _groups(section: Section, allocated: Allocated) -> dict[Key, list[SharedLine]]:
    groups: dict[Key, list[SharedLine]] = defaultdict(list)
    for line in section.shared.lines if section.shared else ():
        each = line.entry
        groups[each.cost_center, allocated.account_of(each.rule_id), each.rule_id, each.provider].append(line)
    return groups


def _text(company: Statement, key: Key, lines: Sequence[SharedLine], *, is_debit: bool) -> str:
    """Return the month, the rule, whose entry it is and, where there is a single one, who is on the other side."""
    owner, _, rule, provider = key
    month = f"{wording.name(provider)} {wording.month(company.billing_period)}"
    others = {line.entry.counterpart for line in lines} - {owner}
    other = others.pop() if len(others) == 1 else _SEVERAL
    named = wording.name(company.label_of(other))
    towards = "" if other == _SEVERAL else f", {'from' if is_debit else 'to'} {named}"
    return f"{month}, shared by rule {wording.name(rule)}: {wording.name(company.label_of(owner))}{towards}"


def _ids(lines: Sequence[SharedLine]) -> str:
    """Return the ids of the lines; of very many, how many: they are all that the rule has in the bill and statement."""
    if len(lines) > _MOST_LINES:
        return f"{len(lines)} lines of the rule"
    return " ".join(line.entry.line_id for line in lines)
