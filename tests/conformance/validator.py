"""Run the official validator, which lives in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.conformance.allowed import breaches
from tests.conformance.verdict import Verdict, judge, parse

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv-conformance"


def is_there() -> bool:
    """Whether the environment has been made (``make conformance`` makes it)."""
    return (ENVIRONMENT / ".ready").exists()


def validate(parquet: Path) -> Verdict:
    """Return the validator's word on a Parquet file. Raise Unreadable when it breaks off."""
    command = [
        str(ENVIRONMENT / "bin" / "focus-validator"),
        *("--data-file", str(parquet.resolve())),
        *("--validate-version", "1.2", "--block-download"),
        # Without it three quarters of the rules are skipped.
        *("--applicability-criteria", "ALL", "--show-violations"),
    ]
    # It opens its rules relative to where it is installed.
    done = subprocess.run(command, cwd=_site_packages(), capture_output=True, text=True, check=False)
    return judge(parse(done.stdout + done.stderr), parents(), breaches(parquet))


@cache
def parents() -> dict[str, list[str]]:
    """Return, by rule, the rules made of it: the requirements model that the validator itself reads."""
    (model,) = (_site_packages() / "focus_validator" / "rules").glob("model-1.2*.json")
    rules = json.loads(model.read_text(encoding="utf-8"))["ModelRules"]
    found: dict[str, list[str]] = defaultdict(list)
    for rule, content in rules.items():
        for part in _parts(content["ValidationCriteria"]["Requirement"]):
            found[part].append(rule)
    return dict(found)


def _parts(requirement: dict[str, Any]) -> Iterator[str]:
    if requirement.get("CheckFunction") == "CheckModelRule":
        yield requirement["ModelRuleId"]
    for item in requirement.get("Items", ()):
        yield from _parts(item)


@cache
def _site_packages() -> Path:
    (found,) = (ENVIRONMENT / "lib").glob("python3.*/site-packages")
    return found
