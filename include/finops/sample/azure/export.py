"""Deliveries of Azure Cost Management exports: the actual and the amortized half of a month, each with its manifest."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from finops.core.formats import Provider
from finops.sample.azure.bill import injections_of, rows
from finops.sample.azure.block import Rows, decimals, text, total
from finops.sample.azure.series import BILLING_ACCOUNT, rate_in
from finops.sample.chance import seeded
from finops.sample.columnar import shared_text
from finops.sample.company import EUROS_PER_DOLLAR
from finops.sample.files import PART_ROWS, write_json
from finops.sample.lines import Month
from finops.sample.models import InvoiceKey, InvoiceTotal, MonthResult, Total, TotalKey
from finops.sample.progress import Steps
from finops.sample.series import guid

EXPORTS = {"meridian-actual": "ActualCost", "meridian-amortized": "AmortizedCost"}
# As a Microsoft Customer Agreement's export orders and spells them.
_NAMES = (
    "invoiceId previousInvoiceId billingAccountId billingAccountName billingProfileId billingProfileName "
    "invoiceSectionId invoiceSectionName resellerName resellerMpnId costCenter billingPeriodEndDate "
    "billingPeriodStartDate servicePeriodEndDate servicePeriodStartDate date serviceFamily productOrderId "
    "productOrderName consumedService meterId meterName meterCategory meterSubCategory meterRegion ProductId "
    "ProductName SubscriptionId subscriptionName publisherType publisherId publisherName resourceGroupName "
    "ResourceId resourceLocation location effectivePrice quantity unitOfMeasure chargeType billingCurrency "
    "pricingCurrency costInBillingCurrency costInPricingCurrency costInUsd paygCostInBillingCurrency paygCostInUsd "
    "exchangeRatePricingToBilling exchangeRateDate isAzureCreditEligible serviceInfo1 serviceInfo2 additionalInfo "
    "tags PayGPrice frequency term reservationId reservationName pricingModel unitPrice costAllocationRuleName "
    "benefitId benefitName provider"
)
COLUMNS = tuple(_NAMES.split())


class CsvParts:
    """Writes tables behind one another into gzip-compressed CSV parts, with nothing of the clock in them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._raw: BinaryIO | None = None
        self._sink: gzip.GzipFile | None = None
        self._held = 0
        self.paths: list[Path] = []
        self.rows: list[int] = []

    def write(self, table: pa.Table) -> None:
        """Append a table; a new part begins where the last one is full."""
        while table.num_rows:
            is_new = self._sink is None or self._held == PART_ROWS
            sink = self._open() if is_new else self._sink
            piece = table.slice(0, PART_ROWS - self._held)
            pacsv.write_csv(piece, sink, pacsv.WriteOptions(include_header=is_new))
            self._held += piece.num_rows
            self.rows[-1] = self._held
            table = table.slice(piece.num_rows)

    def close(self) -> None:
        """Finish the last part."""
        if self._sink is not None and self._raw is not None:
            self._sink.close()
            self._raw.close()

    def _open(self) -> gzip.GzipFile:
        self.close()
        path = self._folder / f"part_{len(self.paths)}_0001.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._raw = path.open("wb")
        self._sink = gzip.GzipFile(filename="", mode="wb", compresslevel=4, fileobj=self._raw, mtime=0)
        self._held = 0
        self.paths.append(path)
        self.rows.append(0)
        return self._sink


