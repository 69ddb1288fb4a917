"""The table of kinds and columns as Markdown, for the documentation and for ``finops telemetry columns``."""

from __future__ import annotations

from collections.abc import Iterator

from finops.telemetry.models import LONGEST_OBJECT, Column, ColumnType, Schema
from finops.telemetry.schemas import SCHEMAS


def columns_page() -> str:
    """Return a section per kind, each with a table of its columns."""
    return "\n".join(line for schema in SCHEMAS.values() for line in _section(schema))


def _section(schema: Schema) -> Iterator[str]:
    yield from (f"### {schema.kind}", "", schema.grain, "")
    yield f"Key: {', '.join(f'`{name}`' for name in schema.key)}."
    yield from (
        "",
        "| column | type | required | bounds | on landing | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
    )
    for each in schema.columns:
        needed = "yes" if each.is_required else "no"
        landing = each.roll_up.value if each.roll_up else "as it is"
        cells = (f"`{each.name}`", each.type.value, needed, _bounds(each), landing, each.description)
        yield f"| {' | '.join(cells)} |"
    yield ""


def _bounds(column: Column) -> str:
    found = [" or ".join(f"`{each}`" for each in column.among)] if column.among else []
    if column.type is ColumnType.OBJECT:
        return f"at most {LONGEST_OBJECT:,} characters"
    if column.type is ColumnType.TEXT:
        return found[0] if found else "at most 500 characters"
    if column.is_share_where_metric:
        found.append("0 to 100 for a utilization, else at least 0")
    elif column.least is not None:
        found.append(f"{column.least:f} to {column.most:,f}" if column.most is not None else f"at least {column.least}")
    if column.not_below:
        found.append(f"not below `{column.not_below}`")
    if column.not_above:
        found.append(f"not above `{column.not_above}`")
    return ", ".join(found) or ("2010 or later" if column.type is ColumnType.MOMENT else "none")
