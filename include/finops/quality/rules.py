"""The kinds of rules the suites are made of. Each says in plain words what holds when it is met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from great_expectations import expectations as gxe
from great_expectations.expectations import Expectation
from great_expectations.expectations.metadata_types import FailureSeverity

from finops.core.sql import Sql, compose, identifier, join, literal
from finops.quality.models import Given, RowRule, Severity

COSTS = ("billed_cost", "effective_cost")
MEASURES = (*COSTS, "contracted_cost", "list_cost")
KEY = ("billing_period", "provider", "billing_currency")
FACT = Sql("main.fct_focus_costs")
DAILY = Sql("marts.fct_daily_costs")
PUBLISHED_DAILY = Sql("staging.stg_published_daily_costs")
"""The daily costs as the KPI layer reads them: its warehouse has no bills."""


def has_rows() -> Expectation:
    """Return: the table has rows in scope."""
    return gxe.ExpectTableRowCountToBeBetween(
        min_value=1, description="there are rows", severity=FailureSeverity.CRITICAL
    )


def filled(*columns: str) -> list[RowRule]:
    """Return: each column is filled in every row."""
    return [_of_column(name, "is filled in every row", "{column} is not null") for name in columns]


def one_of(column: str, allowed: Sequence[str]) -> RowRule:
    """Return: a column holds only these values, or nothing."""
    template = "{column} is null or {column} in ({allowed})"
    return _of_column(column, f"is one of {', '.join(allowed)}", template, allowed=join(", ", map(literal, allowed)))


def _of_column(name: str, says: str, predicate: str, **parts: Sql) -> RowRule:
    shows = ("provider", "billing_period", "billing_currency", name)
    return RowRule(f"{name} {says}", compose(predicate, column=identifier(name), **parts), shows)


class ExpectRowsToObey(gxe.UnexpectedRowsExpectation):
    """Counts the rows, and those that break each of several rules, in one scan.

    The library's own expectations would scan a column each, and spend more on themselves than on a small table.
    """

    expectation_type: ClassVar[str] = "expect_rows_to_obey"
    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: object = None, execution_engine: object = None
    ) -> dict[str, Any]:
        (found,) = metrics["unexpected_rows_query.table"]
        count = found["row_count"]
        rules = [{"element_count": count, "unexpected_count": count - each} for each in found["obeying"]]
        return {"success": not any(each["unexpected_count"] for each in rules), "result": {"rules": rules}}


def rows_obey(rules: Iterable[RowRule]) -> Expectation:
    """Return: every row obeys all the rules."""
    counts = (compose("count(*) filter (where {rule})", rule=Sql(each.predicate)) for each in rules)
    query = compose("select [{counts}] as obeying, count(*) as row_count from ", counts=join(", ", counts))
    # The library puts the batch in with str.format, so the braces of a predicate are doubled.
    query = Sql(query.replace("{", "{{").replace("}", "}}") + "{batch}")
    return ExpectRowsToObey(unexpected_rows_query=query)


class ExpectNoRows(gxe.UnexpectedRowsExpectation):
    """Counts the rows a query finds, and only counts: the library's own runs the query once more to fetch them."""

    expectation_type: ClassVar[str] = "expect_no_rows"
    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: object = None, execution_engine: object = None
    ) -> dict[str, Any]:
        count = metrics["unexpected_rows_query.row_count"]
        return {"success": count == 0, "result": {"observed_value": count}}


def no_rows(says: str, query: str, severity: Severity = Severity.BLOCKS, **parts: str) -> Expectation:
    """Return: a query finds nothing. In it ``{batch}`` is the table's rows in scope, ``{key}`` the columns of ``KEY``.

    ``parts`` are its other parts, as ``compose`` takes them.
    """
    composed = compose(query, batch=Sql("{batch}"), key=join(", ", map(identifier, KEY)), **parts)
    return ExpectNoRows(unexpected_rows_query=composed, description=says, severity=FailureSeverity(severity))


