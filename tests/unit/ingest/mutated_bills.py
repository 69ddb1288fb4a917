"""Valid bills of every format with a fault in them: what a spreadsheet, a script or another tool makes of a file."""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from tests.native_files import LIKE, Row, types_of, write_parquet

from finops.core.formats import SourceFormat, columns_of
from finops.core.providers import Provider

_MONTH = "2025-03"
_START, _END, _NEXT = "2025-03-05 00:00:00", "2025-03-06 00:00:00", "2025-04-01 00:00:00"
_DATES = {
    "bill_billing_period_start_date": "2025-03-01 00:00:00",
    "bill_billing_period_end_date": _NEXT,
    "bill/BillingPeriodStartDate": "2025-03-01 00:00:00",
    "bill/BillingPeriodEndDate": _NEXT,
    "line_item_usage_start_date": _START,
    "line_item_usage_end_date": _END,
    "lineItem/UsageStartDate": _START,
    "lineItem/UsageEndDate": _END,
    "BillingPeriodStartDate": "2025-03-01",
    "BillingPeriodEndDate": "2025-03-31",
    "Date": "2025-03-05",
    "BillingPeriodStart": "2025-03-01 00:00:00",
    "BillingPeriodEnd": _NEXT,
    "ChargePeriodStart": _START,
    "ChargePeriodEnd": _END,
    "usage_start_time": _START,
    "usage_end_time": _END,
    "export_time": _NEXT,
    "invoice": {"month": "202503", "publisher_type": "GOOGLE"},
}
_TAGS = {
    "resource_tags": {"user_team": "ml"},
    "Tags": '{"team": "ml"}',
    "SkuPriceDetails": '{"InstanceType": "m5.large"}',
    "product": {"product_name": "Amazon Elastic Compute Cloud"},
}


@dataclass(frozen=True)
class Kind:
    """A kind of bill: its provider, its format, and what a line has (``LIKE``)."""

    provider: Provider
    source_format: SourceFormat
    like: str
    is_parquet: bool


KINDS = (
    Kind(Provider.AWS, SourceFormat.AWS_CUR2, "aws_cur2", True),
    Kind(Provider.AWS, SourceFormat.AWS_CUR2, "aws_cur2", False),
    Kind(Provider.AWS, SourceFormat.AWS_CUR_LEGACY, "legacy_csv", False),
    Kind(Provider.AWS, SourceFormat.AWS_CUR_LEGACY, "legacy_parquet", True),
    Kind(Provider.AZURE, SourceFormat.AZURE_AMORTIZED, "azure_mca", False),
    Kind(Provider.AZURE, SourceFormat.AZURE_AMORTIZED, "azure_ea", True),
    Kind(Provider.AZURE, SourceFormat.AZURE_ACTUAL, "azure_ea", False),
    Kind(Provider.GCP, SourceFormat.GCP_DETAILED, "gcp_detailed_resource", True),
    Kind(Provider.GCP, SourceFormat.GCP_STANDARD, "gcp", True),
    Kind(Provider.AWS, SourceFormat.FOCUS, "focus_whole", False),
    Kind(Provider.AZURE, SourceFormat.FOCUS, "focus_whole", True),
    Kind(Provider.GCP, SourceFormat.FOCUS, "focus_1_0", False),
)

_CELLS = (
    *(
        "",
        " ",
        "NULL",
        "null",
        "n/a",
        "-",
        "0",
        "-0",
        "1",
        "-1",
        "true",
        "é",
        "😀",
        "\u202e",
        "\t",
        "a\nb",
        "'",
        '"',
        "=1+1",
    ),
    *(
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "infinity",
        "epoch",
        "1_000",
        "1,5",
        "1.5e3",
        "1e400",
        "0x1F",
        "$3",
        "--1",
        " 2 ",
    ),
    *("1e12", "-1e12", "9999999999999", "1e13", "1e22", "1e25", "9" * 40, "0.000000000001", "1e-30", "1.1E+11"),
    *("99999999999", "999999999999", "1.11122E+11", "12345678901234", "00000000000x", "111122223333.0"),
    *(
        "2025-03-05",
        "2025-03-05T10:00:00Z",
        "2025-03-05T10:00:00+08:00",
        "2025-03-31T22:00:00-05:00",
        "2025-03-05 10:00",
    ),
    *("2025-02-30", "2025-13-01", "1999-12-31", "2099-01-01", "2035-01-01", "0001-01-01", "25-03-05", "05/03/2025"),
    *("03/05/2025", "31/03/2025", "3/5/2025", "03/05/25", "01/03/2025", "20250305", "202503", "2025-03", "1741132800"),
    *("2025-03-31T10:00:00Z", "2025-02-28T20:00:00Z", "2025-03-05T00:00:00.000Z", "2025-03-05T00:00:00 Z"),
    *("{}", "[]", "{", '{"a":"b"}', '{"a":"b","a":"c"}', '{"a":{"b":[1]}}', '[{"key":"a","value":"b","x":1}]', "[1,2]"),
    *('[{"key":null,"value":"b"}]', "{a=b}", "{NULL=b}", '"a":"b"', '{"a":"\\u0000"}', '{"a":"\\ud800"}', '{"":""}'),
    *(
        "Usage",
        "Tax",
        "Refund",
        "Purchase",
        "SavingsPlanCoveredUsage",
        "SavingsPlanNegation",
        "SavingsPlanRecurringFee",
    ),
    *(
        "RIFee",
        "DiscountedUsage",
        "Fee",
        "Credit",
        "EdpDiscount",
        "UnusedReservation",
        "RoundingAdjustment",
        "Reservation",
    ),
    *("regular", "tax", "adjustment", "Unused", "Used", "Committed", "1 Hour", "10K", "100 GB/Month", "1000000 Tokens"),
    *("EUR", "usd", "US", "EURO", "x" * 3000),
)
_TYPES = (
    *(
        "VARCHAR",
        "BIGINT",
        "DOUBLE",
        "FLOAT",
        "BOOLEAN",
        "DATE",
        "TIMESTAMP",
        "TIMESTAMP WITH TIME ZONE",
        "TIMESTAMP_NS",
    ),
    *("BLOB", "DECIMAL(38, 20)", "DECIMAL(9, 2)", "HUGEINT", "UUID", "TIME", "MAP(VARCHAR, VARCHAR)", "JSON"),
    *(
        "STRUCT(a VARCHAR, b BIGINT)",
        "STRUCT(key VARCHAR, value VARCHAR)[]",
        "STRUCT(key VARCHAR, value VARCHAR, x BOOLEAN)[]",
    ),
    *(
        "VARCHAR[]",
        "MAP(VARCHAR, DOUBLE)",
        "STRUCT(id VARCHAR)",
        "STRUCT(description BIGINT)",
        "INTERVAL",
        "ENUM('a', 'b')",
    ),
)


