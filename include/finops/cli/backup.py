"""``finops backup`` and ``finops restore``: what cannot be made again from the bills, kept and put back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, progress_bar
from finops.core.settings import Settings


@app.command()
def backup(
    out: Annotated[Path, typer.Option(help="Folder of the backups; each is a folder in it, with its time as name.")],
    as_json: AsJson = False,
) -> None:
    """Write the state store, closed months, history and the published version into a new backup."""
    from finops.recovery import service

    with progress_bar() as progress:
        made = service.write_backup(Settings(), out, progress)
    if as_json:
        figures = {"files": made.files, "linked": made.linked, "bytes": made.byte_count}
        typer.echo(json.dumps({"path": str(made.path), **figures}, indent=2))
        return
    typer.echo(f"Wrote {made.path}: {made.files:,} files, {made.linked:,} of them unchanged and linked")


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="The backup, as `finops backup` wrote it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Verify backup and home; write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Verify a backup and put it back into a home whose state store is empty."""
    from finops.recovery import service

    with progress_bar() as progress:
        done = service.restore(Settings(), folder, progress, dry_run=dry_run)
    if as_json:
        figures = {"files": done.files, "rows": done.rows, "missing": list(done.missing)}
        typer.echo(json.dumps({"dry_run": dry_run, **figures}, indent=2))
        return
    if dry_run:
        typer.echo(f"{folder} is whole: {done.files:,} files; it can be restored")
        return
    typer.echo(f"Restored {done.files:,} files and {done.rows:,} rows of the state store")
    if done.missing:
        typer.echo(
            f"{len(done.missing):,} landed files are missing, the first {done.missing[0]}: copy the landing folder back"
        )
