"""How one logs in to a cloud's own interface, for clients that are built where they are used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CloudLogin:
    """A boto3 session, or a credential of azure-identity or google-auth; and an address, if not the cloud's own."""

    credential: Any = field(default=None, repr=False)
    endpoint: str | None = None
