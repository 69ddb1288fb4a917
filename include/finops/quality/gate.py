"""Run the suites on the warehouse and say what came out, in plain words.

Only the candidate's scope is read: the predicate stands in every asset in literals, so that DuckDB leaves the files
of other periods closed. Nothing is copied out of DuckDB but counts and a few offending rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import great_expectations as gx
import sqlalchemy as sa
from great_expectations.core import ExpectationValidationResult
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

from finops.core.errors import NotReady
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, join, literal
from finops.quality.duckdb_source import DATABASE, DuckDBDatasource, open_warehouse
from finops.quality.models import Given, Outcome, RowRule, Severity, Suite, TableResult
from finops.quality.suites import suite_of
from finops.stores import mart_views, published
from finops.stores.published import Publication

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXAMPLES = 3
FACT = "fct_focus_costs"
ROW_COUNT = "expect_table_row_count_to_be_between"


def run_suites(
    settings: Settings, given: Given, only: Collection[str] | None = None, *, views_only: bool = False
) -> list[TableResult]:
    """Run every suite, those of the tables in ``only``, or those of views, on the candidate's scope.

    Raise Finding when one of these tables is published and has no suite.

    Views read all bills of a month: they are checked as they would be published, with what the candidate leaves as it
    is from the version that readers have. What else the warehouse holds of these months may have been refused.
    """
    with open_warehouse(settings) as source, source.get_execution_engine().get_connection() as connection:
        database = cast("DuckDBPyConnection", connection.connection.driver_connection)

        def run(tables: Iterable[str]) -> list[TableResult]:
            asked = (each for each in tables if only is None or each in only)
            return [_run(source, connection, suite_of(each, given), given) for each in asked]

        tables = [FACT, *mart_views.tables_of(database, mart_views.WAREHOUSE, mart_views.MARTS)]
        results = [] if views_only else run(tables)
        mart_views.attach(database, mart_views.merged(database, given.pairs, _published(settings)))
        connection.info[DATABASE] = mart_views.VIEWS
        return results + run(mart_views.views_of(database))


def _published(settings: Settings) -> Publication | None:
    try:
        return published.latest(settings)
    except NotReady:
        return None


def _run(source: DuckDBDatasource, connection: sa.Connection, suite: Suite, given: Given) -> TableResult:
    source_table = identifier(suite.schema, suite.table)
    rows = compose("select * from {source} where {scope}", source=source_table, scope=suite.scope or given.scope)
    try:
        connection.execute(sa.text(compose("select 1 from ({rows}) limit 1", rows=rows)))
    except sa.exc.DBAPIError as error:
        observed = f"it cannot: {_first_line(error.orig)}"
        return TableResult(suite.table, 0, (Outcome(suite.table, "it can be read", Severity.BLOCKS, False, observed),))
    rules = join("", map(_rule_column, suite.row_rules))
    asset = source.add_query_asset(suite.table, compose("select *{rules} from ({rows})", rules=rules, rows=rows))
    batch = asset.add_batch_definition("scope").get_batch()
    expected = gx.ExpectationSuite(suite.table, expectations=[*suite.expectations, *map(_expectation, suite.row_rules)])
    # Counts only: offending rows are fetched where there are any, not looked for in every column of a whole fact.
    results = batch.validate(expected, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}).results
    by_name = {rule.name: rule for rule in suite.row_rules}
    outcomes = [_outcome(connection, suite, rows, result, by_name) for result in results]
    # Broken first, then in the order the suite has them: the library returns them in none.
    order = {each.description: place for place, each in enumerate(expected.expectations)}
    outcomes.sort(key=lambda each: (each.is_met, each.severity is not Severity.BLOCKS, order[each.says]))
    return TableResult(suite.table, _row_count(results), tuple(outcomes))


def _row_count(results: list[ExpectationValidationResult]) -> int:
    counts = [r.result["observed_value"] for r in results if _config(r).type == ROW_COUNT and r.result]
    return int(counts[0]) if counts else 0


def _rule_column(rule: RowRule) -> Sql:
    # A rule that is neither true nor false of a row is broken: Great Expectations would pass over the null.
    return compose(", coalesce({rule}, false) as {name}", rule=Sql(rule.predicate), name=identifier(rule.name))


def _expectation(rule: RowRule) -> gx.expectations.Expectation:
    return gx.expectations.ExpectColumnValuesToBeInSet(
        column=rule.name, value_set=[True], description=rule.says, severity=FailureSeverity(rule.severity)
    )


def _outcome(
    connection: sa.Connection, suite: Suite, rows: Sql, result: ExpectationValidationResult, rules: dict[str, RowRule]
) -> Outcome:
    config = _config(result)
    says, severity, is_met = config.description or config.type, Severity(config.severity), bool(result.success)
    broken = _error_of(result)
    if broken:
        return Outcome(suite.table, says, Severity.BLOCKS, False, f"could not be evaluated: {broken}")
    offending = _offending_rows(config.kwargs, rows, rules)
    examples = () if is_met else _examples(connection, offending)
    return Outcome(suite.table, says, severity, is_met, _observed(result.result), examples)


def _config(result: ExpectationValidationResult) -> ExpectationConfiguration:
    if result.expectation_config is None:
        raise TypeError("a result of Great Expectations names no expectation")
    return result.expectation_config


def _error_of(result: ExpectationValidationResult) -> str | None:
    """Return the first line of what went wrong inside Great Expectations, which reports it instead of raising it."""
    for info in [result.exception_info, *(v for v in result.exception_info.values() if isinstance(v, dict))]:
        if info.get("raised_exception"):
            return _first_line(info["exception_message"])
    return None


def _first_line(error: object) -> str:
    return str(error).strip().splitlines()[0]


def _observed(result: dict[str, Any]) -> str:
    if "unexpected_count" in result:
        if not result["element_count"]:
            return "there are no rows"
        return f"not so in {result['unexpected_count']:,} of {result['element_count']:,} rows"
    found = result["observed_value"]
    return f"{found:,} found" if found else "none found"


def _offending_rows(kwargs: dict[str, Any], rows: Sql, rules: dict[str, RowRule]) -> Sql | None:
    """Return the query that finds the rows an expectation objects to, or None where rows are not what it is about."""
    column, query = kwargs.get("column"), kwargs.get("unexpected_rows_query")
    if query is not None:
        return Sql(query.replace("{batch}", f"({rows}) as batch"))
    if column is None:
        return None
    if column in rules:
        rule = rules[column]
        shown = join(", ", map(identifier, rule.shows))
        predicate = Sql(f"not coalesce({rule.predicate}, false)")
    else:
        shown = join(", ", map(identifier, ["provider", "billing_period", "billing_currency", column]))
        allowed = kwargs.get("value_set")
        template = "{column} is null" if allowed is None else "{column} not in ({allowed})"
        predicate = compose(template, column=identifier(column), allowed=join(", ", map(literal, allowed or ())))
    return compose("select {shown} from ({rows}) where {predicate}", shown=shown, rows=rows, predicate=predicate)


def _examples(connection: sa.Connection, offending: Sql | None) -> tuple[dict[str, str], ...]:
    if offending is None:
        return ()
    query = compose("select * from ({offending}) limit {count}", offending=offending, count=Sql(EXAMPLES))
    found = connection.execute(sa.text(query)).mappings().all()
    return tuple({name: _shown(value) for name, value in row.items()} for row in found)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else str(value)
