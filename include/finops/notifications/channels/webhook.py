"""A signed webhook: ``webhook-id`` is the same at every attempt, so a receiver that keeps it takes a message once.

Headers and signature are those of Standard Webhooks (standardwebhooks.com), for which every language has a library:
HMAC-SHA256 of ``id.timestamp.body``. A receiver refuses a timestamp that is older than a few minutes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from typing import Any

from finops.core.events import Event
from finops.core.settings import Settings
from finops.notifications import http, limits, wording
from finops.notifications.models import Broken, Message

_PREFIX = "whsec_"


def send(settings: Settings, url: str, secret: str, message_id: str, payload: dict[str, Any]) -> None:
    """Post a message, signed at this moment."""
    body = limits.as_bytes(payload)
    limits.check_size(body, limits.WEBHOOK_BYTES, "a webhook")
    at = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": message_id,
        "webhook-id": message_id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{signature(secret, message_id, at, body)}",
    }
    http.post(settings, url, body, headers)


def signature(secret: str, message_id: str, at: str, body: bytes) -> str:
    """Return the signature of a body. A secret that begins with ``whsec_`` is base64 after it."""
    try:
        key = base64.b64decode(secret[len(_PREFIX) :], validate=True) if secret.startswith(_PREFIX) else secret.encode()
    except binascii.Error:
        raise Broken("its secret begins with whsec_ and is no base64 after it; correct it") from None
    signed = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()


def compose(message: Message) -> dict[str, Any]:
    """Return the message as JSON, each event with its parts by name."""
    events = [_of_event(event) for event in message.events]
    return {**_head(message), "notes": list(message.notes), "events": events}


def simple(message: Message) -> dict[str, Any]:
    """Return the message as one text."""
    return _head(message)


def _head(message: Message) -> dict[str, Any]:
    return {
        "id": message.message_id,
        "type": "finops.notification",
        "timestamp": message.created_at.isoformat(),
        "severity": str(message.severity),
        "text": limits.cut(wording.plain(message), 20_000),
    }


def _of_event(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "key": event.key,
        "severity": str(event.severity),
        "title": wording.title_of(event),
        "text": wording.text_of(event),
        "facts": [{"name": name, "value": value} for name, value in wording.facts_of(event)],
        "owner": limits.cut(event.owner, 250),
        "links": [{"label": label, "address": url} for label, url in event.links[:20] if len(url) <= 2000],
        "next_steps": wording.steps_of(event),
        "resolves": event.resolves,
    }
