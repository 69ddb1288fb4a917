"""Extractions of Google's detailed billing export: an invoice month as nested Parquet, and a manifest of ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from finops.core.atomic import sha256_of
from finops.core.formats import SourceFormat
from finops.core.providers import Provider
from finops.sample.columnar import encoded, numbers, schema_of, shared_text, shared_values
from finops.sample.company import per_dollar
from finops.sample.exact import total
from finops.sample.files import Parts, parquet, write_json
from finops.sample.gcp.bill import Rows, injections_of, rows
from finops.sample.gcp.credits import amounts, arrays
from finops.sample.gcp.observed import look
from finops.sample.gcp.series import BILLING_ACCOUNTS
from finops.sample.lines import Month
from finops.sample.models import InvoiceKey, InvoiceTotal, MonthResult, Steps, Total, TotalKey
from finops.sample.telemetry.assets import Harvest

EXPORT = "meridian-billing"
TABLE = f"meridian-shared.billing.gcp_billing_export_resource_v1_{BILLING_ACCOUNTS['USD'].replace('-', '_')}"
_CALIFORNIA = ZoneInfo("America/Los_Angeles")


def schema() -> pa.Schema:
    """Return the columns of the detailed export, nested as BigQuery has them."""
    return schema_of(SourceFormat.GCP_DETAILED)


def _written() -> pa.Schema:
    return encoded(schema(), frozenset())


def _invoice_month(month: Month) -> str:
    return f"{month.period.year:04d}{month.period.month:02d}"


def write_month(out: Path, seed: int, rows_per_month: int, month: Month, steps: Steps, harvest: Harvest) -> MonthResult:
    """Write one invoice month under ``out/gcp``: the parts, then the manifest that names them."""
    injections = injections_of(seed, rows_per_month, month)
    result = MonthResult(labels=[each.label for each in injections])
    invoice_month = _invoice_month(month)
    folder = out / "gcp" / EXPORT / f"invoice_month={invoice_month}"
    latest = datetime.min.replace(tzinfo=UTC)
    opened = partial(parquet, schema=_written(), plain=frozenset())
    with Parts(folder, "part-{:04d}.parquet", opened, first=0) as parts:
        for each in rows(seed, rows_per_month, month, injections):
            credit = amounts(each.series, each.owner, each.cost)
            table = _table(each, credit, month)
            parts.write(table)
            latest = max(latest, pa.compute.max(table["export_time"]).as_py())
            _count(result.totals, each, credit, month)
            if not month.is_open:
                _bill(result.invoices, each, credit, month)
            harvest.take(each, look, *_hours(each, month), each.usage)
            steps.advance(len(each))
    path = folder / "manifest.json"
    listed = [
        {"name": part.name, "byte_count": part.stat().st_size, "row_count": count, "sha256": sha256_of(part)}
        for part, count in zip(parts.paths, parts.rows, strict=True)
    ]
    exported = {"max_export_time": f"{latest:%Y-%m-%dT%H:%M:%S.%fZ}", "row_count": sum(parts.rows), "files": listed}
    write_json(path, {"table": TABLE, "invoice_month": invoice_month, **exported})
    result.files = [*parts.paths, path]
    return result


def _count(totals: dict[TotalKey, Total], made: Rows, credit: np.ndarray, month: Month) -> None:
    is_bare = made.each(lambda series: not series.get("labels"))
    for (currency,), mine in made.groups("currency"):
        cost = total(made.cost[mine]) + total(credit[mine])
        bare = total(made.cost[mine & is_bare]) + total(credit[mine & is_bare])
        key = TotalKey(Provider.GCP, month.period, EXPORT, currency)
        totals.setdefault(key, Total()).add(int(mine.sum()), cost, cost, bare)


def _bill(invoices: dict[InvoiceKey, InvoiceTotal], made: Rows, credit: np.ndarray, month: Month) -> None:
    """Add rows to the invoice of their billing account: the export names neither invoice nor issuer."""
    is_tax = made.each(lambda series: series.get("cost_type") == "tax")
    for (account, currency), mine in made.groups("billing_account_id", "currency"):
        key = InvoiceKey(Provider.GCP, month.period, "", "", account, currency)
        invoices.setdefault(key, InvoiceTotal()).add(
            total(made.cost[mine]) + total(credit[mine]), total(made.cost[mine & is_tax])
        )


def _table(made: Rows, credit: np.ndarray, month: Month) -> pa.Table:
    begin, end = _bounds(month)
    rate = made.each(lambda series: per_dollar(series.get("currency")))
    computed: dict[str, pa.Array] = {
        "usage_start_time": pa.array(begin[made.day + 2], pa.timestamp("us", "UTC")),
        "usage_end_time": pa.array(end[made.day + 2], pa.timestamp("us", "UTC")),
        "export_time": _export_times(made, end),
        "cost": numbers(made.cost),
        "currency_conversion_rate": numbers(rate),
        "usage": _usage(made),
        "credits": arrays(made.series, made.owner, credit),
        "invoice": _invoice(made, month),
        "cost_at_list": numbers(made.cost),
    }
    columns = [computed[field.name] if field.name in computed else _shared(field, made) for field in _written()]
    return pa.table(columns, schema=_written())


def _shared(field: pa.Field, made: Rows) -> pa.Array:
    values = [each.get(field.name) for each in made.series]
    if pa.types.is_dictionary(field.type):
        return shared_text(values, made.owner)
    if pa.types.is_list(field.type):
        values = [value or () for value in values]
    return shared_values(values, made.owner, field.type, thawed)


def thawed(value: Any) -> Any:
    """Turn a hashable nested value into what Arrow reads as a struct or a list."""
    if isinstance(value, tuple):
        if value and all(isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str) for item in value):
            return {name: thawed(item) for name, item in value}
        return [thawed(item) for item in value]
    return value


def _bounds(month: Month) -> tuple[np.ndarray, np.ndarray]:
    """Return where California's days begin and end, from two days before the month on."""
    first = datetime(month.period.year, month.period.month, 1, tzinfo=_CALIFORNIA)
    days = [first + timedelta(days=day) for day in range(-2, month.count + 1)]
    moments = np.array([day.astimezone(UTC).replace(tzinfo=None) for day in days], dtype="datetime64[us]")
    return moments[:-1], moments[1:]


