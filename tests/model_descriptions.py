"""The descriptions beside the models, as dbt leaves them in the warehouse: as comments."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

MODELS = Path(__file__).resolve().parents[1] / "dbt_project" / "models"


def comment(connection: duckdb.DuckDBPyConnection, schema: str = "marts") -> None:
    """Comment the tables and views of a schema, and their columns, with what the yml of their model says."""
    for kind, listing in (("table", "duckdb_tables()"), ("view", "duckdb_views()")):
        query = f"select {kind}_name from {listing} where schema_name = ? and not internal"
        for (name,) in connection.execute(query, [schema]).fetchall():
            _comment(connection, kind, f"{schema}.{name}", _models().get(name))


def _comment(connection: duckdb.DuckDBPyConnection, kind: str, relation: str, model: dict[str, Any] | None) -> None:
    if model is None:
        return
    connection.execute(f"comment on {kind} {relation} is {_literal(model)}")
    there = {name for name, *_ in connection.execute(f"describe {relation}").fetchall()}
    for column in model["columns"]:
        if column["name"] in there:
            connection.execute(f"comment on column {relation}.{column['name']} is {_literal(column)}")


def _literal(described: dict[str, Any]) -> str:
    return "'" + described["description"].replace("'", "''") + "'"


@cache
def _models() -> dict[str, dict[str, Any]]:
    # yaml's own loader takes two seconds for these files, the C one a fifth.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    files = (yaml.load(path.read_text(encoding="utf-8"), loader) for path in MODELS.glob("marts/**/*.yml"))
    return {model["name"]: model for file in files for model in (file or {}).get("models", [])}
