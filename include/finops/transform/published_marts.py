"""The published marts: the tables of the version before, with the candidate's scope replaced.

What is published is every table and view in the warehouse's schema ``marts``; there is no other list. Each table has
``billing_period``, ``provider`` and ``billing_currency``, which is what makes a scope replaceable and a total exact.

A view spans providers or months: it is asked of the marts as they are published, not as the warehouse has them, and
what it says of the months in scope, and of those after them, which are compared with them, is published as a table.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.core.errors import Finding
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, in_scope, join, literal
from finops.stores import mart_views
from finops.stores.candidate import Candidate
from finops.stores.mart_views import MARTS, tables_of
from finops.stores.published import RENAMED_MARTS, Publication
from finops.transform import dictionary

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

READERS = "finops"
"""The name of the version's own database, ``finops.duckdb``."""
MEASURES = ("billed_cost", "effective_cost", "contracted_cost", "list_cost")


def write(settings: Settings, candidate: Candidate, previous: Publication | None, building: Path) -> dict[str, Any]:
    """Write the database, its comments, the Parquet files and the dictionary; return the manifest's entry per mart.

    The cost follows the scope: the database is a copy of the one before with the scope's rows replaced, and the
    files of other months are hard links.
    """
    database = building / "finops.duckdb"
    if previous is not None:
        shutil.copyfile(previous.database, database)
    with _connect(settings, database) as connection:
        tables, views = tables_of(connection, mart_views.WAREHOUSE, MARTS), mart_views.views_of(connection)
        names = [*tables, *views]
        for gone in set(tables_of(connection, READERS, "main")) - set(names):
            connection.execute(compose("drop table {mart}", mart=identifier(gone)))
        entries = {
            name: _publish(connection, _of_bills(name, candidate), candidate, previous, building) for name in tables
        }
        published = {name: compose("select * from {mart}", mart=identifier(READERS, "main", name)) for name in tables}
        mart_views.attach(connection, published)
        connection.execute(compose("use {readers}", readers=identifier(READERS)))
        entries |= {
            name: _publish(connection, _of_months(name, candidate), candidate, previous, building) for name in views
        }
        renamed = {old: new for old, new in RENAMED_MARTS.items() if new in names and old not in names}
        for old, new in renamed.items():
            view = "create or replace view {old} as select * from {new}"
            connection.execute(compose(view, old=identifier(old), new=identifier(new)))
        dictionary.comment(connection, MARTS, names, renamed)
        dictionary.write(connection, building, candidate.build_id, names)
        for attached in (mart_views.VIEWS, mart_views.WAREHOUSE):
            connection.execute(compose("detach {attached}", attached=identifier(attached)))
        connection.execute("checkpoint")
    return entries


def verify(version: Publication, candidate: Candidate) -> None:
    """Read the version back as a reader would. Raise Finding when it does not hold what its manifest says."""
    with version.connect() as connection:
        for name, entry in version.manifest["marts"].items():
            expected = entry["billing_periods"]
            _require(f"table {name}", _totals(connection, identifier(name)), expected)
            for period in map(str, candidate.billing_periods):
                part = version.path / name / f"billing_period={period}" / "part.parquet"
                rows = "(select *, {period} as billing_period from read_parquet({part}, hive_partitioning = false))"
                found = _totals(connection, compose(rows, period=period, part=part)).get(period)
                _require(f"{name}/billing_period={period}", found, expected.get(period))


def _connect(settings: Settings, database: Path) -> DuckDBPyConnection:
    import duckdb

    limits: dict[str, Any] = {"memory_limit": settings.memory_limit, "threads": settings.threads}
    connection = duckdb.connect(str(database), config=limits)
    connection.execute("set timezone = 'UTC'")
    connection.execute(compose("set temp_directory = {folder}", folder=settings.warehouse_dir / "spill"))
    connection.execute(compose("attach {file} as warehouse (read_only)", file=settings.warehouse_path))
    return connection


@dataclass(frozen=True, slots=True)
class _Replacement:
    """The rows of a mart that a version takes anew: from ``source``, those of ``scope``, which lie in ``months``."""

    mart: str
    source: Sql
    scope: Sql
    months: frozenset[str]


def _of_bills(table: str, candidate: Candidate) -> _Replacement:
    pairs = in_scope((each.provider, str(each.billing_period)) for each in candidate.scope)
    months = frozenset(map(str, candidate.billing_periods))
    return _Replacement(table, identifier(mart_views.WAREHOUSE, MARTS, table), pairs, months)


