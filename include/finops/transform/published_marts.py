"""The published marts: the files of the version before, with the candidate's scope replaced.

What is published is every table and view in the warehouse's schema ``marts``, and of the layers that the candidate
is not of what the version before has; there is no other list. Each table has
``billing_period``, ``provider`` and ``billing_currency``, which is what makes a scope replaceable and a total exact.
A month that the scope does not touch is a hard link, so that a publication costs and writes what its scope holds.

A view spans providers or months: it is asked of the marts as they are published, not as the warehouse has them, and
what it says of the months in scope, and of those after them, which are compared with them, is published as a table.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from finops.core.database import limits
from finops.core.errors import Finding
from finops.core.machine import Damaged, of_database
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, in_scope, join, literal
from finops.stores import mart_views
from finops.stores.candidate import BILLS, Candidate
from finops.stores.mart_views import MARTS, tables_of
from finops.stores.published import Publication
from finops.transform import dictionary

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEASURES = ("billed_cost", "effective_cost", "contracted_cost", "list_cost")
_PART = "part.parquet"


def write(settings: Settings, candidate: Candidate, previous: Publication | None, building: Path) -> dict[str, Any]:
    """Write the marts' files and the dictionary; return the manifest's ``marts``, ``columns`` and ``layers``.

    The marts of the other layers (bills, KPIs, features' results) stay as they were.
    """
    version = Publication(building, {"marts": {}, "columns": {}})
    with _connect(settings) as connection:
        tables, views = tables_of(connection, mart_views.WAREHOUSE, MARTS), mart_views.views_of(connection)
        replacing = _of_bills if candidate.layer == BILLS else _of_whole_months
        for name in tables:
            _publish(connection, replacing(name, candidate), candidate, previous, version)
        mart_views.attach(connection, {name: version.mart_sql(name) for name in tables})
        for name in views:
            _publish(connection, _of_months(name, candidate), candidate, previous, version)
        carried = _carry(previous, candidate, {*tables, *views}, version)
        described = [] if previous is None else dictionary.of_version(previous, carried)
        dictionary.write(connection, building, candidate.build_id, [*tables, *views], described)
    return {**version.manifest, "layers": _layers(previous, candidate, [*tables, *views])}


def _carry(previous: Publication | None, candidate: Candidate, own: Collection[str], version: Publication) -> list[str]:
    """Link the marts of the other layers as they were into the version; return their names."""
    if previous is None:
        return []
    apart = {name for names in previous.layers.values() for name in names}
    of_bills = candidate.layer == BILLS
    of_layer = set(previous.marts) - apart if of_bills else set(previous.layers.get(candidate.layer, ()))
    others = sorted(set(previous.marts) - of_layer - set(own))
    for name in others:
        # On disk a month without rows has a file too: a mart without any could not be read.
        for leaf in sorted((previous.path / name).iterdir()):
            _link(previous, version, leaf.relative_to(previous.path))
        version.manifest["marts"][name] = previous.manifest["marts"][name]
        version.manifest["columns"][name] = previous.manifest["columns"][name]
    return others


def _layers(previous: Publication | None, candidate: Candidate, own: Collection[str]) -> dict[str, list[str]]:
    """Return the marts of each layer that is published apart from bills."""
    before = {} if previous is None else previous.layers
    layers = {layer: [each for each in names if each not in own] for layer, names in before.items()}
    return layers if candidate.layer == BILLS else {**layers, candidate.layer: sorted(own)}


def _link(previous: Publication, version: Publication, leaf: Path) -> None:
    (version.path / leaf).mkdir(parents=True)
    os.link(previous.path / leaf / _PART, version.path / leaf / _PART)


def verify(version: Publication) -> None:
    """Read every month that was written back as a reader would. Raise Finding where it is not what was published."""
    with version.connect() as connection:
        for name, entry in version.manifest["marts"].items():
            expected = entry["billing_periods"]
            for leaf in sorted((version.path / name).glob(f"*/{_PART}")):
                # The content of a hard link was verified when it was written.
                if leaf.stat().st_nlink == 1:
                    period = leaf.parent.name.removeprefix("billing_period=")
                    _require(f"{name}/{leaf.parent.name}", _month(connection, leaf, period), expected.get(period))


def _connect(settings: Settings) -> DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(config=limits(settings, settings.warehouse_dir))
    connection.execute("set timezone = 'UTC'")
    connection.execute(compose("attach {file} as warehouse (read_only)", file=settings.warehouse_path))
    return connection


@dataclass(frozen=True, slots=True)
class _Replacement:
    """The rows of a mart that a version takes anew: from ``source``, those of ``scope``, which lie in ``months``."""

    mart: str
    source: Sql
    scope: Sql
    months: frozenset[str]
    is_of_months: bool = False
    """Whether the scope is the whole of its months, and not the bills of some providers in them."""


def _of_bills(table: str, candidate: Candidate) -> _Replacement:
    pairs = in_scope((each.provider, str(each.billing_period)) for each in candidate.scope)
    months = frozenset(map(str, candidate.billing_periods))
    return _Replacement(table, identifier(mart_views.WAREHOUSE, MARTS, table), pairs, months)


def _of_whole_months(table: str, candidate: Candidate) -> _Replacement:
    """KPIs and results are of whole months: some are of no provider, such as what is left of a budget."""
    months = frozenset(candidate.tables.get(table, map(str, candidate.billing_periods)))
    scope = compose("billing_period in ({months})", months=join(", ", map(literal, sorted(months))))
    return _Replacement(table, identifier(mart_views.WAREHOUSE, MARTS, table), scope, months, is_of_months=True)


def _of_months(view: str, candidate: Candidate) -> _Replacement:
    months = frozenset(str(month) for each in candidate.billing_periods for month in (each, each.next))
    scope = compose("billing_period in ({months})", months=join(", ", map(literal, sorted(months))))
    return _Replacement(view, identifier(mart_views.VIEWS, MARTS, view), scope, months, is_of_months=True)


def _publish(
    connection: DuckDBPyConnection,
    replacement: _Replacement,
    candidate: Candidate,
    previous: Publication | None,
    version: Publication,
) -> None:
    """Put one mart into the version: its files, and in the manifest its columns and its rows and totals per month."""
    name, columns = replacement.mart, dict(_columns(connection, replacement.source))
    before = {} if previous is None else previous.manifest["marts"].get(name, {}).get("billing_periods", {})
    known = _kinds_before(connection, previous, name, before) if previous is not None and before else {}
    # A mart that has other columns than before is written for every month.
    linked = {month: entry for month, entry in before.items() if known == columns and month not in replacement.months}
    for month in linked:
        _link(cast("Publication", previous), version, Path(name, f"billing_period={month}"))
    common = {column: kind for column, kind in columns.items() if column in known}
    _collect(connection, replacement, candidate, previous, sorted(set(before) - set(linked)), common)
    found = _totals(connection, identifier("published_rows"))
    for month in sorted({*replacement.months.intersection(map(str, candidate.billing_periods)), *found}):
        _write_month(connection, name, month, version.path)
    periods = dict(sorted({**linked, **found}.items()))
    total = sum(entry["rows"] for entry in periods.values())
    version.manifest["marts"][name] = {"rows": total, "billing_periods": periods}
    version.manifest["columns"][name] = list(columns)
    _require(f"{name} in Parquet", _kinds(connection, version, name), columns)


def _kinds(connection: DuckDBPyConnection, version: Publication, name: str, period: str = "*") -> dict[str, str]:
    return dict(_columns(connection, compose("({rows})", rows=version.mart_sql(name, [period]))))


def _kinds_before(
    connection: DuckDBPyConnection, previous: Publication, name: str, months: Iterable[str]
) -> dict[str, str]:
    """Return the columns of a mart in the version before, from a month whose file is whole; none where none is."""
    for month in ("*", *months):
        with _unless_damaged():
            return _kinds(connection, previous, name, month)
    return {}


@contextmanager
def _unless_damaged(*, may_be: bool = True) -> Iterator[None]:
    """Go on after a block that met a damaged file, where it may be; raise anything else."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        if not may_be or not isinstance(of_database(str(error)), Damaged):
            raise


def _collect(
    connection: DuckDBPyConnection,
    replacement: _Replacement,
    candidate: Candidate,
    previous: Publication | None,
    rewritten: list[str],
    common: dict[str, str],
) -> None:
    """Put into ``published_rows`` the rows that replace, and those beside them in the rewritten months.

    A damaged file of a month that the scope replaces whole has none to give: it is made again without it.
    """
    create = "create or replace temp table published_rows as {rows}"
    rows = compose("select * from {source} where {scope}", source=replacement.source, scope=replacement.scope)
    if previous is not None and rewritten:
        replaced = {f"{each.provider}/{each.billing_period}" for each in candidate.scope}
        others = {each for each in previous.manifest["fact"]["partitions"] if each.split("/")[1] in rewritten}
        is_whole = replacement.is_of_months or others <= replaced
        with _unless_damaged(may_be=is_whole):
            whole = _with_the_others(rows, replacement, previous, rewritten, common)
            connection.execute(compose(create, rows=whole))
            return
    connection.execute(compose(create, rows=rows))


def _with_the_others(
    rows: Sql, replacement: _Replacement, previous: Publication, months: list[str], common: dict[str, str]
) -> Sql:
    """Return the rows, and those of the version before that lie in these months and not in the scope."""
    # With no whole file to tell the columns, reading it names the damaged one.
    kept = (
        [Sql("*")]
        if not common
        else [
            compose("cast({column} as {type}) as {column}", column=identifier(column), type=Sql(kind))
            for column, kind in common.items()
        ]
    )
    query = """
        {rows} union all by name
        select {kept} from ({before}) where billing_period in ({months}) and not coalesce({scope}, false)
    """
    parts = {"rows": rows, "kept": join(", ", kept), "before": previous.mart_sql(replacement.mart)}
    return compose(query, months=join(", ", map(literal, months)), scope=replacement.scope, **parts)


def _write_month(connection: DuckDBPyConnection, name: str, period: str, building: Path) -> None:
    part = building / name / f"billing_period={period}" / _PART
    part.parent.mkdir(parents=True)
    # The month stands in the path alone: pandas and Arrow refuse a column that is in both.
    export = """
        copy (select * exclude (billing_period) from published_rows where billing_period = {period} order by all)
        to {part} (format parquet, compression zstd)
    """
    connection.execute(compose(export, period=period, part=part))


def _month(connection: DuckDBPyConnection, part: Path, period: str) -> object:
    rows = "(select *, {period} as billing_period from read_parquet({part}, hive_partitioning = false))"
    return _totals(connection, compose(rows, period=period, part=part)).get(period)


def _totals(connection: DuckDBPyConnection, rows: Sql) -> dict[str, Any]:
    """Return, per month, the rows and, per currency, the exact sum of each measure as text."""
    columns = {column for column, _ in _columns(connection, rows)}
    measures = [measure for measure in MEASURES if measure in columns]
    sums = join("", (compose(", sum({column})::varchar", column=identifier(m)) for m in measures))
    query = "select billing_period, billing_currency, count(*){sums} from {rows} group by all order by all"
    query = compose(query, sums=sums, rows=rows)
    found: dict[str, Any] = defaultdict(lambda: {"rows": 0, "totals": {}})
    for period, currency, count, *amounts in connection.execute(query).fetchall():
        found[period]["rows"] += count
        found[period]["totals"][currency] = dict(zip(measures, amounts, strict=True))
    return dict(found)


def _columns(connection: DuckDBPyConnection, rows: Sql) -> list[tuple[str, str]]:
    described = connection.execute(compose("describe select * from {rows}", rows=rows)).fetchall()
    return [(name, kind) for name, kind, *_ in described]


def _require(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Finding(f"{what} of the new version reads back as {found}, not as {expected}; nothing was published")
