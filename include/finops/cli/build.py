"""``finops build``: what has landed, through dbt and the gate, to a published version."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from finops.cli import app
from finops.cli.terminal import show_progress
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings


@app.command()
def build(
    billing_period: Annotated[
        list[str] | None,
        typer.Option(
            help="A month to build even if nothing has changed, as YYYY-MM; repeatable. Default: all pending."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the build as JSON.")] = False,
) -> None:
    """Build pending months with dbt, check them, and publish them when the gate passes."""
    from finops.pipelines import marts

    periods = [BillingPeriod.parse(text) for text in billing_period] if billing_period else None
    done = marts.run(Settings(), periods, show_progress)
    show_progress("", 0, 0)
    if done is None:
        nothing = json.dumps({"build_id": None, "built": []})
        typer.echo(nothing if as_json else "Nothing to do: all that landed is built.")
        return
    candidate, publication = done.candidate, done.publication
    outdated = publication.resolved_otherwise(candidate.tag_policy)
    built = [{"provider": each.provider.value, "billing_period": str(each.billing_period)} for each in candidate.scope]
    if as_json:
        found = {"build_id": candidate.build_id, "built": built, "path": str(publication.path)}
        typer.echo(json.dumps({**found, "warnings": list(done.verdict.warnings), "outdated": outdated}, indent=2))
        return
    for each in built:
        typer.echo(f"Built {each['provider']:<6} {each['billing_period']}")
    typer.echo(f"Published build {candidate.build_id} in {publication.path}")
    if outdated:
        typer.echo(f"Tags resolved by an older policy: {', '.join(outdated)} (name the month to resolve it again)")
