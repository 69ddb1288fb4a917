"""What gets installed is locked, and the lock is what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = [
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-uv.txt",
    "requirements-conformance.txt",
    "requirements-converter.txt",
    "requirements-mlflow.txt",
]


def locked(name: str) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for line in re.findall(r"^(\S+)==([^\s;\\]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE):
        package = canonicalize_name(line[0].partition("[")[0])
        versions.setdefault(package, set()).add(line[1])
    return versions


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_carries_hashes(name):
    blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8"))
    without = [block.split()[0] for block in blocks if "==" in block.split("\n")[0] and "--hash=sha256:" not in block]
    assert without == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_registry(name):
    # A lock that names a host works only where that host is.
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"--(extra-)?index-url|--find-links| @ http", text)


def test_every_dependency_has_a_lower_bound_and_a_locked_version_within_its_bounds():
    versions = locked("requirements.txt")
    for text in PROJECT["dependencies"]:
        requirement = Requirement(text)
        assert any(s.operator in {">=", "=="} for s in requirement.specifier), f"{text} has no lower bound"
        for version in versions[canonicalize_name(requirement.name)]:
            assert requirement.specifier.contains(version), f"{text} is locked at {version}"


def test_development_runs_on_what_production_runs_on():
    development = locked("requirements-dev.txt")
    for package, versions in locked("requirements.txt").items():
        assert versions == development[package]


def test_the_production_lock_installs_by_the_pip_that_python_brings_along():
    # pip before 23.3 looks for `name` when something needs it, though `name[extra]` is locked.
    names = re.findall(r"^([\w.-]+)(\[\S+\])?==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    with_extras = {name for name, extra in names if extra}
    assert with_extras
    assert with_extras <= {name for name, extra in names if not extra}
