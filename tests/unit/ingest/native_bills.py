"""Small native bills and the folders clouds deliver them in, for the tests of ingestion."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from finops.core.formats import SourceFormat, columns_of
from finops.core.periods import BillingPeriod

Row = dict[str, str]

_COST = {
    SourceFormat.AWS_CUR2: "line_item_unblended_cost",
    SourceFormat.AWS_CUR_LEGACY: "lineItem/UnblendedCost",
    SourceFormat.AZURE_ACTUAL: "CostInBillingCurrency",
    SourceFormat.AZURE_AMORTIZED: "CostInBillingCurrency",
    SourceFormat.GCP_DETAILED: "cost",
    SourceFormat.GCP_STANDARD: "cost",
    SourceFormat.FOCUS: "BilledCost",
}


def rows(source_format: SourceFormat, costs: Sequence[object], period: str = "2025-01", **changes: str) -> list[Row]:
    """One row for each cost, every required column filled; ``changes`` replace or add columns."""
    start = f"{period}-01T00:00:00Z"
    ends = ("line_item_usage_end_date", "lineItem/UsageEndDate", "usage_end_time", "ChargePeriodEnd")
    fixed = {
        "service": "{'id': 6F81-5844-456A, 'description': Compute Engine}",
        "BillingPeriodEnd": f"{BillingPeriod.parse(period).next}-01T00:00:00Z",
        **dict.fromkeys(ends, f"{period}-02T00:00:00Z"),
        "product": "{servicecode=AmazonEC2}",
        "ChargeType": "Usage",
        "PricingModel": "OnDemand",
        "invoice": "{'month': " + period.replace("-", "") + ", 'publisher_type': GOOGLE}",
        "credits": "[]",
        "currency": "USD",
        "line_item_currency_code": "USD",
        "lineItem/CurrencyCode": "USD",
        "BillingCurrency": "USD",
        "bill_payer_account_id": "111111111111",
        "bill/PayerAccountId": "111111111111",
        "BillingAccountId": "111111111111",
        "billing_account_id": "111111111111",
    }
    made = []
    for number, cost in enumerate(costs):
        row = {}
        for column in columns_of(source_format):
            if column.is_required or column.name == "product":
                row[column.name] = fixed.get(column.name) or _filler(column.duckdb_type, start, number)
        made.append({**row, _COST[source_format]: str(cost), **changes})
    return made


def csv_bytes(lines: Sequence[Row], *, header: Sequence[str] | None = None) -> bytes:
    """A CSV as clouds write it."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header or list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def gz_bytes(lines: Sequence[Row]) -> bytes:
    """The same, compressed."""
    return gzip.compress(csv_bytes(lines), mtime=0)


def parquet_bytes(
    source_format: SourceFormat, lines: Sequence[Row], scratch: Path, *, types: Mapping[str, str] | None = None
) -> bytes:
    """A Parquet file with the types of the format's list; ``types`` replaces some."""
    import duckdb

    known = {column.name: column.duckdb_type for column in columns_of(source_format)} | dict(types or {})
    source, target = scratch / "rows.csv", scratch / "rows.parquet"
    source.write_bytes(csv_bytes(lines))
    columns = ", ".join(f'cast("{name}" as {known.get(name, "VARCHAR")}) as "{name}"' for name in lines[0])
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            f"copy (select {columns} from read_csv('{source}', all_varchar=true, header=true, delim=',', quote='\"'))"
            f" to '{target}' (format parquet, row_group_size 2048)"
        )
    return target.read_bytes()


def aws_export(
    root: Path, period: str, parts: Mapping[str, bytes], *, name: str = "bill", run: str | None = None
) -> Path:
    """A data export's period, overwritten in place or, with ``run``, in a folder of its own. Returns its manifest."""
    below = f"BILLING_PERIOD={period}" + (f"/{run}" if run else "")
    for part, content in parts.items():
        put(root / name / "data" / below / part, content)
    files = [f"s3://bucket/prefix/{name}/data/{below}/{part}" for part in parts]
    return put(root / name / "metadata" / below / f"{name}-Manifest.json", json.dumps({"dataFiles": files}).encode())


def azure_export(
    root: Path,
    period: str,
    parts: Mapping[str, tuple[bytes, int]],
    *,
    name: str = "cost-actual",
    kind: str = "ActualCost",
    run: str = "202502010500",
    end: str | None = None,
) -> Path:
    """One run of a Cost Management export: parts with their row counts, and the manifest."""
    year, month = map(int, period.split("-"))
    folder = root / name / f"{year}{month:02d}01-{year}{month:02d}28" / run / "6a1b"
    for part, (content, _) in parts.items():
        put(folder / part, content)
    manifest = {
        "manifestVersion": "2024-04-01",
        "byteCount": sum(len(content) for content, _ in parts.values()),
        "blobCount": len(parts),
        "dataRowCount": sum(count for _, count in parts.values()),
        "exportConfig": {"exportName": name, "type": kind},
        "runInfo": {
            "submittedTime": datetime.strptime(run, "%Y%m%d%H%M").replace(tzinfo=UTC).isoformat(),
            "startDate": f"{period}-01T00:00:00",
            "endDate": end or f"{period}-28T00:00:00",
        },
        "blobs": [
            {
                "blobName": f"folder/{(folder / part).relative_to(root).as_posix()}",
                "byteCount": len(content),
                "dataRowCount": count,
            }
            for part, (content, count) in parts.items()
        ],
    }
    return put(folder / "manifest.json", json.dumps(manifest).encode())


def gcp_export(root: Path, period: str, parts: Mapping[str, tuple[bytes, int]], *, table: str = "billing") -> Path:
    """One invoice month copied out of BigQuery."""
    folder = root / table / f"invoice_month={period.replace('-', '')}"
    for part, (content, _) in parts.items():
        put(folder / part, content)
    manifest = {
        "table": table,
        "invoice_month": period.replace("-", ""),
        "max_export_time": f"{period}-28T06:00:00Z",
        "row_count": sum(count for _, count in parts.values()),
        "files": [
            {
                "name": part,
                "byte_count": len(content),
                "row_count": count,
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            for part, (content, count) in parts.items()
        ],
    }
    return put(folder / "manifest.json", json.dumps(manifest).encode())


def put(path: Path, content: bytes) -> Path:
    """Write a file, new to anybody who looks at its identity."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    return path


def age(path: Path, day: str) -> None:
    """Give a file a day as its time of writing."""
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))


def _filler(duckdb_type: str, start: str, number: int) -> str:
    if duckdb_type.startswith("TIMESTAMP"):
        return start
    if duckdb_type == "DOUBLE" or duckdb_type.startswith("DECIMAL"):
        return "1"
    if duckdb_type.startswith("STRUCT") and not duckdb_type.endswith("[]"):
        return "{}"
    return f"value-{number}"
