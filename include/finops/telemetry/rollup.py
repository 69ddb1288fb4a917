"""A day from the files that have rows of it: the newest value of each key, and of buckets one row an hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from finops.core.sql import Sql, compose, identifier, join
from finops.telemetry.models import Column, ColumnType, RollUp, Schema, StagedFile
from finops.telemetry.tables import rows_of

_SUMS = {
    RollUp.KEY: "{name}",
    RollUp.HOUR: "date_trunc('hour', {name})",
    # Decimals add up to the same whatever their order, so that the same rows land as the same bytes' worth.
    # A bucket without a value has no weight either.
    RollUp.AVERAGE: "cast(sum({name} * bucket_minutes) / sum(bucket_minutes) filter ({name} is not null) as {type})",
    RollUp.MAXIMUM: "max({name})",
    RollUp.SUM: "cast(sum({name}) as bigint)",
    RollUp.MINUTES: "cast(sum({name}) as bigint)",
}
_AVERAGES = {ColumnType.NUMBER: "decimal(18, 6)", ColumnType.COUNT: "bigint"}
_GROUPS = (RollUp.KEY, RollUp.HOUR)


def newest(schema: Schema, files: Sequence[StagedFile], day: date) -> Sql:
    """Return the query of one row per key of a day that every file has; the value of the file written last counts."""
    ranked = [each.parts[day] for each in sorted(files, key=lambda each: each.offered.age_key)]
    columns = join(", ", (identifier(each.name) for each in schema.columns))
    if len(ranked) == 1 and not ranked[0].repeated:
        return compose("select {columns} from {rows}", columns=columns, rows=rows_of(ranked[0].paths))
    every = join(
        " union all ",
        (
            compose(
                "select {columns}, {rank} as age_rank from {rows}",
                columns=columns,
                rank=Sql(rank),
                rows=rows_of(part.paths),
            )
            for rank, part in enumerate(ranked)
        ),
    )
    return compose(
        "select {columns} from ({every}) qualify row_number() over (partition by {key} order by age_rank desc) = 1",
        columns=columns,
        every=every,
        key=join(", ", map(identifier, schema.key)),
    )


def landed(schema: Schema, rows: Sql) -> Sql:
    """Return the query of the rows as they land, in the order of their key."""
    order = join(", ", map(identifier, schema.key))
    if schema.lands_last_of_day:
        what = (identifier(name) for name in schema.key if name != schema.moment)
        return compose(
            "select * from ({rows}) qualify row_number() over (partition by {what} order by {moment} desc) = 1 "
            "order by {order}",
            rows=rows,
            what=join(", ", what),
            moment=identifier(schema.moment),
            order=order,
        )
    if not schema.has_buckets:
        return compose("select * from ({rows}) order by {order}", rows=rows, order=order)
    columns = join(
        ", ",
        (
            compose("{value} as {name}", value=_rolled_up(each), name=identifier(each.landed_name))
            for each in schema.columns
        ),
    )
    groups = join(", ", (_rolled_up(each) for each in schema.columns if each.roll_up in _GROUPS))
    return compose(
        "select * from (select {columns} from ({rows}) group by {groups}) order by {order}",
        columns=columns,
        rows=rows,
        groups=groups,
        order=order,
    )


def _rolled_up(column: Column) -> Sql:
    template = _SUMS[column.roll_up] if column.roll_up else "{name}"
    of_type = Sql(_AVERAGES.get(column.type, ""))
    return compose(template, name=identifier(column.name), type=of_type)
