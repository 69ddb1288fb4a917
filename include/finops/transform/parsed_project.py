"""Point a parsed dbt project at a workspace, so that one parse serves all workspaces.

Parsing takes seconds. dbt keeps what it parsed for the same environment and parses again in another; so the project is
parsed for ``ANYWHERE``, and the paths in what was parsed are changed afterwards.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

ANYWHERE = "/finops-workspace"
"""The folder that the project is parsed for. It is not there."""


def point_at(manifest: Manifest, workspace: Path) -> None:
    """Change the paths of sources and of models that are files from ``ANYWHERE`` to the workspace."""

    def placed(text: str) -> str:
        return text.replace(ANYWHERE, str(workspace))

    for source in manifest.sources.values():
        if location := source.config.get("external_location"):
            source.config["external_location"] = placed(location)
        source.relation_name = placed(source.relation_name or "") or None
    for node in manifest.nodes.values():
        if location := node.config.get("location"):
            node.config["location"] = placed(location)
    # What models see of each other at run time is a copy.
    manifest.build_flat_graph()
