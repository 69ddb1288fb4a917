"""A composed statement as JSON, for the process that renders it: read back it is equal, to the last decimal."""

from __future__ import annotations

from functools import cache

from pydantic import TypeAdapter

from finops.chargeback.statement.models import Statement


def dumps(statement: Statement) -> bytes:
    """Return the JSON of a statement."""
    return _adapter().dump_json(statement)


def loads(content: bytes) -> Statement:
    """Return the statement of which ``content`` is the JSON."""
    return _adapter().validate_json(content)


@cache
def _adapter() -> TypeAdapter[Statement]:
    return TypeAdapter(Statement)
