"""The invoices of the bills: what the clouds ask for, in whole cents, summed from the native lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from finops.core.money import cents
from finops.sample.files import write_csv
from finops.sample.models import InvoiceKey, InvoiceTotal

COLUMNS = ("issuer", "invoice_id", "billing_period", "currency", "total", "tax", "billing_account_id")


def write_invoices(path: Path, invoices: Mapping[InvoiceKey, InvoiceTotal]) -> None:
    """Write one line per invoice, as ``invoices.yml`` reads it.

    Every cloud rounds an invoice once, at its end. Tax is given where the bill has tax lines.
    """
    rows = []
    for key, sums in sorted(invoices.items(), key=lambda item: item[0]):
        amounts = [str(cents(sums.total)), str(cents(sums.tax)) if sums.tax else ""]
        rows.append([key.issuer, key.invoice_id, str(key.period), key.currency, *amounts, key.billing_account_id])
    write_csv(path, COLUMNS, rows)
