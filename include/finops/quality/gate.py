"""Run the suites on the warehouse and say what came out, in plain words.

Only the candidate's scope is read: the predicate stands in every asset in literals, so that DuckDB leaves the files
of other periods closed. Nothing is copied out of DuckDB but counts and a few offending rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import great_expectations as gx
import sqlalchemy as sa
from great_expectations.core import ExpectationValidationResult
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.expectations import Expectation
from great_expectations.expectations.core import ExpectTableRowCountToBeBetween

from finops.core.errors import NotReady
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, join
from finops.quality.duckdb_source import DATABASE, DuckDBDatasource, open_warehouse
from finops.quality.models import Given, Outcome, RowRule, Severity, Suite, TableResult
from finops.quality.rules import ExpectNoRows, rows_obey
from finops.quality.suites import suite_of
from finops.stores import mart_views, published
from finops.stores.published import Publication

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXAMPLES = 3
FACT = "fct_focus_costs"


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

        tables = mart_views.tables_of(database, mart_views.WAREHOUSE, mart_views.MARTS)
        if FACT in mart_views.views_of(database, "main"):
            tables.insert(0, FACT)
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
    asset = source.add_query_asset(suite.table, rows)
    # A batch without a definition: with each definition the library would write out all assets again.
    batch = asset.get_batch(asset.build_batch_request())
    results = _results(batch, suite)
    outcomes = [_outcome(connection, suite.table, rows, each, results[_says(each)]) for each in suite.rules]
    # Broken first, then in the order of the suite.
    outcomes.sort(key=lambda each: (each.is_met, each.severity is not Severity.BLOCKS))
    return TableResult(suite.table, _row_count(suite, results), tuple(outcomes))


def _row_count(suite: Suite, results: dict[str, ExpectationValidationResult]) -> int:
    counts = [results[_says(each)].result for each in suite.rules if isinstance(each, ExpectTableRowCountToBeBetween)]
    return int(counts[0]["observed_value"]) if counts and counts[0] else 0


def _says(rule: RowRule | Expectation) -> str:
    return rule.says if isinstance(rule, RowRule) else str(rule.description)


def _results(batch: Batch, suite: Suite) -> dict[str, ExpectationValidationResult]:
    """Return the result of each rule by what it says."""
    queries = [each for each in suite.rules if not isinstance(each, RowRule)]
    found = batch.validate(gx.ExpectationSuite(suite.table, expectations=queries)).results
    results = {str(each.expectation_config.description): each for each in found if each.expectation_config}
    return results | _row_results(batch, [each for each in suite.rules if isinstance(each, RowRule)])


def _row_results(batch: Batch, rules: Sequence[RowRule]) -> dict[str, ExpectationValidationResult]:
    """Return the result of each rule, read from the one of all: a table is scanned once, not once for every rule.

    Where a rule cannot be evaluated each is asked by itself, so that it hides none of the others.
    """
    if not rules:
        return {}
    result = batch.validate(rows_obey(rules))
    if not _error_of(result):
        found = [
            ExpectationValidationResult(not each["unexpected_count"], result=each) for each in result.result["rules"]
        ]
        return {rule.says: each for rule, each in zip(rules, found, strict=True)}
    if len(rules) == 1:
        return {rules[0].says: result}
    return {rule.says: _row_results(batch, [rule])[rule.says] for rule in rules}


def _outcome(
    connection: sa.Connection, table: str, rows: Sql, rule: RowRule | Expectation, result: ExpectationValidationResult
) -> Outcome:
    broken = _error_of(result)
    if broken:
        return Outcome(table, _says(rule), Severity.BLOCKS, False, f"could not be evaluated: {broken}")
    is_met = bool(result.success)
    examples = () if is_met else _examples(connection, rule, rows)
    return Outcome(table, _says(rule), Severity(rule.severity), is_met, _observed(result.result), examples)


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


def _examples(connection: sa.Connection, rule: RowRule | Expectation, rows: Sql) -> tuple[dict[str, str], ...]:
    """Return a few of the rows that a rule objects to; none where rows are not what it is about."""
    if isinstance(rule, RowRule):
        shown = join(", ", map(identifier, rule.shows))
        template = "select {shown} from ({rows}) where not coalesce({rule}, false)"
        offending = compose(template, shown=shown, rows=rows, rule=Sql(rule.predicate))
    elif isinstance(rule, ExpectNoRows):
        offending = Sql(str(rule.unexpected_rows_query).replace("{batch}", f"({rows}) as batch"))
    else:
        return ()
    # Ordered, so that the same build always names the same.
    query = compose("select * from ({offending}) order by all limit {count}", offending=offending, count=Sql(EXAMPLES))
    found = connection.execute(sa.text(query)).mappings().all()
    return tuple({name: _shown(value) for name, value in row.items()} for row in found)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else str(value)
