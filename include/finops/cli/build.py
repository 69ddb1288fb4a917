"""``finops build``: what has landed, through dbt and the gate, to a published version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.cli.status import held_back_as_json
from finops.cli.terminal import OneProvider, as_json_of, show_progress
from finops.core.errors import FinopsError
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.pipelines.marts import PublishedBuild
    from finops.stores.state.held_back import HeldBack


@app.command()
def build(
    billing_period: Annotated[
        list[str] | None,
        typer.Option(
            help="A month to build even if nothing has changed, as YYYY-MM; repeatable. Default: all pending."
        ),
    ] = None,
    provider: OneProvider = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try what is held back again too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the build as JSON.")] = False,
) -> None:
    """Build pending months with dbt, check them, and publish those that pass; name those that are held back.

    Exit status: 0 everything is published, 1 something is held back or refused.
    """
    from finops.pipelines import marts

    settings = Settings()
    periods = [BillingPeriod.parse(text) for text in billing_period] if billing_period else None
    try:
        done = marts.run(settings, periods, show_progress, provider=provider, retry=retry)
    except FinopsError:
        show_progress("", 0, 0)
        _show_held_back(marts.held_back(settings, periods, provider), err=True)
        raise
    show_progress("", 0, 0)
    held = marts.held_back(settings, periods, provider)
    found: dict[str, Any] = {"build_id": None, "built": []} if done is None else _as_json(done)
    if as_json:
        typer.echo(json.dumps({**found, "held_back": list(map(held_back_as_json, held))}, indent=2))
    else:
        _show(found, "Nothing else to do." if held else "Nothing to do: all that landed is built.")
        _show_held_back(held)
    if held:
        raise typer.Exit(1)


def _as_json(done: PublishedBuild) -> dict[str, Any]:
    return {
        "build_id": done.candidate.build_id,
        "built": [as_json_of(each, "provider", "billing_period") for each in done.built],
        "path": str(done.publication.path),
        "warnings": list(done.verdict.warnings),
        "outdated": done.publication.resolved_otherwise(done.candidate.tag_policy),
    }


def _show(found: dict[str, Any], nothing: str) -> None:
    if found["build_id"] is None:
        typer.echo(nothing)
        return
    for each in found["built"]:
        typer.echo(f"Built {each['provider']:<6} {each['billing_period']}")
    typer.echo(f"Published build {found['build_id']} in {found['path']}")
    if found["outdated"]:
        months = ", ".join(found["outdated"])
        typer.echo(f"Tags resolved by an older policy: {months} (name the month to resolve it again)")


def _show_held_back(held: list[HeldBack], *, err: bool = False) -> None:
    from finops.pipelines import marts

    for each in held:
        typer.echo(f"Held back: {marts.describe(each)}", err=err)
