"""``finops init``: a configuration of one's own to start from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from finops.cli import app

_NEXT = """Wrote {count} files to {folder}. Next:
  1. export FINOPS_CONFIG_DIR={quoted}
  2. say in sources.yml where your bills are
  3. say in tag_policy.yml which tag names who pays
  4. finops doctor
  5. finops ingest && finops build"""


@app.command()
def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the files; it may be new.")]) -> None:
    """Write a commented configuration to start from; overwrite nothing."""
    from finops.policy import start

    written = start.write(folder)
    whole = str(folder.absolute())
    typer.echo(_NEXT.format(count=len(written), folder=folder, quoted=shlex.quote(whole)))
