"""YAML that remembers on which line everything stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from finops.core.errors import BadInput
from finops.core.text import shown

Place = tuple[str | int, ...]

_AS_WRITTEN = {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "timestamp")}
"""What stays the text it is: an account 012345670123 is no octal number, an amount 0.1 no binary double."""

_MOST_PLACES = 1_000_000
"""Anchors that hold anchors grow without end on a few lines."""


@dataclass(frozen=True)
class Located:
    """The content of a file, and the line of every key and list item by its path from the root."""

    path: Path
    content: Any
    lines: dict[Place, int]

    def known(self, place: Place) -> Place:
        """Return the steps of a place that the file has, without those that pydantic adds for members of a union."""
        known: Place = ()
        for step in place:
            if (*known, step) in self.lines:
                known = (*known, step)
        return known

    def where(self, place: Place) -> str:
        """Return ``file:line: key`` of a place; of one that is not in the file, its nearest parent's."""
        known = self.known(place)
        name = "".join(f"[{each + 1}]" if isinstance(each, int) else f".{each}" for each in known).lstrip(".")
        return f"{self.path}:{self.lines.get(known, 1)}: {name or 'the file'}"

    def error(self, place: Place, says: str) -> BadInput:
        """Return the error that names file, line and key."""
        return BadInput(f"{self.where(place)}: {says}")


def read(path: Path) -> Located:
    """Read a file. Raise BadInput, naming the line, when it is not YAML, or has a key twice."""
    try:
        if not path.is_file():
            raise BadInput(f"{path}: not readable (it is no file)")
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise BadInput(f"{path}: not readable ({' '.join(str(error).split())})") from None
    found = Located(path, None, {})
    try:
        node = loader.get_single_node()
        content = None if node is None else _convert(loader, node, (), found)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"{path}:{line}: no YAML: {error.problem}") from None
    except (ValueError, TypeError) as error:
        raise BadInput(f"{path}: holds a value that is none ({shown(str(error), 120)})") from None
    except RecursionError:
        raise BadInput(f"{path}: an anchor holds itself, or the file is nested too deeply") from None
    finally:
        loader.dispose()
    return Located(path, content, found.lines)


def _convert(loader: yaml.SafeLoader, node: yaml.Node, place: Place, found: Located) -> Any:
    if len(found.lines) > _MOST_PLACES:
        raise BadInput(f"{found.path}: has more than {_MOST_PLACES:,} keys and items once its anchors are written out")
    found.lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        return _mapping(loader, node, place, found)
    if isinstance(node, yaml.SequenceNode):
        return [_convert(loader, item, (*place, number), found) for number, item in enumerate(node.value)]
    if node.tag in _AS_WRITTEN:
        return node.value
    return loader.construct_object(node, deep=True)


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode, place: Place, found: Located) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(getattr(key_node, "value", key_node))
        if key in content:
            raise found.error((*place, key), f"stands here and again on line {key_node.start_mark.line + 1}")
        found.lines[*place, key] = key_node.start_mark.line + 1
        content[key] = _convert(loader, value_node, (*place, key), found)
    return content
