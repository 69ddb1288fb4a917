"""A configuration to start from: every file, commented, without anybody's company in it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from finops.core.atomic import write_whole
from finops.core.errors import BadInput


def templates() -> dict[str, str]:
    """Return the files by name."""
    folder = files("finops.policy") / "templates"
    found = {each.name: each.read_text(encoding="utf-8") for each in folder.iterdir() if each.name.endswith(".yml")}
    return dict(sorted(found.items()))


def write(folder: Path) -> list[Path]:
    """Write the files into a folder, which is made where it does not exist; return them.

    Raise BadInput, with nothing written, when the folder has one of them already.
    """
    texts = templates()
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is no folder")
    if present := [name for name in texts if (folder / name).exists()]:
        raise BadInput(f"{folder} has {', '.join(present)} already; name another folder (nothing was written)")
    for name, text in texts.items():
        write_whole(folder / name, text)
    return [folder / name for name in texts]
