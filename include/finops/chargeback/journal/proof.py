"""Proof that a journal posts what the statements charge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from finops.chargeback.journal.models import JournalEntry
from finops.chargeback.statement.models import Statement
from finops.core.dimensions import UNALLOCATED
from finops.core.errors import Finding
from finops.policy.accounts import Accounts


def prove(statements: Sequence[Statement], entries: Sequence[JournalEntry], accounts: Accounts) -> None:
    """Raise Finding unless every document balances and every cost centre is posted what its statement charges it.

    Together with what nobody owns that is, per currency, the company's total with adjustments.
    """
    balance: dict[tuple[str, str], int] = defaultdict(int)
    posted: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries:
        balance[entry.document, entry.currency] += entry.debit - entry.credit
        if not entry.is_clearing:
            posted[entry.cost_center, entry.currency] += entry.debit - entry.credit
    for (document, currency), units in sorted(balance.items()):
        if units:
            raise Finding(f"journal document {document}: debits and credits in {currency} differ by {units}")
    period, charged = statements[0].billing_period, _charged(statements, accounts)
    for owner, currency in sorted({*posted, *charged}):
        if units := posted[owner, currency] - charged.get((owner, currency), 0):
            raise Finding(
                f"journal of {period}: {currency} posted to {owner[:100]!r} differs by {units} from what its "
                "statement charges; run `finops reconcile`"
            )
    for section in statements[0].sections:
        total = sum(units for (_, currency), units in posted.items() if currency == section.currency)
        if total != section.total_with_adjustments:
            raise Finding(
                f"journal of {period}: {section.currency} posted to cost centres is not the "
                "company's total with adjustments; run `finops reconcile`"
            )


def _charged(statements: Sequence[Statement], accounts: Accounts) -> dict[tuple[str, str], int]:
    """Return what is to be posted to each cost centre by currency, by its statement or, of no owner, the company's."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    with_shared = accounts.allocated is not None
    for section in statements[0].sections:
        loose = section.unallocated.shown.effective if section.unallocated else 0
        lines = section.adjustments.lines if section.adjustments else ()
        loose += sum(line.effective for line in lines if line.adjustment.cost_center == UNALLOCATED)
        loose += section.shared.of_owner(UNALLOCATED).effective if with_shared and section.shared else 0
        found[accounts.unallocated.cost_center, section.currency] += loose
    for statement in statements[1:]:
        for section in statement.sections:
            owed = section.total_charged if with_shared else section.total_with_adjustments
            found[str(statement.cost_center), section.currency] += owed
    return found
