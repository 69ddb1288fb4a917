"""Deliveries of AWS Data Exports: a CUR 2.0 month as Snappy Parquet with its manifest."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from finops.core.formats import SourceFormat
from finops.core.providers import Provider
from finops.sample.aws.bill import blocks, interval_hours
from finops.sample.aws.block import Block
from finops.sample.aws.labels import injections_of
from finops.sample.aws.observed import look
from finops.sample.aws.series import LEGAL_ENTITY, stamp
from finops.sample.chance import noise, seeded
from finops.sample.columnar import (
    encoded,
    identifiers,
    numbers,
    schema_of,
    shared_text,
    shared_values,
    single_entry_map,
)
from finops.sample.company import AWS_PAYER
from finops.sample.exact import total
from finops.sample.files import Parts, parquet, write_json
from finops.sample.lines import Month
from finops.sample.models import InvoiceKey, InvoiceTotal, MonthResult, Steps, Total, TotalKey
from finops.sample.series import guid
from finops.sample.telemetry.assets import Harvest

EXPORT = "meridian-cur2"
_UNLIKE = frozenset({"identity_line_item_id"})
_BUCKET = "meridian-billing-exports"


def schema() -> pa.Schema:
    """Return every column of the format, in the order AWS documents."""
    return schema_of(SourceFormat.AWS_CUR2)


def write_month(
    out: Path, seed: int, lines_per_month: int, month: Month, steps: Steps, harvest: Harvest
) -> MonthResult:
    """Write one billing period under ``out/aws``: the parts, then the manifest that names them."""
    month = Month(month.period, interval_hours(lines_per_month), month.is_open)
    injections = injections_of(seed, lines_per_month, month)
    result = MonthResult(labels=[each.label for each in injections])
    sums = result.totals[TotalKey(Provider.AWS, month.period, EXPORT, "USD")] = Total()
    root = out / "aws" / EXPORT
    partition = f"BILLING_PERIOD={month.period}"
    names = noise(month.period, seed, 23)
    plain = _UNLIKE | {f.name for f in schema() if pa.types.is_floating(f.type)}
    opened = partial(parquet, schema=encoded(schema(), _UNLIKE), plain=plain)
    with Parts(root / "data" / partition, EXPORT + "-{:05d}.snappy.parquet", opened, first=1) as parts:
        for each in blocks(seed, lines_per_month, month, injections):
            parts.write(_table(each, month, names))
            _count(sums, each)
            harvest.take(each, look, each.start, each.end, each.amounts["line_item_usage_amount"])
            if not month.is_open:
                _invoice(result.invoices, each, month)
            steps.advance(len(each))
    path = root / "metadata" / partition / f"{EXPORT}-Manifest.json"
    write_json(path, _manifest(seed, month, [each.name for each in parts.paths]))
    result.files = [*parts.paths, path]
    return result


def _count(sums: Total, made: Block) -> None:
    net = made.amounts["line_item_net_unblended_cost"]
    is_bare = made.each(lambda series: not series.get("resource_tags"))
    cost = total(net)
    sums.add(len(made), cost, cost, total(net[is_bare]))


def _invoice(invoices: dict[InvoiceKey, InvoiceTotal], made: Block, month: Month) -> None:
    named = _constants(month)
    key = InvoiceKey(
        Provider.AWS,
        month.period,
        str(named["bill_invoicing_entity"]),
        str(named["bill_invoice_id"]),
        str(named["bill_payer_account_id"]),
        str(named["line_item_currency_code"]),
    )
    net = made.amounts["line_item_net_unblended_cost"]
    is_tax = made.each(lambda series: series.get("line_item_line_item_type") == "Tax")
    invoices.setdefault(key, InvoiceTotal()).add(total(net), total(net[is_tax]))


def _constants(month: Month) -> dict[str, str | None]:
    period = month.period
    return {
        "bill_bill_type": "Anniversary",
        "bill_billing_entity": "AWS",
        "bill_invoicing_entity": LEGAL_ENTITY,
        "bill_invoice_id": None if month.is_open else f"EUINGB{period.year % 100:02d}-{period.month:02d}48217",
        "bill_payer_account_id": AWS_PAYER.id,
        "bill_payer_account_name": AWS_PAYER.name,
        "line_item_currency_code": "USD",
        "line_item_legal_entity": LEGAL_ENTITY,
        "pricing_currency": "USD",
    }


def _table(made: Block, month: Month, names: np.random.Generator) -> pa.Table:
    constants = _constants(month)
    arrays = []
    for field in schema():
        if field.name in made.amounts:
            arrays.append(numbers(made.amounts[field.name]))
        elif (special := _special(field.name, made, month, names)) is not None:
            arrays.append(special)
        else:
            arrays.append(_of_series(field, made, constants))
    return pa.table(arrays, schema=encoded(schema(), _UNLIKE))


def _of_series(field: pa.Field, made: Block, constants: dict[str, str | None]) -> pa.Array:
    default = constants.get(field.name)
    values = [default if (value := each.get(field.name)) is None else value for each in made.series]
    if pa.types.is_map(field.type):
        return shared_values([value or () for value in values], made.owner, field.type)
    if pa.types.is_floating(field.type):
        return numbers(np.array([np.nan if value is None else value for value in values])[made.owner])
    return shared_text(values, made.owner)


def _special(name: str, made: Block, month: Month, names: np.random.Generator) -> pa.Array | None:
    match name:
        case "identity_line_item_id":
            return identifiers(names, len(made))
        case "identity_time_interval":
            return _intervals(made, month)
        case "bill_billing_period_start_date":
            return _instants(np.zeros(len(made), np.int32), month)
        case "bill_billing_period_end_date":
            return _instants(np.full(len(made), month.hours, np.int32), month)
        case "line_item_usage_start_date":
            return _instants(made.start, month)
        case "line_item_usage_end_date":
            return _instants(made.end, month)
        case "discount":
            gap = np.full(len(made), np.nan)
            return single_entry_map("edp_discount", made.amounts.get("discount_total_discount", gap))
        case _:
            return None


def _instants(hours: np.ndarray, month: Month) -> pa.Array:
    first = np.datetime64(month.period.start.replace(tzinfo=None), "us")
    return pa.array(first + hours.astype("timedelta64[h]"), pa.timestamp("us"))


def _intervals(made: Block, month: Month) -> pa.Array:
    pairs, codes = np.unique(made.start.astype(np.int64) * 1024 + made.end, return_inverse=True)
    begin = month.period.start

    def text(hour: int) -> str:
        return (begin + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")

    texts = [f"{text(int(pair) // 1024)}/{text(int(pair) % 1024)}" for pair in pairs]
    return shared_text(texts, codes)


def _manifest(seed: int, month: Month, names: list[str]) -> dict[str, Any]:
    period = month.period
    run = guid(seeded("aws", seed, "execution", period, month.is_open))
    finished = period.end + timedelta(days=0 if month.is_open else 4, hours=5, minutes=17)
    data = f"s3://{_BUCKET}/exports/{EXPORT}/data/BILLING_PERIOD={period}"
    listed = ", ".join(field.name for field in schema())
    hourly = "HOURLY" if month.interval_hours == 1 else "DAILY"
    table = {"INCLUDE_RESOURCES": "TRUE", "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "TRUE", "TIME_GRANULARITY": hourly}
    return {
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{AWS_PAYER.id}:export/{EXPORT}-{guid(seeded(EXPORT))}",
        "exportName": EXPORT,
        "executionId": run,
        "executionCreatedAt": stamp(finished),
        "billingPeriod": {"start": stamp(period.start), "end": stamp(period.end)},
        "contentType": "application/x-parquet",
        "compression": "PARQUET",
        "dataQuery": {
            "queryStatement": f"SELECT {listed} FROM COST_AND_USAGE_REPORT",  # noqa: S608
            "tableConfigurations": {"COST_AND_USAGE_REPORT": table},
        },
        "columns": [{"name": f.name, "type": _manifest_type(f.type)} for f in schema()],
        "dataFiles": [f"{data}/{name}" for name in names],
    }


def _manifest_type(of: pa.DataType) -> str:
    if pa.types.is_map(of):
        return f"map<string, {'double' if pa.types.is_floating(of.item_type) else 'string'}>"
    return "timestamp" if pa.types.is_timestamp(of) else str(of)
