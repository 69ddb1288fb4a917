"""What the tests of BigQuery as an origin do again and again: make a bill, refuse, take the sample's bills."""

from __future__ import annotations

import json
from pathlib import Path

from servers.bigquery import refusal
from servers.proxy import Answer

from finops.core.formats import SourceFormat, columns_of
from finops.core.periods import BillingPeriod

JANUARY, FEBRUARY = BillingPeriod(2025, 1), BillingPeriod(2025, 2)


def bill(
    month: str | None, exported: str, rows: int = 3, source_format: SourceFormat = SourceFormat.GCP_DETAILED
) -> str:
    """SQL of ``rows`` rows of an export, with every column of the format and every nested kind of value filled."""
    known = {
        "billing_account_id": "'01AAAA-BBBBBB-CCCCCC'",
        "service": "{'id': '6F81-5844-456A', 'description': 'Compute Engine'}",
        "usage_start_time": "timestamptz '2025-01-31 23:00:00.123456+00'",
        "export_time": f"timestamptz '{exported}'",
        "x_ExportTime": f"timestamptz '{exported}'",
        "cost": "(case when i = 0 then -0.000001 when i = 1 then 12345.67 else 0.1 end)",
        "currency": "'USD'",
        "labels": "[{'key': 'ai-model', 'value': 'm' || i}, {'key': 'Umlaut', 'value': 'Zürich \"quoted\"'}]",
        "project": "{'id': 'p1', 'number': '1', 'name': 'P', 'labels': [], 'ancestry_numbers': null,"
        " 'ancestors': [{'resource_name': 'organizations/1', 'display_name': 'm'}]}",
        "credits": "[{'name': 'CUD', 'amount': -0.01, 'full_name': null, 'id': 'c', 'type': 'COMMITTED_USAGE'}]",
        "tags": "[{'key': 'k', 'value': 'v', 'inherited': true, 'namespace': 'n'}]",
        "price": "{'effective_price': 0.123456789, 'tier_start_amount': 0, 'unit': 'h', 'pricing_unit_quantity': 1}",
        "invoice": f"{{'month': {'null' if month is None else repr(month)}, 'publisher_type': 'GOOGLE'}}",
        "BillingPeriodStart": f"strptime('{month}', '%Y%m')",
        "BilledCost": "1.5",
    }
    columns = [
        f'({known.get(each.name, "null")})::{each.duckdb_type} as "{each.name}"' for each in columns_of(source_format)
    ]
    if source_format is SourceFormat.FOCUS:
        columns.append(f'{known["x_ExportTime"]} as "x_ExportTime"')
    return f"select {', '.join(columns)} from range({rows}) t(i)"


def answer(status: int, reason: str) -> Answer:
    return Answer(status, json.dumps(refusal(status, reason)[1]).encode(), "application/json")


def every_bill(bills: Path) -> str:
    """SQL of the sample's rows of all months."""
    return f"from read_parquet('{bills}/gcp/**/*.parquet', hive_partitioning = false)"
