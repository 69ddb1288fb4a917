"""Configurations to measure tags and allocation with: one without either, and one of a large company."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from finops.core.settings import Settings

COST_CENTERS, POOLS = 200, 20
_LETTERS = "abcdefghijklmn"


def write_without(folder: Path) -> Path:
    """Write a policy of one key that nobody must have, without rules or pools; return the folder."""
    _write(folder, "tag_policy.yml", {"keys": [{"name": "cost-center", "dimension": "cost_center", "required": False}]})
    return folder


def write_large(folder: Path) -> Path:
    """Write the project's own policy, with rules that make 200 cost centres, of which 20 pools share out 20."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(Settings().configuration_dir / "tag_policy.yml", folder)
    _write(folder, "virtual_tags.yml", {"rules": [_rule(number) for number in range(COST_CENTERS)]})
    _write(folder, "allocation.yml", {"pools": [_pool(number) for number in range(POOLS)]})
    return folder


def _rule(number: int) -> dict[str, object]:
    """Give a cost centre to the runs of one experiment by those whose name begins with one letter."""
    experiment, letter = number // len(_LETTERS), _LETTERS[number % len(_LETTERS)]
    tags = {"experiment-id": [f"exp-{experiment + 1:04}"], "owner": [f"{letter}*"]}
    return {
        "id": f"team-{number}",
        "set": {"cost-center": f"cc-{2000 + number}"},
        "when": {"tags": tags},
        "overrides": "always",
    }


def _pool(number: int) -> dict[str, object]:
    methods = [{"method": "proportional"}, {"method": "even"}]
    return {
        "id": f"pool-{number}",
        "version": 1,
        "description": "Shared out",
        "select": {"cost_center": f"cc-{2000 + number}"},
        "split": methods[number % 2],
        "if_empty": "warn",
        "if_indivisible": "warn",
    }


def _write(folder: Path, name: str, content: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # JSON is YAML.
    (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")
