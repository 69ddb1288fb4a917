"""What snippets of Terraform and YAML are made of: blocks, quoted texts, names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


def to_yaml(content: Mapping[str, Any]) -> str:
    """Return YAML, its keys in their order."""
    import yaml

    return yaml.safe_dump(content, sort_keys=False)


def block(head: str, lines: list[str]) -> str:
    """Return a block of HCL."""
    return "\n".join([f"{head} {{", *(f"  {line}" for line in "\n".join(lines).split("\n")), "}", ""])


def quoted(text: str) -> str:
    """Return a text of HCL; what would be a template in it is not."""
    return json.dumps(str(text), ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def last(resource_id: str) -> str:
    """Return the name at the end of an ARN or a path."""
    return re.split(r"[/:]", resource_id)[-1] or resource_id


def label(row: Mapping[str, Any]) -> str:
    """Return how Terraform calls the resource of a finding."""
    return re.sub(r"[^a-z0-9_]", "_", f"r_{last(row['resource_id'])}".lower())


def slug(text: str) -> str:
    """Return a name that is safe in paths and in Kubernetes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[-60:].strip("-") or "unnamed"
