"""``invoices.yml``: the invoices as finance enters them, and the files that hold more of them."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from finops.chargeback.invoices.models import GivenInvoice
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy.configuration import Currency, Period, entries_of, entry_of, file_named, read_csv, read_mapping

FILE = "invoices.yml"
_Amount = Annotated[Decimal, Field(max_digits=38, decimal_places=12, allow_inf_nan=False)]
_Name = Annotated[str, Field(min_length=1)]


class InvoiceEntry(BaseModel):
    """One invoice. Without ``invoice_id`` it is what the bill of ``billing_account_id`` has without any id."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    billing_period: Period
    currency: Currency
    total: _Amount
    issuer: _Name | None = None
    invoice_id: _Name | None = None
    billing_account_id: _Name | None = None
    tax: _Amount | None = None
    credits: _Amount | None = None
    rounding: _Amount | None = None

    @model_validator(mode="after")
    def _is_identified(self) -> InvoiceEntry:
        if self.invoice_id is None and self.billing_account_id is None:
            raise ValueError("needs invoice_id, or billing_account_id where the bill names no invoices")
        return self


def load(settings: Settings) -> tuple[tuple[GivenInvoice, ...], tuple[str, ...]]:
    """Return the invoices, and one warning for each listed file that is not there: its invoices count as not given.

    Raise BadInput, naming file, line, entry and key, for anything that is not as it should be.
    """
    path = settings.configuration_dir / FILE
    found = read_mapping(path)
    if unknown := sorted(set(found.content) - {"invoices", "files"}):
        raise found.error((unknown[0],), "is no setting; there are invoices and files")
    entries = entries_of(found, "invoices")
    warnings = []
    for _, text in entries_of(found, "files"):
        file = file_named(str(text), settings)
        rows = read_csv(file)
        if rows is None:
            warnings.append(f"{file}, which {path} lists, is not there: its invoices count as not given")
        entries += [(f"{file}: line {n}", row) for n, row in enumerate(rows or [], start=2)]
    given = tuple(_given(entry, where) for where, entry in entries)
    twice = [key for key, count in Counter(each.key for each in given).items() if count > 1]
    if twice:
        first, second, *_ = (each.where for each in given if each.key == twice[0])
        raise BadInput(f"{second} is the same invoice as {first}; take one out")
    return given, tuple(warnings)


def _given(entry: Any, where: str) -> GivenInvoice:
    return GivenInvoice(where=where, **dict(entry_of(InvoiceEntry, entry, where)))
