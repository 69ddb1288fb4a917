"""Compose SQL for DuckDB where a statement cannot bind: identifiers, files of a COPY, predicates that prune files.

Where a value can be bound it is bound. Everything else goes through ``compose``, which quotes what it is given
unless that is SQL already.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class Sql(str):
    """Text that is SQL. ``compose`` puts it in as it is; any other text becomes a quoted literal."""

    __slots__ = ()


def identifier(*names: str) -> Sql:
    """Return a quoted name; several are the parts of a qualified one."""
    return Sql(".".join('"' + name.replace('"', '""') + '"' for name in names))


def literal(value: str | Path) -> Sql:
    """Return a quoted text literal."""
    return Sql("'" + str(value).replace("'", "''") + "'")


def compose(template: str, **parts: str | Path) -> Sql:
    """Return ``template`` with each ``{name}`` replaced: SQL as it is, text and paths as quoted literals."""
    return Sql(template.format_map({k: v if isinstance(v, Sql) else literal(v) for k, v in parts.items()}))


def join(separator: str, parts: Iterable[Sql]) -> Sql:
    """Return the parts with ``separator``, which is SQL, between them."""
    return Sql(separator.join(parts))


def in_scope(pairs: Iterable[tuple[str, str]]) -> Sql:
    """Return the predicate that keeps these (provider, billing period) pairs.

    Both stand in it as literals: only these let DuckDB leave the files of other periods closed.
    """
    periods: dict[str, list[Sql]] = {}
    for provider, period in sorted(pairs):
        periods.setdefault(provider, []).append(literal(period))
    each = [
        compose(
            "(provider = {provider} and billing_period in ({periods}))", provider=provider, periods=join(", ", found)
        )
        for provider, found in periods.items()
    ]
    return compose("({any})", any=join(" or ", each)) if each else Sql("false")
