"""Tables that features publish beside the marts: how they are declared, and how a run's rows are handed over.

A feature declares its tables in ``<feature>/tables.py``, computes rows from what is published and returns them as
``Results``. They pass the gate and are published in a version that links everything else
(``finops.transform.results``); from then on they are read, exported and served as every mart is.

Rows are filed by month, as those of marts are: a run gives the whole content of each month that it touches, so what
it says twice is there once. Forecasts and scores are filed under the month of their run date, incidents under that of
their first day.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finops.core.sql import Sql, compose, identifier, join
from finops.stores.published import Publication

if TYPE_CHECKING:
    import pandas as pd

Results = Mapping[str, Mapping[str, "Sequence[Mapping[str, Any]] | pd.DataFrame"]]
"""Per table, per month (YYYY-MM), all rows that the table then has of that month, with ``billing_period`` or without.

Every table of the feature is there, with at least one month, which may have no rows.
"""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column; ``kind`` is its type in DuckDB (money is ``decimal(38,12)``)."""

    name: str
    kind: str
    description: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class ResultTable:
    """A table; its description begins with its grain ("One row per …"), and ``key`` is that grain."""

    name: str
    description: str
    columns: tuple[ResultColumn, ...]
    key: tuple[str, ...]

    def __post_init__(self) -> None:
        names = [each.name for each in self.columns]
        missing = [each for each in ("billing_period", "billing_currency", *self.key) if each not in names]
        if missing:
            raise ValueError(f"{self.name} has no column {', '.join(missing)}, which every result table needs")


def published_rows(version: Publication, table: ResultTable, months: Collection[str], *, but: Sql) -> pd.DataFrame:
    """Return what is published of some months of a table, but for the rows that a predicate names.

    For a run that replaces its own rows and keeps the others of the month. Columns of this release that the published
    rows lack are null; decimals come as ``Decimal``.
    """
    import duckdb
    import pandas as pd

    names = [each.name for each in table.columns]
    there = sorted(set(months) & version.months_of(table.name)) if table.name in version.marts else []
    if not there:
        return pd.DataFrame(columns=names)
    query = compose(
        "select {columns} from ({rows}) where not coalesce({but}, false)",
        columns=join(", ", (identifier(each) for each in names if each in version.manifest["columns"][table.name])),
        rows=version.mart_sql(table.name, there),
        but=but,
    )
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("set timezone = 'UTC'")
        found = connection.sql(query).to_arrow_table()
    return pd.DataFrame({each: found[each].to_pylist() if each in found.column_names else None for each in names})