def _hours(made: Rows, month: Month) -> tuple[np.ndarray, np.ndarray]:
    """Return where each row begins and ends in hours from the first instant of the month in UTC; late rows before."""
    first = np.datetime64(month.period.start.replace(tzinfo=None), "us")
    begin, end = (((edge - first) // np.timedelta64(1, "h")).astype(np.int64) for edge in _bounds(month))
    return np.where(made.day < 0, -1, begin[made.day + 2]), end[made.day + 2]


def _export_times(made: Rows, end: np.ndarray) -> pa.Array:
    # The export appears in BigQuery in batches, between four hours and a day after the usage.
    hours = 4 + (made.owner % 7) * 3
    late = np.where(made.day < 0, 48, 0)
    return pa.array(end[made.day + 2] + (hours + late).astype("timedelta64[h]"), pa.timestamp("us", "UTC"))


def _usage(made: Rows) -> pa.StructArray:
    base = made.each(lambda series: series.get("_base") or 1.0)
    unit, pricing_unit = (
        shared_text([each.get(name) for each in made.series], made.owner).cast(pa.string())
        for name in ("_unit", "_pricing_unit")
    )
    columns = [numbers(np.round(made.usage * base, 3)), unit, numbers(made.usage), pricing_unit]
    return pa.StructArray.from_arrays(columns, fields=list(schema().field("usage").type))


def _invoice(made: Rows, month: Month) -> pa.StructArray:
    publishers = ["PARTNER" if each.get("seller_name") else "GOOGLE" for each in made.series]
    months = pa.repeat(_invoice_month(month), len(made))
    columns = [months, shared_text(publishers, made.owner).cast(pa.string())]
    return pa.StructArray.from_arrays(columns, fields=list(schema().field("invoice").type))
