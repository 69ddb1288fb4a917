"""Write a home's AWS month as a legacy Cost and Usage Report: ``python -m tests.bench.legacy_cur HOME OUT [COUNT]``."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from finops.core.atomic import replacing
from finops.core.formats import SourceFormat, columns_of
from finops.core.sql import Sql, compose, identifier, join, literal

ABSENT = ("lineItem/NetUnblendedCost", "lineItem/NetUnblendedRate")
"""A report has net columns only where the payer has negotiated discounts."""

ALSO = {"product/region": "product_region_code"}
"""A legacy report gives the region's code twice."""

TAGS = ("ai_project", "ai_model", "ai_stage", "cost_center", "environment", "owner")


def write(cur2: str, out: Path, count: int | None = None) -> None:
    """Write the lines of CUR 2.0 Parquet files (a glob) to ``out``, as CSV or Parquet by its ending; always the same.

    The Parquet file has the names of the CSV, which are those that the converter reads. ``count``: its first so many.
    """
    is_csv = out.suffix == ".csv"
    with duckdb.connect() as connection, replacing(out) as temporary:
        connection.execute("set timezone = 'UTC'")
        source = compose("read_parquet({files})", files=cur2)
        described = connection.execute(compose("describe select * from {source}", source=source)).fetchall()
        kinds = {name: kind for name, kind, *_ in described}
        columns = [
            compose("{value} as {name}", value=_value(found, kinds[found], is_csv), name=identifier(column.name))
            for column in columns_of(SourceFormat.AWS_CUR_LEGACY)
            if column.name not in ABSENT
            for found in column.aliases
            if found in kinds
        ]
        columns += [compose("{value} as {name}", value=identifier(v), name=identifier(n)) for n, v in ALSO.items()]
        columns += [
            compose("resource_tags[{key}] as {name}", key=f"user_{tag}", name=identifier(f"resourceTags/user:{tag}"))
            for tag in TAGS
        ]
        rows = compose("select {columns} from {source}", columns=join(", ", columns), source=source)
        rows = compose("{rows} limit {count}", rows=rows, count=Sql(str(count))) if count else rows
        form = "format csv, header true" if is_csv else "format parquet"
        connection.execute(compose("copy ({rows}) to {out} ({form})", rows=rows, out=temporary, form=Sql(form)))


def _value(column: str, kind: str, is_csv: bool) -> Sql:
    if is_csv and kind == "TIMESTAMP":
        return compose("strftime({column}, {form})", column=identifier(column), form=literal("%Y-%m-%dT%H:%M:%SZ"))
    return identifier(column)


if __name__ == "__main__":
    bills = Path(sys.argv[1]) / "landing" / "provider=aws" / "**" / "*.parquet"
    write(str(bills), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
