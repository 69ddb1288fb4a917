"""``finops config``: check the configuration, and list the settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.policy.check import Checked
    from finops.policy.sources import ConfiguredSource

config = typer.Typer(help="Check the configuration, and list the settings.", no_args_is_help=True)
app.add_typer(config, name="config")


@config.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    connect: Annotated[bool, typer.Option("--connect/--no-connect", help="Try to reach the sources.")] = True,
) -> None:
    """Check every configuration file, and try the sources; exit 2 for an invalid file, 1 for a source out of reach."""
    from finops.policy import check as policy

    settings = Settings()
    found = policy.check(settings)
    tried = [_try(each) for each in found.sources] if connect else []
    if as_json:
        typer.echo(json.dumps(_as_json(settings, found, tried), indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(_as_text(settings, found, tried)))
    if not found.is_valid:
        raise typer.Exit(2)
    if any(each["state"] == "out of reach" for each in tried):
        raise typer.Exit(1)


@config.command()
def settings() -> None:
    """List every FINOPS_ variable with its default and meaning, as docs/settings.md has it."""
    typer.echo(settings_page(), nl=False)


def settings_page() -> str:
    """Return the page of the settings, from the class that reads them."""
    lines = [
        "# Settings",
        "",
        "The platform reads these environment variables and no others. An empty one counts as not set. `finops config "
        "settings` writes this page.",
        "",
        "| variable | default | meaning |",
        "| --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        default = "the checkout" if name == "project_dir" else "none" if field.default is None else f"`{field.default}`"
        lines.append(f"| `FINOPS_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _try(source: ConfiguredSource) -> dict[str, Any]:
    """Say whether a source can be reached with this machine's own credentials."""
    from finops.pipelines.doctor import State, of_source

    found = of_source(source)
    words = {State.OK: "reachable", State.FAULT: "out of reach", State.NOT_TRIED: "not tried"}
    return {"source": source.name, "uri": source.uri, "state": words[found.state], "reason": found.text or None}


def _as_json(settings: Settings, found: Checked, tried: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "folder": str(Path(settings.configuration_dir).absolute()),
        "is_valid": found.is_valid,
        "files": [{"file": each.name, "is_valid": each.fault is None, "fault": each.fault} for each in found.files],
        "warnings": list(found.warnings),
        "sources": tried,
    }


def _as_text(settings: Settings, found: Checked, tried: list[dict[str, Any]]) -> list[str]:
    lines = [f"Configuration in {settings.configuration_dir}"]
    lines += [f"  {each.name:<17} {'invalid: ' + each.fault if each.fault else 'valid'}" for each in found.files]
    lines += [f"warning: {each}" for each in found.warnings]
    for each in tried:
        lines.append(f"source {each['source']}: {each['state']}" + (f" ({each['reason']})" if each["reason"] else ""))
    return lines