def is_unique(columns: Iterable[str]) -> Expectation:
    """Return: the columns are the grain of the table, nulls counting as a value."""
    names = list(columns)
    query = "select {grain}, count(*) as row_count from {batch} group by {grain} having count(*) > 1"
    return no_rows(f"one row per {', '.join(names)}", query, grain=join(", ", map(identifier, names)))


def is_exact(columns: Iterable[str] = MEASURES) -> Expectation:
    """Return: the amounts are exact decimals; a double would let sums differ by order."""
    query = """
        select column_name, column_type from (describe select {columns} from {batch})
        where column_type <> 'DECIMAL(38,12)'
    """
    return no_rows("amounts are exact decimals", query, columns=join(", ", map(identifier, columns)))


def ties_to(other: Sql, name: str, given: Given, measures: Sequence[str] = MEASURES) -> Expectation:
    """Return: per provider, month and currency, the measures sum to exactly what they do in another table."""
    pair = "struct_pack(measure := {name}, found := here.{m}, expected := there.{m})"
    return no_rows(
        f"{', '.join(measures)} sum to those of {name}, exactly",
        """
        select *, found - expected as difference
        from (
            select {key}, unnest([{pairs}], recursive := true)
            from (select {key}, {sums} from {batch} group by all) as here
            full join (select {key}, {sums} from {other} where {scope} group by all) as there using ({key})
        )
        where found is distinct from expected
        """,
        pairs=join(", ", (compose(pair, name=m, m=identifier(m)) for m in measures)),
        sums=join(", ", (compose("sum({m}) as {m}", m=identifier(m)) for m in measures)),
        other=other,
        scope=given.scope,
    )


def adds_up_to(
    other: Sql, name: str, given: Given, measures: Mapping[str, str], columns: Sequence[str] = KEY
) -> Expectation:
    """Return: per ``columns`` each measure sums to exactly what it, or the one it is named with, does in another table.

    What is nowhere in the other table must be zero.
    """
    named = measures.items()
    return no_rows(
        f"{', '.join(measures)} sum to those of {name}, exactly",
        """
        select {columns}
        from (select {columns}, {here} from {batch} group by {columns}) as here
        full join (select {columns}, {there} from {other} where {scope} group by {columns}) as there using ({columns})
        where {differ}
        """,
        columns=join(", ", map(identifier, columns)),
        here=join(", ", (compose("sum({m}) as {n}", m=identifier(m), n=identifier(f"{m}_here")) for m in measures)),
        there=join(", ", (compose("sum({o}) as {n}", o=identifier(o), n=identifier(f"{m}_there")) for m, o in named)),
        differ=join(
            " or ",
            (
                compose("coalesce({h}, 0) <> coalesce({t}, 0)", h=identifier(f"{m}_here"), t=identifier(f"{m}_there"))
                for m in measures
            ),
        ),
        other=other,
        scope=given.scope,
    )


def rows_of(columns: Sequence[str], rows: Iterable[Sequence[Sql]]) -> Sql:
    """Return a small table of constants; without rows, an empty one."""
    values = [compose("({row})", row=join(", ", row)) for row in rows]
    names = join(", ", map(identifier, columns))
    if not values:
        nothing = join(", ", (Sql("null") for _ in columns))
        return compose("(select * from (values ({nothing})) as t ({names}) where false)", nothing=nothing, names=names)
    return compose("(select * from (values {values}) as t ({names}))", values=join(", ", values), names=names)


def cost_mart(grain: Iterable[str], given: Given) -> tuple[RowRule | Expectation, ...]:
    """Return what holds for every mart that groups the daily costs: its grain, its amounts, its tie to them."""
    columns = [*KEY, *grain]
    tied = ties_to(DAILY, "fct_daily_costs", given)
    return (has_rows(), *filled(*columns, *MEASURES), is_exact(), is_unique(columns), tied)
