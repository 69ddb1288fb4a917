"""The invoices that go with the bills: what the clouds ask for, in whole cents, summed from the native lines."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from finops.core.atomic import replacing
from finops.core.money import cents
from finops.sample.models import InvoiceKey, InvoiceTotal

COLUMNS = ("issuer", "invoice_id", "billing_period", "currency", "total", "tax", "billing_account_id")


def write_invoices(path: Path, invoices: Mapping[InvoiceKey, InvoiceTotal]) -> None:
    """Write one line per invoice, as ``invoices.yml`` takes it.

    Every cloud rounds an invoice once, at its end. Tax is given where the bill has lines of it.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(COLUMNS)
        for key, sums in sorted(invoices.items(), key=lambda item: item[0]):
            amounts = [str(cents(sums.total)), str(cents(sums.tax)) if sums.tax else ""]
            names = [key.issuer, key.invoice_id, str(key.period), key.currency]
            writer.writerow([*names, *amounts, key.billing_account_id])
