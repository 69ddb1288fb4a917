"""Statements to balanced entries: pure, and the same for any order of the rows.

Each statement is a document of its own. What an owner is charged (effective cost) is debited to the owner's cost centre
and credited to the provider's clearing account, to which the provider's invoice is debited. Costs without an owner are
posted, too, to a cost centre of their own: the month's whole cost is then in the books of the month, and what stays
on a clearing account is only what the invoice has that the month's cost has not, such as commitments paid ahead.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from finops.chargeback import rounding, wording
from finops.chargeback.journal.models import Accounts, Entry
from finops.chargeback.models import UNALLOCATED, Charge, Section, Statement

_MOST_RANGES = 100
Amounts = dict[tuple[str, str], list[tuple[int, int]]]
"""Account and provider to the statement's lines (their number and amount)."""


def entries_of(statements: Sequence[Statement], digests: Sequence[str], accounts: Accounts) -> tuple[Entry, ...]:
    """Return the entries of all statements, the unallocated remainder last.

    ``statements`` begins with the company's; ``digests`` are those of their ``statement.csv``.
    """
    found: list[Entry] = []
    for statement, digest in list(zip(statements, digests, strict=True))[1:]:
        found += _document(statement, digest, accounts)
    return (*found, *_document(statements[0], digests[0], accounts))


def _document(statement: Statement, digest: str, accounts: Accounts) -> list[Entry]:
    """Return one statement's entries; of the company's, those of its unallocated remainder."""
    period = statement.billing_period
    posted = date(period.year, period.month, calendar.monthrange(period.year, period.month)[1])
    document = f"CB-{period}-{digest[:12]}"
    is_rest = statement.cost_center is None
    owner = accounts.unallocated.cost_center if is_rest else str(statement.cost_center)
    about = wording.name(UNALLOCATED if is_rest else owner)
    found: list[Entry] = []
    before = 0
    for section in statement.sections:
        amounts = _amounts(section, before, accounts, is_rest=is_rest)
        before += len(section.details)
        for is_clearing, account, provider, lines in _postings(amounts, accounts):
            units = sum(amount for _, amount in lines) * (-1 if is_clearing else 1)
            if units:
                found.append(
                    Entry(
                        posting_date=posted,
                        document=document,
                        number=len(found) + 1,
                        cost_center="" if is_clearing else owner,
                        is_clearing=is_clearing,
                        account=account,
                        debit=max(units, 0),
                        credit=max(-units, 0),
                        currency=section.currency,
                        digits=section.digits,
                        text=f"{wording.name(provider)} {wording.month(period)}: {about}",
                        statement_lines=_ranges(number for number, _ in lines),
                    )
                )
    return found


def _amounts(section: Section, before: int, accounts: Accounts, *, is_rest: bool) -> Amounts:
    """Return the lines by account and provider; they sum to what the statement shows as its total."""
    numbered = list(enumerate(section.details, start=before + 1))
    if is_rest:
        numbered = [(number, line) for number, line in numbered if line.charge.cost_center == UNALLOCATED]
        total = section.unallocated.shown.effective if section.unallocated else 0
        # Within the remainder as the company's statement shows it: its own lines are rounded within the whole.
        exact = {line.charge.key: line.charge.effective_cost for _, line in numbered}
        shown = rounding.apportion_amounts(exact, total, section.digits)
    else:
        shown = {line.charge.key: line.effective for _, line in numbered}
    amounts: Amounts = defaultdict(list)
    for number, line in numbered:
        charge: Charge = line.charge
        account = accounts.unallocated.account if is_rest else accounts.account_of(charge)
        amounts[account, charge.provider].append((number, shown[charge.key]))
    return amounts


def _postings(amounts: Amounts, accounts: Accounts) -> Iterable[tuple[bool, str, str, list[tuple[int, int]]]]:
    """Yield whether it is clearing, account, provider and lines: first what the owner is charged, then its clearing."""
    for account, provider in sorted(amounts):
        yield False, account, provider, amounts[account, provider]
    for provider in sorted({provider for _, provider in amounts}):
        lines = [line for (_, each), found in amounts.items() if each == provider for line in found]
        yield True, accounts.clearing_of(provider), provider, lines


def _ranges(numbers: Iterable[int]) -> str:
    """Return line numbers as ``1-4 7``; of very many ranges, how many lines they are and between which."""
    ordered = sorted(numbers)
    ranges: list[list[int]] = []
    for number in ordered:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    if len(ranges) > _MOST_RANGES:
        return f"{len(ordered)} lines between {ordered[0]} and {ordered[-1]}"
    return " ".join(f"{first}-{last}" if last > first else str(first) for first, last in ranges)