def _of_months(view: str, candidate: Candidate) -> _Replacement:
    months = frozenset(str(month) for each in candidate.billing_periods for month in (each, each.next))
    scope = compose("billing_period in ({months})", months=join(", ", map(literal, sorted(months))))
    return _Replacement(view, identifier(mart_views.VIEWS, MARTS, view), scope, months)


def _publish(
    connection: DuckDBPyConnection,
    replacement: _Replacement,
    candidate: Candidate,
    previous: Publication | None,
    building: Path,
) -> dict[str, Any]:
    """Put one mart into the version: table and files. Return its rows and totals per month."""
    name, rewritten = replacement.mart, set(replacement.months)
    kept: dict[str, Any] = {}
    if _replace_rows(connection, replacement):
        before = previous.manifest["marts"][name]["billing_periods"] if previous is not None else {}
        kept = {period: entry for period, entry in before.items() if period not in rewritten}
    else:
        rewritten |= set(_totals(connection, identifier(name)))
    for leaf in (Path(name, f"billing_period={period}") for period in kept):
        (building / leaf).mkdir(parents=True)
        os.link(previous.path / leaf / "part.parquet", building / leaf / "part.parquet")  # type: ignore[union-attr]
    found = _totals(connection, identifier(name), rewritten)
    for period in sorted({*map(str, candidate.billing_periods), *found}):
        _write_month(connection, name, period, building)
    periods = dict(sorted({**kept, **found}.items()))
    return {"rows": sum(entry["rows"] for entry in periods.values()), "billing_periods": periods}


def _replace_rows(connection: DuckDBPyConnection, replacement: _Replacement) -> bool:
    """Replace the scope's rows of a mart. Return whether the table has the columns it had before."""
    mart, source, scope = identifier(replacement.mart), replacement.source, replacement.scope
    is_known = replacement.mart in tables_of(connection, READERS, "main")
    is_same_shape = is_known and _columns(connection, mart) == _columns(connection, source)
    if is_same_shape:
        connection.execute(compose("delete from {mart} where {scope}", mart=mart, scope=scope))
    else:
        _reshape(connection, mart, source, scope, is_known=is_known)
    query = "insert into {mart} select * from {source} where {scope} order by all"
    connection.execute(compose(query, mart=mart, source=source, scope=scope))
    return is_same_shape


def _reshape(connection: DuckDBPyConnection, mart: Sql, source: Sql, scope: Sql, *, is_known: bool) -> None:
    """Give a mart the columns it has in the warehouse, keeping what was published outside the scope."""
    before = identifier("__before")
    if is_known:
        connection.execute(compose("alter table {mart} rename to {before}", mart=mart, before=before))
    connection.execute(compose("create table {mart} as select * from {source} limit 0", mart=mart, source=source))
    if is_known:
        columns = {name for name, _ in _columns(connection, mart)}
        common = [identifier(name) for name, _ in _columns(connection, before) if name in columns]
        keep = "insert into {mart} by name select {common} from {before} where not {scope}"
        connection.execute(compose(keep, mart=mart, common=join(", ", common), before=before, scope=scope))
        connection.execute(compose("drop table {before}", before=before))


def _write_month(connection: DuckDBPyConnection, name: str, period: str, building: Path) -> None:
    part = building / name / f"billing_period={period}" / "part.parquet"
    part.parent.mkdir(parents=True)
    # The month stands in the path alone: pandas and Arrow refuse a column that is in both.
    export = """
        copy (select * exclude (billing_period) from {mart} where billing_period = {period} order by all)
        to {part} (format parquet, compression zstd)
    """
    connection.execute(compose(export, mart=identifier(name), period=period, part=part))


def _totals(connection: DuckDBPyConnection, rows: Sql, months: Collection[str] | None = None) -> dict[str, Any]:
    """Return, per month, the rows and, per currency, the exact sum of each measure as text."""
    columns = {column for column, _ in _columns(connection, rows)}
    measures = [measure for measure in MEASURES if measure in columns]
    sums = join("", (compose(", sum({column})::varchar", column=identifier(m)) for m in measures))
    wanted = Sql("true")
    if months is not None:
        wanted = compose("billing_period in ({months})", months=join(", ", map(literal, sorted(months))))
    query = (
        "select billing_period, billing_currency, count(*){sums} from {rows} where {wanted} group by all order by all"
    )
    query = compose(query, sums=sums, rows=rows, wanted=wanted)
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
