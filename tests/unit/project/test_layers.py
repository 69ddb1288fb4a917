"""The layers that import-linter holds are complete: no feature is left out of a contract."""

from __future__ import annotations

import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]


def test_every_feature_is_closed_to_airflow():
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    lower = next(place for place, row in enumerate(layers) if "policy" in row.split(" | "))
    upper = [name for row in layers[:lower] for name in row.split(" | ") if name != "pipelines"]
    closed = next(each for each in contracts if each.get("source_modules") == ["finops_airflow"])
    assert sorted(closed["forbidden_modules"]) == sorted(f"finops.{name}" for name in upper)


def test_nothing_is_ignored():
    assert "ignore_imports" not in (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