def write_month(out: Path, seed: int, rows_per_month: int, month: Month, steps: Steps) -> MonthResult:
    """Write both halves of one billing period under ``out/azure``; each manifest comes after its parts."""
    injections = injections_of(seed, rows_per_month, month)
    result = MonthResult(labels=[each.label for each in injections])
    last = month.period.end - timedelta(days=1)
    span = f"{month.period.start:%Y%m%d}-{last:%Y%m%d}"
    parts: dict[str, CsvParts] = {}
    for export in EXPORTS:
        run = guid(seeded("azure", seed, export, month.period, month.is_open))
        parts[export] = CsvParts(out / "azure" / export / span / run)
    try:
        for each in rows(seed, rows_per_month, month, injections):
            for export, price in zip(EXPORTS, (each.actual_price, each.amortized_price), strict=True):
                if price is not None:
                    cost, table = _table(each, price, month)
                    parts[export].write(table)
                    _count(result.totals, export, each, cost, month)
                    # What is invoiced is what the actual half says: commitments when they are bought.
                    if EXPORTS[export] == "ActualCost" and not month.is_open:
                        _invoice(result.invoices, each, cost, month)
            steps.advance(len(each))
    finally:
        for each_part in parts.values():
            each_part.close()
    for export, written in parts.items():
        path = written.paths[0].parent / "manifest.json"
        write_json(path, _manifest(export, month, span, written))
        result.files += [*written.paths, path]
    return result


def _count(totals: dict[TotalKey, Total], export: str, made: Rows, cost: pa.Array, month: Month) -> None:
    currency = np.array([each.get("billingCurrency") for each in made.series])[made.owner]
    is_bare = np.array([not each.get("tags") for each in made.series])[made.owner]
    is_committed = np.array([each.get("pricingModel") in ("Reservation", "SavingsPlan") for each in made.series])
    is_bought = np.array([each.get("chargeType") in ("Purchase", "Refund") for each in made.series])
    is_actual = EXPORTS[export] == "ActualCost"
    is_billed = (is_committed & is_bought if is_actual else ~is_committed)[made.owner]
    for each in np.unique(currency):
        mine = currency == each
        key = TotalKey(Provider.AZURE, month.period, export, str(each))
        totals.setdefault(key, Total()).add(
            int(mine.sum()), total(cost, mine), total(cost, mine & is_billed), total(cost, mine & is_billed & is_bare)
        )


def _invoice(invoices: dict[InvoiceKey, InvoiceTotal], made: Rows, cost: pa.Array, month: Month) -> None:
    constants = _constants(month)
    profile = np.array([each.get("billingProfileId") for each in made.series])[made.owner]
    currency = np.array([each.get("billingCurrency") for each in made.series])[made.owner]
    for account, code in sorted(set(zip(profile.tolist(), currency.tolist(), strict=True))):
        invoice = str(_value("invoiceId", None, code, constants))
        key = InvoiceKey(Provider.AZURE, month.period, "", invoice, account, code)
        mine = (profile == account) & (currency == code)
        invoices.setdefault(key, InvoiceTotal()).add(total(cost, mine))


def _table(made: Rows, price: np.ndarray, month: Month) -> tuple[pa.Array, pa.Table]:
    """Return the exact cost of each row, and the rows as text."""
    quantity, exact_price = decimals(made.quantity, 6), decimals(price, 9)
    is_euro = np.array([each.get("billingCurrency") == "EUR" for each in made.series])[made.owner]
    dollars = decimals(np.where(is_euro, np.round(price / EUROS_PER_DOLLAR, 9), price), 9)
    payg = np.array([np.nan if (own := each.get("_payg")) is None else own for each in made.series])[made.owner]
    payg = np.where(np.isnan(payg), price, payg)
    cost, in_dollars = pc.multiply(quantity, exact_price), pc.multiply(quantity, dollars)
    computed: Mapping[str, pa.Array] = {
        # Prices are in the pricing currency, US dollars; only the cost is in the billing currency.
        "effectivePrice": text(dollars),
        "quantity": text(quantity),
        "costInBillingCurrency": text(cost),
        "costInPricingCurrency": text(in_dollars),
        "costInUsd": text(in_dollars),
        "paygCostInBillingCurrency": text(pc.multiply(quantity, decimals(payg, 9))),
        "paygCostInUsd": text(pc.multiply(quantity, decimals(np.where(is_euro, payg / EUROS_PER_DOLLAR, payg), 9))),
        "date": _days(made, month),
    }
    constants = _constants(month)
    columns = {name: computed[name] if name in computed else _text(name, made, constants) for name in COLUMNS}
    return cost, pa.table(columns)


