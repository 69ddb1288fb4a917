"""``finops serve``: what is published, in PostgreSQL for BI tools, and who reads which rows of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli import app
from finops.cli.terminal import AsJson
from finops.core.errors import BadInput
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.serving.models import Grant, ServedReport

serve = typer.Typer(help="Serve what is published to BI tools from PostgreSQL.", no_args_is_help=True)
app.add_typer(serve, name="serve")


@serve.command()
def publish(as_json: AsJson = False) -> None:
    """Copy what changed of the published marts and statements into PostgreSQL, in one transaction."""
    from finops.serving import service

    done = service.publish(Settings())
    typer.echo(_as_json(done) if as_json else _as_text(done))


@serve.command()
def grant(
    role: Annotated[str, typer.Option(help="The group role; made where it does not exist.")],
    cost_center: Annotated[
        list[str] | None, typer.Option(help="A cost centre whose rows it reads; repeatable, replaces what it read.")
    ] = None,
    everything: Annotated[bool, typer.Option("--everything", help="It reads all rows and tables, as finance.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which cost centres' rows a role reads.

    Its members see no row, value or name of another audience, but can learn from PostgreSQL how many rows each table
    has (EXPLAIN ANALYZE, the catalogue): see "What a login can learn" in docs/features/serving.md.
    """
    from finops.serving import service

    if everything and cost_center:
        raise BadInput("a role reads --everything or the rows of each --cost-center, not both")
    _show_grants(service.grant(Settings(), role, None if everything else cost_center or []), as_json)


@serve.command()
def revoke(role: Annotated[str, typer.Option(help="The group role.")], as_json: AsJson = False) -> None:
    """Take from a role all that it reads."""
    from finops.serving import service

    _show_grants(service.revoke(Settings(), role), as_json)


@serve.command()
def roles(as_json: AsJson = False) -> None:
    """List whose rows each role reads."""
    from finops.serving import service

    _show_grants(service.grants(Settings()), as_json)


def _as_json(done: ServedReport) -> str:
    changed = [*map(asdict, done.changes)]
    content = {"build_id": done.build_id, "schema": done.schema, "changed": changed, "unchanged": done.unchanged}
    return json.dumps({**content, "seconds": round(done.seconds, 3)}, indent=2)


def _as_text(done: ServedReport) -> str:
    lines = [f"  {each.table:<28} {each.billing_period} {_rows(each.row_count)}" for each in done.changes]
    summary = f"{len(done.changes)} changed, {done.unchanged} unchanged, {done.seconds:.1f} s"
    return "\n".join([f"Serving build {done.build_id} in schema {done.schema}: {summary}", *lines])


def _rows(count: int | None) -> str:
    return "removed" if count is None else f"{count:,} rows"


def _show_grants(found: list[Grant], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([*map(asdict, found)], indent=2, ensure_ascii=False))
        return
    for each in found:
        whose = "everything" if each.cost_centers is None else ", ".join(map(repr, each.cost_centers))
        typer.echo(f"  {each.role:<28} {whose}")
