"""``finops.duckdb`` of a published version: every mart as a view over the version's Parquet, with its description.

The file names the version's folder by its full path, so it is written again where a version comes to lie elsewhere.
What the platform itself reads comes from ``Publication.connect``, which asks no file for the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops.core.atomic import replacing
from finops.core.sql import compose, identifier
from finops.stores import dictionary
from finops.stores.dictionary import DescribedTable
from finops.stores.published import RENAMED_MARTS, Publication, create_views

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def write(version: Publication) -> None:
    """Write the database of a version whose other files are in place. It takes no row, and time by the mart."""
    import duckdb

    described = {each.name: each for each in dictionary.read(version.path)}
    with replacing(version.database) as temporary, duckdb.connect(str(temporary)) as connection:
        connection.begin()  # One write for all: each statement of its own would wait for the disk.
        for name in create_views(connection, version):
            if (about := described.get(RENAMED_MARTS.get(name, name))) is not None:
                _comment(connection, name, about)
        connection.commit()


def _comment(connection: DuckDBPyConnection, name: str, about: DescribedTable) -> None:
    statement = "comment on view {name} is {text}"
    connection.execute(compose(statement, name=identifier(name), text=about.description))
    for column in about.columns:
        statement = "comment on column {name} is {text}"
        connection.execute(compose(statement, name=identifier(name, column.name), text=column.description))
