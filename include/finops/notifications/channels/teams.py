"""Microsoft Teams, by a workflow: it has no key, so a message whose answer was lost may be there twice.

The card has text from bills in runs of a ``RichTextBlock``, which know no Markdown (adaptivecards.io, TextRun); a
``TextBlock`` and a ``FactSet`` do. It names no entities, so nobody is mentioned.
"""

from __future__ import annotations

from typing import Any

from finops.core.events import Event, Severity
from finops.core.settings import Settings
from finops.notifications import http, limits, wording
from finops.notifications.models import Message

_COLOURS = {Severity.INFO: "Default", Severity.WARNING: "Warning", Severity.CRITICAL: "Attention"}
_ROOM = 24 * 1024
"""Bytes of a card; the flow adds some of its own."""
_EVENTS = 12
_BUTTONS = 5


def send(settings: Settings, url: str, payload: dict[str, Any]) -> None:
    """Post a message to a workflow."""
    body = limits.as_bytes(payload)
    limits.check_size(body, limits.TEAMS_BYTES, "Teams")
    http.post(settings, url, body, {"Content-Type": "application/json"})


def compose(message: Message) -> dict[str, Any]:
    """Return the message as an Adaptive Card."""
    head = _block([_run(limits.cut(wording.headline(message), 300), weight="Bolder", size="Medium")])
    head["inlines"][0]["color"] = _COLOURS[message.severity]
    body, left = [head], len(message.events)
    notes = [_block([_run(each, isSubtle=True)]) for each in message.notes]
    for event in message.events[:_EVENTS]:
        found = _of_event(event, titled=len(message.events) > 1)
        if len(limits.as_bytes([*body, *found, *notes])) > _ROOM:
            break
        body += found
        left -= 1
    if left:
        body.append(_block([_run(f"{left} more: finops notify status has them.")]))
    buttons = [
        {"type": "Action.OpenUrl", "title": label, "url": url}
        for event in message.events
        for label, url in wording.links_of(event)
        if len(url) <= 500
    ]
    payload = _card([*body, *notes], buttons[:_BUTTONS])
    limits.check_size(limits.as_bytes(payload), limits.TEAMS_BYTES, "Teams")
    return payload


def simple(message: Message) -> dict[str, Any]:
    """Return the message as one text."""
    return _card([_block([_run(limits.cut(wording.plain(message), 4000))])], [])


def _of_event(event: Event, *, titled: bool) -> list[dict[str, Any]]:
    blocks = [_block([_run(wording.title_of(event), weight="Bolder")])] if titled else []
    if wording.text_of(event):
        blocks.append(_block([_run(limits.cut(wording.text_of(event), 3000))]))
    blocks += [
        _block([_run(f"{name}: ", weight="Bolder"), _run(value)]) for name, value in wording.facts_of(event)[:20]
    ]
    if event.next_steps:
        steps = "\n".join(f"• {each}" for each in wording.steps_of(event))
        blocks.append(_block([_run(limits.cut(f"What to do:\n{steps}", 2000))]))
    places = [f"{label}: {path}" for label, path in wording.places_of(event)[:5]]
    foot = " · ".join([*places, f"Key: {wording.key_of(event)}"])
    return [*blocks, _block([_run(limits.cut(foot, 1000), isSubtle=True, size="Small")])]


def _block(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": runs}


def _run(text: str, **options: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **options}


def _card(body: list[dict[str, Any]], actions: list[dict[str, Any]]) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        **({"actions": actions} if actions else {}),
    }
    attached = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attached]}
