"""How to log in to an HTTP API of no cloud."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class HttpLogin:
    """A user with a password, or a bearer token."""

    user: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None
