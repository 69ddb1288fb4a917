"""The invoices that finance holds: ``invoices.yml`` and the CSV files it lists. Amounts are exact, in its currency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy.loader import Currency, Entry, File, Period, Row, Text, rows
from finops.policy.loader import load as load_file
from finops.stores.state.closing import InvoiceKey

FILE = "invoices.yml"
_Amount = Annotated[Decimal, Field(max_digits=38, decimal_places=12, allow_inf_nan=False)]


class InvoiceEntry(Entry):
    """One invoice. Without ``invoice_id`` it is what the bill of ``billing_account_id`` has without any id."""

    model_config = ConfigDict(str_strip_whitespace=True)

    billing_period: Period
    currency: Currency
    total: _Amount
    issuer: Text | None = None
    invoice_id: Text | None = None
    billing_account_id: Text | None = None
    tax: _Amount | None = None
    credits: _Amount | None = None
    rounding: _Amount | None = None

    @model_validator(mode="after")
    def _is_identified(self) -> InvoiceEntry:
        if self.invoice_id is None and self.billing_account_id is None:
            raise ValueError("needs invoice_id, or billing_account_id where the bill names no invoices")
        return self


class _Invoices(Entry):
    invoices: tuple[InvoiceEntry, ...] = ()
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenInvoice:
    """An invoice as finance or a file gives it. ``where`` says which entry of which file.

    ``total`` is what is to be paid, tax and credits in it; ``credits`` are negative. ``rounding`` is what the issuer
    says it rounded. None stands for what is not given.
    """

    where: str
    billing_period: BillingPeriod
    currency: str
    total: Decimal
    issuer: str | None = None
    invoice_id: str | None = None
    billing_account_id: str | None = None
    tax: Decimal | None = None
    credits: Decimal | None = None
    rounding: Decimal | None = None

    @property
    def key(self) -> InvoiceKey:
        """What a sign-off is recorded under."""
        issuer, invoice, account = (each or "" for each in (self.issuer, self.invoice_id, self.billing_account_id))
        return InvoiceKey(self.billing_period, issuer, invoice, account, self.currency)


def load(settings: Settings) -> tuple[tuple[GivenInvoice, ...], tuple[str, ...]]:
    """Return the invoices, and one warning for each listed file that does not exist: its invoices count as not given.

    Raise BadInput, naming file, line and key, for what is invalid, and for an invoice that is given twice.
    """
    content, found = load_file(settings, FILE, _Invoices)
    entries = [Row(found.where(("invoices", number)), entry) for number, entry in enumerate(content.invoices)]
    warnings = []
    for number, file in enumerate(content.files):
        listed = rows(Path(file), InvoiceEntry)
        if listed is None:
            where = found.where(("files", number))
            warnings.append(f"{where}: {file} does not exist: its invoices count as not given")
        entries += listed or []
    given = tuple(GivenInvoice(where=where, **vars(entry)) for where, entry in entries)
    _require_each_once(given)
    return given, tuple(warnings)


def _require_each_once(given: Iterable[GivenInvoice]) -> None:
    first: dict[InvoiceKey, str] = {}
    for each in given:
        if (where := first.setdefault(each.key, each.where)) != each.where:
            raise BadInput(f"{each.where} is the same invoice as {where}; take one out")
