"""Statements to balanced entries: pure, and the same for any order of the rows.

Each statement is a document of its own, and shared cost one for the whole company (``shared_cost``). What an owner is
charged (effective cost) is debited to the owner's cost centre and credited to the provider's clearing account, to which
the provider's invoice is debited. Costs without an owner are posted, too, to a cost centre of their own: the month's
whole cost is then in the books of the month, and what stays on a clearing account is only what the invoice has that
the month's cost has not, such as commitments paid ahead.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from finops.chargeback.journal import shared_cost
from finops.chargeback.journal.models import ADJUSTMENTS, DIRECT, JournalEntry, posting_date
from finops.chargeback.statement import rounding
from finops.chargeback.statement.facts import Charge
from finops.chargeback.statement.models import Section, Statement
from finops.core.dimensions import UNALLOCATED
from finops.core.periods import BillingPeriod
from finops.pages import wording
from finops.policy.accounts import Accounts

_MOST_RANGES = 100
Amounts = dict[tuple[str, str, str], list[tuple[int, int]]]
"""Account, provider and month of the bill to the statement's lines (their number and amount)."""


@dataclass(frozen=True, slots=True)
class Digests:
    """The sha256 of a statement's ``statement.csv``, ``adjustments.csv`` and ``shared.csv``; empty without the file.

    Of the first it is that of its figures (``csv_file.figures_sha256``), so that a close renames no document.
    """

    statement: str
    adjustments: str = ""
    shared: str = ""


def entries_of(
    statements: Sequence[Statement], digests: Sequence[Digests], accounts: Accounts
) -> tuple[JournalEntry, ...]:
    """Return the entries of all statements; ``statements`` begins with the company's.

    The unallocated remainder follows the cost centres, and shared cost comes last. What closed months became is a
    document of its own beside the month's, posted in the month that shows it.
    """
    found: list[JournalEntry] = []
    pairs = list(zip(statements, digests, strict=True))
    for statement, digest in (*pairs[1:], pairs[0]):
        period = statement.billing_period
        found += _document(statement, f"{DIRECT}-{period}-{digest.statement[:12]}", accounts, _amounts)
        if any(section.adjustments for section in statement.sections):
            found += _document(statement, f"{ADJUSTMENTS}-{period}-{digest.adjustments[:12]}", accounts, _adjusted)
    return (*found, *shared_cost.document_of(statements[0], digests[0].shared, accounts))


def _document(
    statement: Statement,
    document: str,
    accounts: Accounts,
    amounts_of: Callable[[Statement, Section, Iterator[int], Accounts], Amounts],
) -> list[JournalEntry]:
    """Return one document's entries; of the company's statement, those of its unallocated remainder."""
    period = statement.billing_period
    owner = accounts.unallocated.cost_center if statement.cost_center is None else str(statement.cost_center)
    about = wording.name(UNALLOCATED if statement.cost_center is None else statement.label_of(owner))
    found: list[JournalEntry] = []
    numbers = itertools.count(1)
    for section in statement.sections:
        amounts = amounts_of(statement, section, numbers, accounts)
        for is_clearing, account, provider, month, lines in _postings(amounts, accounts):
            units = sum(amount for _, amount in lines) * (-1 if is_clearing else 1)
            if units:
                what = "" if month == str(period) else ", adjustment"
                found.append(
                    JournalEntry(
                        posting_date=posting_date(period),
                        document=document,
                        number=len(found) + 1,
                        cost_center="" if is_clearing else owner,
                        is_clearing=is_clearing,
                        account=account,
                        debit=max(units, 0),
                        credit=max(-units, 0),
                        currency=section.currency,
                        digits=section.digits,
                        text=f"{wording.name(provider)} {wording.month(BillingPeriod.parse(month))}{what}: {about}",
                        statement_lines=_ranges(number for number, _ in lines),
                    )
                )
    return found


def _amounts(statement: Statement, section: Section, numbers: Iterator[int], accounts: Accounts) -> Amounts:
    """Return the month's lines by account and provider; they sum to what the statement shows as its total."""
    is_rest = statement.cost_center is None
    lines = [(next(numbers), line) for line in section.details]
    if is_rest:
        lines = [(number, line) for number, line in lines if line.charge.cost_center == UNALLOCATED]
        total = section.unallocated.shown.effective if section.unallocated else 0
        # Within the remainder as the company's statement shows it: its own lines are rounded within the whole.
        exact = {line.charge.key: line.charge.effective_cost for _, line in lines}
        shown = rounding.apportion_amounts(exact, total, section.digits)
    else:
        shown = {line.charge.key: line.effective for _, line in lines}
    amounts: Amounts = defaultdict(list)
    for number, line in lines:
        charge: Charge = line.charge
        account = accounts.unallocated.account if is_rest else accounts.account_of(charge)
        amounts[account, charge.provider, str(statement.billing_period)].append((number, shown[charge.key]))
    return amounts


def _adjusted(statement: Statement, section: Section, numbers: Iterator[int], accounts: Accounts) -> Amounts:
    """Return the adjustments by account, provider and closed month; the remainder's have their cents already."""
    is_rest = statement.cost_center is None
    amounts: Amounts = defaultdict(list)
    for line in section.adjustments.lines if section.adjustments else ():
        number, each = next(numbers), line.adjustment
        if not is_rest or each.cost_center == UNALLOCATED:
            account = accounts.unallocated.account if is_rest else accounts.account_of(each)
            amounts[account, each.provider, str(each.billing_period)].append((number, line.effective))
    return amounts


def _postings(amounts: Amounts, accounts: Accounts) -> Iterable[tuple[bool, str, str, str, list[tuple[int, int]]]]:
    """Yield whether it is clearing, account, provider, month and lines: what is charged first, then its clearing."""
    for account, provider, month in sorted(amounts):
        yield False, account, provider, month, amounts[account, provider, month]
    for provider, month in sorted({(provider, month) for _, provider, month in amounts}):
        lines = [line for (_, *bill), found in amounts.items() if bill == [provider, month] for line in found]
        yield True, accounts.clearing_of(provider), provider, month, lines


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
