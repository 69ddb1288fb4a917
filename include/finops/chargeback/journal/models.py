"""The types of the journal: where costs are posted, and the lines that are posted."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from finops.chargeback.close.models import Adjustment
from finops.chargeback.statement.facts import Charge
from finops.core.focus import COLUMNS
from finops.core.formats import Provider
from finops.core.money import from_units
from finops.core.periods import BillingPeriod

_ALLOWED = {column.snake: column.allowed for column in COLUMNS} | {"provider": tuple(each.value for each in Provider)}
CONDITIONS = ("provider", "service_category", "charge_category")
"""What a rule can ask of a charge."""

Account = Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9 ./_-]{0,38}[A-Za-z0-9])?$")]
"""Number or name of a GL account or a cost centre, as the ledger has it; leading zeros stay."""


def _one_of(column: str) -> BeforeValidator:
    def checked(given: object) -> tuple[str, ...]:
        values = given if isinstance(given, list) else [given]
        for each in values:
            if each not in _ALLOWED[column]:
                raise ValueError(f"{each!r} is none of {', '.join(_ALLOWED[column])}")
        return tuple(values)

    return BeforeValidator(checked)


class AccountRule(BaseModel):
    """Charges that meet every condition go to ``account``; a condition is one value or a list of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    provider: Annotated[tuple[str, ...], _one_of("provider")] = ()
    service_category: Annotated[tuple[str, ...], _one_of("service_category")] = ()
    charge_category: Annotated[tuple[str, ...], _one_of("charge_category")] = ()

    def matches(self, charge: Charge | Adjustment) -> bool:
        """Tell whether the charge, or what a closed month's changed by, meets every condition."""
        return all(getattr(charge, each) in getattr(self, each) for each in CONDITIONS if getattr(self, each))

    def covers(self, other: AccountRule) -> bool:
        """Tell whether this rule takes everything that ``other`` asks for."""
        return all(
            not getattr(self, each) or (getattr(other, each) and set(getattr(other, each)) <= set(getattr(self, each)))
            for each in CONDITIONS
        )


class Unallocated(BaseModel):
    """Where costs without an owner are posted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cost_center: Account
    account: Account


class Clearing(BaseModel):
    """The account of each provider from which its costs are handed out; the invoice is posted to it as well."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aws: Account
    azure: Account
    gcp: Account


class Allocated(BaseModel):
    """The account, by rule of ``allocation.yml``, of what is moved between cost centres: debited and credited alike."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: Account
    rules: dict[str, Account] = Field(default_factory=dict)

    def account_of(self, rule_id: str) -> str:
        """Return the account of what a rule moves."""
        return self.rules.get(rule_id, self.default)


def _some_keys(given: object) -> object:
    """Read a section without keys as what it is, and not as one that is not there."""
    return {} if given is None else given


class Accounts(BaseModel):
    """``gl_accounts.yml``: the first of ``accounts`` that matches, else ``default``.

    Without ``allocated`` shared cost is not posted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: Account
    unallocated: Unallocated
    clearing: Clearing
    allocated: Annotated[Allocated | None, BeforeValidator(_some_keys)] = None
    accounts: tuple[AccountRule, ...] = ()

    def account_of(self, charge: Charge | Adjustment) -> str:
        """Return the expense account of an owner's charge or adjustment."""
        return next((rule.account for rule in self.accounts if rule.matches(charge)), self.default)

    def clearing_of(self, provider: str) -> str:
        """Return the provider's clearing account."""
        return str(getattr(self.clearing, provider))


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
        found[entry.currency] = (
            debit + from_units(entry.debit, entry.digits),
            credit + from_units(entry.credit, entry.digits),
        )
    return dict(sorted(found.items()))


def posting_date(period: BillingPeriod) -> date:
    """Return the day on which a month is posted, its last one."""
    return date(period.year, period.month, calendar.monthrange(period.year, period.month)[1])
