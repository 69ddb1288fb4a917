"""No module imports itself, however indirectly: imports for type checkers and inside functions count as well."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = (ROOT / "include" / "finops", ROOT / "plugins" / "finops_airflow")
Graph = dict[str, set[str]]


def modules_of(package: Path) -> dict[str, Path]:
    """Return the modules below a package by their dotted names; a package's is that of its ``__init__``."""
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(name: str, path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules that a file imports anywhere, and the packages that Python runs on the way there."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            base = ".".join(filter(None, (above, node.module)))
            # A name is a module, or something of the package itself.
            targets = [own if (own := f"{base}.{alias.name}") in modules else base for alias in node.names]
        for target in targets:
            parts = target.split(".")
            for length in range(1, len(parts) + 1):
                parent = ".".join(parts[:length])
                # A module's own packages are running while it is imported: importing them again is no circle.
                if (
                    parent in modules
                    and parent != name
                    and (parent == target or not f"{name}.".startswith(f"{parent}."))
                ):
                    yield parent


def graph_of(modules: Mapping[str, Path]) -> Graph:
    """Return what each module imports."""
    return {name: set(imports_of(name, path, modules)) for name, path in modules.items()}


def circles_of(graph: Graph) -> list[list[str]]:
    """Return one circle of imports, from a module back to itself, for each group of modules that import each other."""
    reachable: Graph = {}
    for name in graph:
        seen: set[str] = set()
        waiting = list(graph[name])
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                waiting += graph.get(each, ())
        reachable[name] = seen
    groups = {frozenset(b for b in reachable[a] if a in reachable[b]) for a in graph if a in reachable[a]}
    return [shortest(graph, min(group)) for group in sorted(groups, key=min)]


def shortest(graph: Graph, start: str) -> list[str]:
    """Return the shortest way from a module back to itself."""
    ways = [[start]]
    seen: set[str] = set()
    for way in ways:
        for each in sorted(graph[way[-1]]):
            if each == start:
                return [*way, start]
            if each not in seen:
                seen.add(each)
                ways.append([*way, each])
    raise AssertionError(f"{start} is in no circle")


def test_no_module_imports_itself_however_indirectly() -> None:
    modules = {name: path for package in PACKAGES for name, path in modules_of(package).items()}
    assert len(modules) > 200
    found = circles_of(graph_of(modules))
    assert not found, "import circles:\n" + "\n".join(" → ".join(circle) for circle in found)


@pytest.mark.parametrize(
    ("files", "circle"),
    [
        ({"a": "import p.b", "b": "from p import c", "c": ""}, []),
        ({"a": "from p.b import x", "b": "from p import a"}, ["p.a", "p.b", "p.a"]),
        (
            {"a": "if TYPE_CHECKING:\n    from p.b import T", "b": "def f():\n    from . import a"},
            ["p.a", "p.b", "p.a"],
        ),
        ({"__init__": "from p.a import x", "a": "from p import x"}, ["p", "p.a", "p"]),
        ({"__init__": "from p.a import x", "a": "import json", "b": "from p.a import x"}, []),
    ],
)
def test_the_walk_finds_circles_of_every_kind_of_import(
    tmp_path: Path, files: dict[str, str], circle: list[str]
) -> None:
    (tmp_path / "p").mkdir()
    for name, text in {"__init__": "", **files}.items():
        (tmp_path / "p" / f"{name}.py").write_text(text)
    assert circles_of(graph_of(modules_of(tmp_path / "p"))) == ([circle] if circle else [])