def write(kind: Kind, chance: random.Random, path: Path) -> None:
    """Write one bill with a few faults to ``path``."""
    rows = [_line(kind) for _ in range(chance.randint(1, 3))]
    names = sorted({*rows[0], *(column.name for column in columns_of(kind.source_format))})
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        _edit(rows, chance, names)
    if kind.is_parquet:
        _write_parquet(kind, rows, chance, path)
    else:
        _write_csv(rows, chance, path)


def _line(kind: Kind) -> Row:
    own = {*LIKE[kind.like], *(column.name for column in columns_of(kind.source_format))}
    if kind.like == "legacy_parquet":
        own = {name for column in columns_of(kind.source_format) for name in column.aliases[:1]}
    line = {name: value for name, value in {**LIKE[kind.like], **_DATES, **_TAGS}.items() if name in own}
    if not kind.is_parquet:
        line |= {name: _as_text(value) for name, value in line.items()}
    return line


def _as_text(value: Any) -> Any:
    return '{"product_name": "Amazon EC2"}' if isinstance(value, dict) else value


def _edit(rows: list[Row], chance: random.Random, names: list[str]) -> None:
    name = chance.choice([*rows[0], chance.choice(names)])
    match chance.randrange(10):
        case 0:
            for row in rows:
                row.pop(name, None)
        case 1:
            for row in rows:
                row[f"{name}_1" if chance.random() < 0.5 else name.upper()] = row.pop(name, None)
        case 2 | 3:
            cell = chance.choice(_CELLS)
            for row in rows:
                row[name] = cell
        case _:
            chance.choice(rows)[name] = chance.choice(_CELLS)


def _write_csv(rows: list[Row], chance: random.Random, path: Path) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(
        text, names, restval="", delimiter=chance.choice(",,,,,,,,,,;\t"), lineterminator=chance.choice(("\n", "\r\n"))
    )
    writer.writeheader()
    writer.writerows(rows)
    content = bytearray(text.getvalue().encode("utf-8-sig" if chance.random() < 0.3 else "utf-8", "surrogatepass"))
    if chance.random() < 0.1 and content:
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(gzip.compress(bytes(content)) if path.suffix == ".gz" else bytes(content))


def _write_parquet(kind: Kind, rows: list[Row], chance: random.Random, path: Path) -> None:
    types = types_of(kind.source_format)
    names = list({name.lower(): name for row in rows for name in row}.values())
    write_parquet(
        path,
        [{name: row.get(name) for name in names} for row in rows],
        {name: _readable(rows, name, types) for name in names},
    )
    changed = {name: chance.choice(_TYPES) for name in names if chance.random() < 0.01}
    if chance.random() < 0.4:
        changed[chance.choice(names)] = chance.choice(_TYPES)
    other = path.with_suffix(".other")
    columns = ", ".join(
        f'try_cast("{name}" as {changed[name]}) as "{name}"' if name in changed else f'"{name}"' for name in names
    )
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        try:
            connection.execute(f"copy (select {columns} from '{path}') to '{other}' (format parquet)")
        except duckdb.Error:
            # No such cast.
            return
    other.replace(path)


def _readable(rows: list[Row], name: str, types: dict[str, str]) -> str:
    """The column's own type if it takes every cell, otherwise text."""
    wanted = types.get(name, "VARCHAR")
    cells = [row.get(name) for row in rows]
    if wanted == "VARCHAR" or any(isinstance(cell, dict | list) for cell in cells):
        return wanted if not any(isinstance(cell, str) for cell in cells) or wanted == "VARCHAR" else "VARCHAR"
    with duckdb.connect() as connection:
        fits: Callable[[Any], bool] = lambda cell: connection.execute(  # noqa: E731
            f"select try_cast(? as {wanted}) is not null", [str(cell)]
        ).fetchall()[0][0]
        return wanted if all(cell is None or fits(cell) for cell in cells) else "VARCHAR"
