"""What dbt says of the published tables, as the version's data dictionary.

dbt leaves its descriptions in the warehouse as comments (``persist_docs``), so a version is described as it was built.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from finops.pages import html
from finops.stores import dictionary
from finops.stores.dictionary import DescribedColumn, DescribedTable
from finops.stores.mart_views import MARTS, WAREHOUSE
from finops.stores.published import FACT, Publication

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TEMPLATES = Path(__file__).parent / "templates"
_DESCRIBED = """
    with
        relations as (
            select table_name, comment from duckdb_tables() where database_name = $database and schema_name = $schema
            union all
            select view_name, comment from duckdb_views() where database_name = $database and schema_name = $schema
        )
    select
        relations.table_name, coalesce(relations.comment, ''),
        columns.column_name, columns.data_type, coalesce(columns.comment, '')
    from relations
    inner join duckdb_columns() as columns
        on columns.database_name = $database
        and columns.schema_name = $schema
        and columns.table_name = relations.table_name
    order by relations.table_name, columns.column_index
"""


def of_version(version: Publication, marts: Iterable[str]) -> list[DescribedTable]:
    """Return what a version says of these marts, and of the FOCUS fact."""
    wanted = {FACT, *marts}
    return [each for each in dictionary.read(version.path) if each.name in wanted]


def write(
    connection: DuckDBPyConnection,
    version: Path,
    build_id: str,
    marts: Iterable[str],
    carried: Iterable[DescribedTable] = (),
) -> None:
    """Write the version's dictionary: its marts and the FOCUS fact as the warehouse has them, else as ``carried``."""
    published, beside = (_described(connection, WAREHOUSE, schema) for schema in (MARTS, "main"))
    found = {each.name: each for each in carried} | {name: published[name] for name in marts}
    if FACT in beside:
        found[FACT] = beside[FACT]
    # The fact first.
    tables = [found[name] for name in sorted(found, key=lambda name: (name != FACT, name))]
    dictionary.write(version, tuple(tables))
    # Readers open it by the link `published/current`.
    text = page(tables, build_id, [("../../quality/index.html", "Builds and data quality")])
    (version / dictionary.PAGE).write_text(text, encoding="utf-8")


def page(tables: Iterable[DescribedTable], build_id: str, links: Iterable[tuple[str, str]] = ()) -> str:
    """Return the dictionary as a page; ``links`` are addresses of the pages around it, with their labels."""
    values = {"tables": tables, "build_id": build_id, "fact": FACT, "links": links}
    return html.render(html.environment(_TEMPLATES), "dictionary.html.j2", **values)


def _described(connection: DuckDBPyConnection, database: str, schema: str) -> dict[str, DescribedTable]:
    """Return the tables and views of a schema by name, each description on one line."""
    rows = connection.execute(_DESCRIBED, {"database": database, "schema": schema}).fetchall()
    abouts: dict[str, str] = {}
    columns: dict[str, list[DescribedColumn]] = {}
    for table, about, name, kind, description in rows:
        abouts[table] = " ".join(about.split())
        columns.setdefault(table, []).append(DescribedColumn(name, kind, " ".join(description.split())))
    return {name: DescribedTable(name, about, tuple(columns[name])) for name, about in abouts.items()}
