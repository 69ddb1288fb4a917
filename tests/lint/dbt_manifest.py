"""Rules of the dbt project that dbt itself does not hold: ``python -m tests.lint.dbt_manifest``.

Reads the manifest that ``dbt parse`` writes. Prints one line per broken rule and exits with 1 when there is any.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
MAY_READ = {
    "staging": set(),
    "intermediate": {"staging", "intermediate", "seeds"},
    "shared": {"staging", "intermediate", "shared", "focus", "seeds"},
    "focus": {"staging", "intermediate", "shared", "focus", "seeds"},
    "marts": {"shared", "focus", "marts"},
    "kpi": {"staging", "kpi", "seeds"},
    "kpi marts": {"kpi", "kpi marts"},
}
"""Layer by layer, what a model may refer to. Sources are for staging alone. KPIs are built apart: they read bills as
they are published (`staging/published`), and nothing of the bills' layers reads them."""

SHARED = {"tags", "costs", "allocation", "governance", "kpi"}
"""Folders of ``models/intermediate`` whose models marts may read. They are protected, those of a provider private."""

INEXACT = re.compile(r"/|\b(?:double|float\d?|real|sqrt|round)\b", re.IGNORECASE)
"""What makes a double of an amount. A division of decimals is one of doubles in DuckDB; `quotient` is exact."""

NO_CODE = re.compile(r"\{#.*?#\}|--[^\n]*|'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"", re.DOTALL)
"""Comments, texts and names, in which anything may stand."""

MACRO_FILES = 60
"""More macro files than this, and SQL hides behind them again."""


def parse(target: Path) -> dict[str, Any]:
    """Parse the project, into ``target`` and with no data at hand, and return its manifest."""
    from dbt.cli.main import dbtRunner

    os.environ.update(
        FINOPS_WAREHOUSE_DIR=str(target), FINOPS_MEMORY_LIMIT="800MB", FINOPS_THREADS="1", DO_NOT_TRACK="1"
    )
    folders = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target)]
    quiet = ["--log-path", str(target), "--log-level", "none", "--log-level-file", "none"]
    outcome = dbtRunner().invoke(["parse", *folders, *quiet, "--no-send-anonymous-usage-stats"])
    if not outcome.success:
        raise SystemExit(f"dbt cannot parse the project: {outcome.exception}")
    return dict(outcome.result.to_dict())


def broken_rules(manifest: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the manifest, one line each."""
    nodes = manifest["nodes"]
    for key, node in sorted(nodes.items()):
        if node["resource_type"] == "model":
            yield from (f"{node['original_file_path']}: {fault}" for fault in _faults(key, node, nodes))


def broken_macro_rules(macros: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the project's macros, the manifest's ``macros``, one line each."""
    own = sorted((m["original_file_path"], m["macro_sql"]) for m in macros.values() if m["package_name"] == "finops")
    files = {path for path, _ in own}
    if len(files) > MACRO_FILES:
        yield f"macros: {len(files)} files, and {MACRO_FILES} are the most"
    for path in sorted(files):
        if Path(path).parent.name == "macros":
            yield f"{path}: is in no folder of a subject"
    for path, sql in own:
        yield from (f"{path}: {fault}" for fault in _inexact(sql))
        if re.search(r"\bref\(", sql):
            yield f"{path}: calls ref(), so the model that calls the macro shows no lineage; pass the relation"
        if re.search(r"\bsource\(", sql) and Path(path).parent.name != "staging":
            yield f"{path}: calls source(); only macros of staging may"


def _faults(key: str, node: dict[str, Any], nodes: dict[str, Any]) -> Iterator[str]:
    layer = _layer(node)
    if layer not in MAY_READ:
        yield f"{layer} is no layer; the layers are {', '.join(MAY_READ)}"
        return
    yield from _wrong_reads(layer, node, nodes)
    is_mart = layer in ("marts", "kpi marts")
    if not is_mart:
        yield from _inexact(node["raw_code"])
    if not node["description"].startswith("One row per"):
        yield "its description does not begin with its grain, “One row per …”"
    is_public = node["config"].get("access") == "public"
    if is_public != (is_mart or node["name"] in ("fct_focus_costs", "fct_container_costs", "dim_tag_sets")):
        yield f"access {node['config'].get('access')} is not what its layer has"
    if is_public:
        yield from _undocumented(node)


def _wrong_reads(layer: str, node: dict[str, Any], nodes: dict[str, Any]) -> Iterator[str]:
    for parent in node["depends_on"]["nodes"]:
        if parent.startswith("source."):
            if layer != "staging":
                yield f"reads the source {parent.removeprefix('source.finops.')}; only staging may"
        elif _layer(nodes[parent]) not in MAY_READ[layer]:
            yield f"reads {nodes[parent]['name']}, which {layer} may not"


def _inexact(sql: str) -> Iterator[str]:
    for found in sorted({each.group().lower() for each in INEXACT.finditer(NO_CODE.sub(" ", sql))}):
        yield f"{found} makes a double of an amount; quotient() and portion() divide decimals"


def _undocumented(node: dict[str, Any]) -> Iterator[str]:
    if not node["config"]["contract"]["enforced"]:
        yield "is public and has no enforced contract"
    for name, column in node["columns"].items():
        if not column["description"]:
            yield f"column {name} has no description"


def _layer(node: dict[str, Any]) -> str:
    if node["resource_type"] == "seed":
        return "seeds"
    layer, folder = node["fqn"][1:3]
    if folder == "kpi" and layer != "staging":
        return "kpi marts" if layer == "marts" else "kpi"
    return "shared" if layer == "intermediate" and folder in SHARED else str(layer)


def main() -> None:
    """Check the project beside this file."""
    with tempfile.TemporaryDirectory() as target:
        manifest = parse(Path(target))
        faults = [*broken_rules(manifest), *broken_macro_rules(manifest["macros"])]
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
