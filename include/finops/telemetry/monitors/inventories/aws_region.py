"""A region of an account of AWS: its clients, the ARNs of what is in it, and what was found in it so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from finops.core.errors import Unavailable

MOST_PAGES = 100_000
"""Of one listing."""

READ_FILE = "aws/read.json"
"""Of ``deploy/permissions``: what gives all that is asked."""


@dataclass(frozen=True, slots=True)
class Account:
    """Number and partition, ``aws`` or ``aws-cn``."""

    id: str
    partition: str


@dataclass(slots=True)
class AwsRegion:
    """``groups`` are the ARNs of scaling groups by name, ``volumes`` ids; None where they were not listed."""

    name: str
    client: Callable[[str], Any]
    account: Callable[[], Account]
    groups: dict[str, str] = field(default_factory=dict)
    volumes: set[str] | None = None

    def arn(self, what: str) -> str:
        """Return the ARN of a thing of EC2, as bills name it: ``snapshot/snap-0a1``."""
        account = self.account()
        return f"arn:{account.partition}:ec2:{self.name}:{account.id}:{what}"

    def columns(self) -> dict[str, str]:
        """Return the columns that all resources of the region have."""
        return {"account_id": self.account().id, "region": self.name}


def listed(client: Any, method: str, path: Sequence[str], **request: Any) -> Iterator[dict[str, Any]]:
    """Yield what all pages of a listing have under ``path``; botocore itself raises where pages repeat."""
    for number, page in enumerate(client.get_paginator(method).paginate(**request)):
        if number > MOST_PAGES:
            raise Unavailable(f"{method} does not end; the next run asks again")
        found = page.get(path[0]) or ()
        for name in path[1:]:
            found = [each for thing in found for each in thing.get(name) or ()]
        yield from found


def tags_of(pairs: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """Return tags by key."""
    return {each["Key"]: each.get("Value", "") for each in pairs or ()}
