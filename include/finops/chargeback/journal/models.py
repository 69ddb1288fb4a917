"""The types of the journal: the lines that are posted."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from finops.core.money import from_units
from finops.core.periods import BillingPeriod

DIRECT, SHARED, ADJUSTMENTS = "CB", "CS", "CA"
KINDS = {DIRECT: "direct cost", SHARED: "shared cost", ADJUSTMENTS: "adjustments"}
"""What a document holds, by how its name begins."""
Totals = dict[str, tuple[Decimal, Decimal]]
"""Debits and credits by currency."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of the journal. Debit and credit are in smallest units, never negative, one of them zero.

    ``document`` names the statement by its digest: its lines balance per currency. A clearing account is the balance
    sheet's and has no cost centre. ``statement_lines`` are those that the amount is made of: of
    ``statement.csv`` in a document ``CB-…``, of ``adjustments.csv`` in a document ``CA-…`` by their numbers, of
    ``shared.csv`` in the document ``CS-…`` by their ids.
    """

    posting_date: date
    document: str
    number: int
    cost_center: str
    is_clearing: bool
    account: str
    debit: int
    credit: int
    currency: str
    digits: int
    text: str
    statement_lines: str

    @property
    def reference(self) -> str:
        """Document and line: unique in a journal."""
        return f"{self.document}-{self.number:04d}"

    @property
    def kind(self) -> str:
        """How the document's name begins, one of ``KINDS``."""
        return self.document.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Journal:
    """A written journal, with the digest of its bytes. ``notices`` say what it leaves out, a line each."""

    path: Path
    sha256: str
    billing_period: BillingPeriod
    build_id: str
    entries: Sequence[JournalEntry]
    notices: tuple[str, ...] = ()

    @property
    def totals(self) -> Totals:
        """Debits and credits by currency, which are equal."""
        return totals_of(self.entries)

    @property
    def by_kind(self) -> dict[str, Sequence[JournalEntry]]:
        """The entries by what their documents hold, in the order of ``KINDS``."""
        found = {what: [each for each in self.entries if each.kind == kind] for kind, what in KINDS.items()}
        return {what: entries for what, entries in found.items() if entries}


def totals_of(entries: Iterable[JournalEntry]) -> Totals:
    """Return the debits and credits of entries by currency."""
    found: Totals = {}
    for entry in entries:
        debit, credit = found.get(entry.currency, (Decimal(0), Decimal(0)))
        more_debit, more_credit = (from_units(units, entry.digits) for units in (entry.debit, entry.credit))
        found[entry.currency] = (debit + more_debit, credit + more_credit)
    return dict(sorted(found.items()))


def posting_date(period: BillingPeriod) -> date:
    """Return the day on which a month is posted, its last one."""
    return date(period.year, period.month, calendar.monthrange(period.year, period.month)[1])
