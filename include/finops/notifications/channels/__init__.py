"""Channels: how each kind spells a message, and how it is sent.

A module has ``compose(message)``, which spells it with all that the channel can show, ``simple(message)``, the same as
plain text, and ``send(...)``. What a vendor keeps by itself from arriving twice is in its first line.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from finops.core.redaction import redact
from finops.notifications.models import Message

logger = logging.getLogger(__name__)
Spelt = TypeVar("Spelt")


def spelt(
    message: Message, compose: Callable[[Message], Spelt], simple: Callable[[Message], Spelt], channel: str
) -> Spelt:
    """Return a message as its template spells it, or as plain text when that fails: better told plainly than not."""
    try:
        return compose(message)
    except Exception as error:
        logger.error(
            "the template of channel %s failed, so plain text goes out: %s",
            channel,
            redact(f"{type(error).__name__}: {error}"),
        )
        return simple(message)
