"""Bring a feature's results to the gate and to readers.

A run's rows are staged as a candidate in a workspace called as the feature is: a DuckDB file with the feature's tables
in the schema of marts, described as they were declared. The gate reads it as it reads a build of bills, and the
publication replaces the months that the run touched. Neither the fact nor any mart is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from finops.core.errors import NotReady
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, join
from finops.stores import published, workspaces
from finops.stores.candidate import Candidate, discard_candidate, save_candidate
from finops.stores.mart_views import MARTS
from finops.stores.published import LAYOUT, Publication
from finops.stores.results import Results, ResultTable
from finops.transform import layer_publication, recording

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection


def workspace(settings: Settings, feature: str) -> Settings:
    """Return the settings for the workspace in which a feature's results are staged."""
    return settings.in_workspace(feature)


def require_published(settings: Settings) -> Publication:
    """Return what is published. Raise NotReady before anything is, or where another release laid it out."""
    version = published.latest(settings)
    if version.layout != LAYOUT:
        raise NotReady("what is published is of another release; run `finops build`, which builds it again")
    return version


def stage(work: Settings, tables: Sequence[ResultTable], results: Results, made_of: str) -> Candidate:
    """Stage a run's rows in the feature's workspace; return the candidate, which waits for the gate.

    ``made_of`` is a digest of what they were made of, and stands in the manifest once they are published. Raise
    ValueError where rows are not what the feature declared: that is a fault of the feature, not of its input.
    """
    recording.record_current(work)
    with workspaces.holding(work), recording.running(work) as build_id:
        discard_candidate(work)
        _write(work, tables, results)
        months = {table.name: tuple(sorted(results[table.name])) for table in tables}
        candidate = Candidate(build_id, (), layer=work.workspace, tables=months, made_of=made_of)
        save_candidate(work, candidate)
        return candidate


def publish(work: Settings, build_id: str) -> Publication:
    """Publish the candidate in the feature's workspace and return its version; the same once more changes nothing.

    Raise what ``layer_publication.publish`` raises.
    """
    return layer_publication.publish(work, build_id, _entry, lambda candidate: None)


def made_of(version: Publication, feature: str) -> str | None:
    """Return the digest of what a feature's published results were made of; None where none are."""
    found: str | None = version.manifest.get("results", {}).get(feature, {}).get("made_of")
    return found


def _entry(candidate: Candidate, previous: Publication) -> dict[str, Any]:
    entry = {"build_id": candidate.build_id, "made_of": candidate.made_of}
    return {"results": {**previous.manifest.get("results", {}), candidate.layer: entry}}


def _write(work: Settings, tables: Sequence[ResultTable], results: Results) -> None:
    import duckdb

    undeclared = sorted(set(results) - {table.name for table in tables})
    empty = sorted(table.name for table in tables if not results.get(table.name))
    if undeclared or empty:
        raise ValueError(f"tables that are not declared: {undeclared}; tables without any month: {empty}")
    work.warehouse_dir.mkdir(parents=True, exist_ok=True)
    work.warehouse_path.unlink(missing_ok=True)
    with duckdb.connect(str(work.warehouse_path)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(compose("create schema {marts}", marts=identifier(MARTS)))
        for table in tables:
            _create(connection, table)
            for month, rows in sorted(results[table.name].items()):
                _insert(connection, table, month, rows)


def _create(connection: DuckDBPyConnection, table: ResultTable) -> None:
    name = identifier(MARTS, table.name)
    columns = join(
        ", ",
        (
            compose(
                "{name} {kind}{null}",
                name=identifier(each.name),
                kind=Sql(each.kind),
                null=Sql("" if each.nullable else " not null"),
            )
            for each in table.columns
        ),
    )
    connection.execute(compose("create table {name} ({columns})", name=name, columns=columns))
    connection.execute(compose("comment on table {name} is {text}", name=name, text=table.description))
    for each in table.columns:
        column = identifier(MARTS, table.name, each.name)
        connection.execute(compose("comment on column {column} is {text}", column=column, text=each.description))


def _insert(connection: DuckDBPyConnection, table: ResultTable, month: str, rows: Any) -> None:
    frame = _frame(rows)
    if frame.empty:
        return
    frame["billing_period"] = month
    names = [each.name for each in table.columns]
    if differing := sorted(set(names) ^ set(frame.columns)):
        raise ValueError(f"{table.name} is declared otherwise than its rows of {month} are: {', '.join(differing)}")
    for each in table.columns:
        if each.kind.lower().startswith("decimal"):
            # As text, so that amounts of any size meet one type, and none is ever a float.
            frame[each.name] = [None if _is_missing(value) else str(value) for value in frame[each.name]]
    connection.register("given_rows", frame[names])
    values = (compose("cast({name} as {kind})", name=identifier(e.name), kind=Sql(e.kind)) for e in table.columns)
    statement = "insert into {name} select {values} from given_rows"
    connection.execute(compose(statement, name=identifier(MARTS, table.name), values=join(", ", values)))
    connection.unregister("given_rows")


def _frame(rows: Any) -> pd.DataFrame:
    import pandas as pd

    return rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))


def _is_missing(value: Any) -> bool:
    return value is None or value != value
