"""What the actions on AWS have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from finops.rightsizing.actions.base import CloudAction, with_parameters

__all__ = ["AwsAction", "tag_list", "tags_of", "with_parameters"]


class AwsAction(CloudAction):
    """An action on AWS."""

    provider: str = "aws"


def tags_of(pairs: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Return AWS's list of pairs as a mapping."""
    return {str(pair["Key"]): str(pair.get("Value", "")) for pair in pairs or ()}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a mapping as AWS's list of pairs."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
