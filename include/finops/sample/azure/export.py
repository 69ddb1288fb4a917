"""Deliveries of Azure Cost Management exports: the actual and the amortized half of a month, each with its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from finops.core.providers import Provider
from finops.sample.azure.bill import injections_of, rows
from finops.sample.azure.block import Rows, decimals, text, total
from finops.sample.azure.observed import look
from finops.sample.azure.series import BILLING_ACCOUNT, rate_in
from finops.sample.chance import seeded
from finops.sample.columnar import shared_text
from finops.sample.company import EUROS_PER_DOLLAR
from finops.sample.files import Parts, gzipped_csv, write_json
from finops.sample.lines import Month
from finops.sample.models import InvoiceKey, InvoiceTotal, MonthResult, Steps, Total, TotalKey
from finops.sample.series import guid
from finops.sample.telemetry.assets import Harvest

EXPORTS = {"meridian-actual": "ActualCost", "meridian-amortized": "AmortizedCost"}
# In the order and spelling of an export under a Microsoft Customer Agreement, which differ from the format's list.
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


def write_month(out: Path, seed: int, rows_per_month: int, month: Month, steps: Steps, harvest: Harvest) -> MonthResult:
    """Write both halves of one billing period under ``out/azure``; each manifest comes after its parts."""
    injections = injections_of(seed, rows_per_month, month)
    result = MonthResult(labels=[each.label for each in injections])
    last = month.period.end - timedelta(days=1)
    span = f"{month.period.start:%Y%m%d}-{last:%Y%m%d}"
    with ExitStack() as stack:
        parts: dict[str, Parts] = {}
        for export in EXPORTS:
            run = guid(seeded("azure", seed, export, month.period, month.is_open))
            folder = out / "azure" / export / span / run
            parts[export] = stack.enter_context(Parts(folder, "part_{}_0001.csv.gz", gzipped_csv, first=0))
        for each in rows(seed, rows_per_month, month, injections):
            for export, price in zip(EXPORTS, (each.actual_price, each.amortized_price), strict=True):
                if price is None:
                    continue
                cost, table = _table(each, price, month)
                parts[export].write(table)
                _count(result.totals, export, each, cost, month)
                # The actual half says what is invoiced: commitments when they are bought.
                if EXPORTS[export] == "ActualCost" and not month.is_open:
                    _invoice(result.invoices, each, cost, month)
            harvest.take(each, look, each.day * 24, each.day * 24 + 24, each.quantity)
            steps.advance(len(each))
    for export, written in parts.items():
        path = written.paths[0].parent / "manifest.json"
        write_json(path, _manifest(export, month, span, written))
        result.files += [*written.paths, path]
    return result


def _count(totals: dict[TotalKey, Total], export: str, made: Rows, cost: pa.Array, month: Month) -> None:
    is_bare = made.each(lambda series: not series.get("tags"))
    is_committed = made.each(lambda series: series.get("pricingModel") in ("Reservation", "SavingsPlan"))
    is_bought = made.each(lambda series: series.get("chargeType") in ("Purchase", "Refund"))
    is_billed = is_committed & is_bought if EXPORTS[export] == "ActualCost" else ~is_committed
    for (currency,), mine in made.groups("billingCurrency"):
        key = TotalKey(Provider.AZURE, month.period, export, currency)
        totals.setdefault(key, Total()).add(
            int(mine.sum()), total(cost, mine), total(cost, mine & is_billed), total(cost, mine & is_billed & is_bare)
        )


def _invoice(invoices: dict[InvoiceKey, InvoiceTotal], made: Rows, cost: pa.Array, month: Month) -> None:
    constants = _constants(month)
    for (account, currency), mine in made.groups("billingProfileId", "billingCurrency"):
        invoice = str(_value("invoiceId", None, currency, constants))
        key = InvoiceKey(Provider.AZURE, month.period, "", invoice, account, currency)
        invoices.setdefault(key, InvoiceTotal()).add(total(cost, mine))


def _table(made: Rows, price: np.ndarray, month: Month) -> tuple[pa.Array, pa.Table]:
    """Return the exact cost of each row, and the rows as text."""
    quantity, exact_price = decimals(made.quantity, 6), decimals(price, 9)
    is_euro = made.each(lambda series: series.get("billingCurrency") == "EUR")
    dollars = decimals(np.where(is_euro, np.round(price / EUROS_PER_DOLLAR, 9), price), 9)
    payg = made.each(lambda series: np.nan if (own := series.get("_payg")) is None else own)
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
    first, last = (f"{day:%m/%d/%Y}" for day in (month.period.start, month.period.end - timedelta(days=1)))
    return {
        "invoiceId": None if month.is_open else f"G{month.period.year % 100:02d}{month.period.month:02d}57310",
        "billingAccountId": BILLING_ACCOUNT,
        "billingAccountName": "Meridian Robotics Ltd.",
        **dict.fromkeys(("billingPeriodStartDate", "servicePeriodStartDate", "exchangeRateDate"), first),
        **dict.fromkeys(("billingPeriodEndDate", "servicePeriodEndDate"), last),
        "isAzureCreditEligible": "True",
        "provider": "Azure",
    }


def _manifest(export: str, month: Month, span: str, written: Parts) -> dict[str, Any]:
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
