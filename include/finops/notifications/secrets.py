"""Where a channel's secret is found: what the caller was given for its connection, its file, or the settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from finops.core.errors import BadInput
from finops.core.redaction import know_secrets
from finops.core.settings import Settings
from finops.notifications.models import Broken
from finops.policy.channels import AnyChannel

Connections = Callable[[AnyChannel], Any]
"""Returns, for a channel that names a connection, its secret or its mail server."""


def secret_of(settings: Settings, channel: AnyChannel, connections: Connections) -> str:
    """Return a channel's secret, which no log will show. Raise Broken when there is none."""
    try:
        found = _found(settings, channel, connections)
    except BadInput as error:
        raise Broken(str(error)) from None
    if not found:
        raise Broken(
            f"it has no secret: name a connection or a secret_file in channels.yml, or set {channel.name!r} in "
            "FINOPS_CHANNEL_SECRETS"
        )
    know_secrets([found])
    return found


def _found(settings: Settings, channel: AnyChannel, connections: Connections) -> str:
    if channel.connection:
        given = connections(channel)
        if not isinstance(given, SecretStr):
            raise Broken(f"its secret is in the Airflow Connection {channel.connection}, which only Airflow can read")
        return given.get_secret_value().strip()
    if channel.secret_file:
        try:
            return Path(channel.secret_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise Broken(f"its secret_file cannot be read ({type(error).__name__}); correct channels.yml") from None
    return _of_settings(settings).get(channel.name, "").strip()


def _of_settings(settings: Settings) -> dict[str, str]:
    if settings.channel_secrets is None:
        return {}
    try:
        found = json.loads(settings.channel_secrets.get_secret_value())
        secrets = {str(name): str(secret) for name, secret in found.items()}
    except (ValueError, AttributeError):
        raise Broken('FINOPS_CHANNEL_SECRETS must be JSON such as {"channel": "secret"}') from None
    know_secrets(secrets.values())
    return secrets