def _text(name: str, made: Rows, constants: Mapping[str, str | None]) -> pa.Array:
    values = [_value(name, each.get(name), each.get("billingCurrency"), constants) for each in made.series]
    return shared_text(values, made.owner).cast(pa.string())


def _value(name: str, own: Any, currency: str, constants: Mapping[str, str | None]) -> str | None:
    if own is not None:
        return str(own)
    if name == "invoiceId":
        return f"{constants[name]}{currency[0]}" if constants[name] else None
    if name == "exchangeRatePricingToBilling":
        return repr(rate_in(currency, 1.0))
    return constants.get(name)


def _days(made: Rows, month: Month) -> pa.Array:
    texts = [f"{moment:%m/%d/%Y}" for moment in month.starts]
    return shared_text(texts, made.day).cast(pa.string())


def _constants(month: Month) -> dict[str, str | None]:
    first, last = month.period.start, month.period.end - timedelta(days=1)
    return {
        "invoiceId": None if month.is_open else f"G{month.period.year % 100:02d}{month.period.month:02d}57310",
        "billingAccountId": BILLING_ACCOUNT,
        "billingAccountName": "Meridian Robotics Ltd.",
        "billingPeriodStartDate": f"{first:%m/%d/%Y}",
        "billingPeriodEndDate": f"{last:%m/%d/%Y}",
        "servicePeriodStartDate": f"{first:%m/%d/%Y}",
        "servicePeriodEndDate": f"{last:%m/%d/%Y}",
        "exchangeRateDate": f"{first:%m/%d/%Y}",
        "isAzureCreditEligible": "True",
        "provider": "Azure",
    }


def _manifest(export: str, month: Month, span: str, written: CsvParts) -> dict[str, Any]:
    period = month.period
    folder = written.paths[0].parent
    finished = period.end + timedelta(days=0 if month.is_open else 4, hours=3, minutes=41)
    sizes = [path.stat().st_size for path in written.paths]
    scope = f"/providers/Microsoft.Billing/billingAccounts/{BILLING_ACCOUNT}"
    return {
        "manifestVersion": "2024-04-01",
        "byteCount": sum(sizes),
        "blobCount": len(sizes),
        "dataRowCount": sum(written.rows),
        "exportConfig": {
            "exportName": export,
            "resourceId": f"{scope}/providers/Microsoft.CostManagement/exports/{export}",
            "dataVersion": "2023-12-01-preview",
            "apiVersion": "2023-07-01-preview",
            "type": EXPORTS[export],
            "timeFrame": "TheLastMonth" if not month.is_open else "MonthToDate",
            "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True,
            "dataOverwriteBehavior": "CreateNewReport",
            "fileFormat": "Csv",
            "compressionMode": "Gzip",
            "containerUri": "/subscriptions/0b1f7c52-6a3e-4d19-9c2b-1f4e8a7d3005/resourceGroups/rg-finops"
            "/providers/Microsoft.Storage/storageAccounts/stmeridianbilling",
            "rootFolderPath": "azure",
        },
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": f"{finished:%Y-%m-%dT%H:%M:%S}.0000000Z",
            "runId": folder.name,
            "startDate": f"{period.start:%Y-%m-%dT00:00:00}",
            "endDate": f"{period.end - timedelta(days=1):%Y-%m-%dT00:00:00}",
        },
        "blobs": [
            {"blobName": f"azure/{export}/{span}/{folder.name}/{path.name}", "byteCount": size, "dataRowCount": count}
            for path, size, count in zip(written.paths, sizes, written.rows, strict=True)
        ],
    }
