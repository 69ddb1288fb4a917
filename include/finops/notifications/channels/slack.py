"""Slack, by an incoming webhook: it has no key, so a message whose answer was lost may be there twice.

Text from bills stands in ``plain_text``, where Slack reads no formatting, and ``&<>`` are escaped everywhere
(docs.slack.dev/messaging/formatting-message-text), so that ``<!channel>`` calls nobody.
"""

from __future__ import annotations

import json
from typing import Any

from finops.core.events import Event
from finops.core.settings import Settings
from finops.notifications import http, limits, wording
from finops.notifications.models import Message

_EVENTS = 12
_ROOM = 12_000
"""Characters of all blocks; what does not fit is counted, and ``finops notify status`` has it."""


def send(settings: Settings, url: str, payload: dict[str, Any]) -> None:
    """Post a message to a webhook."""
    http.post(settings, url, limits.as_bytes(payload), {"Content-Type": "application/json"})


def compose(message: Message) -> dict[str, Any]:
    """Return the message as blocks. Raise Refused when it does not fit, which is a fault here."""
    title = limits.cut(wording.headline(message), limits.SLACK_HEADER, escaped)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(title)}]
    left = len(message.events)
    notes = [{"type": "section", "text": _text(each)} for each in message.notes]
    for event in message.events[:_EVENTS]:
        found = _of_event(event, titled=len(message.events) > 1)
        # One for what is left out.
        is_full = len(blocks) + len(found) + len(notes) + 1 > limits.SLACK_BLOCKS
        if is_full or _size([*blocks, *found, *notes]) > _ROOM:
            break
        blocks += found
        left -= 1
    if left:
        blocks.append({"type": "section", "text": _text(f"{left} more: `finops notify status` has them.")})
    payload = {"text": limits.cut(wording.headline(message), 300, escaped), "blocks": [*blocks, *notes]}
    limits.check_slack(payload)
    return {**payload, "unfurl_links": False, "unfurl_media": False}


def simple(message: Message) -> dict[str, Any]:
    """Return the message as one text."""
    return {"text": limits.cut(wording.plain(message), limits.SLACK_TEXT, escaped)}


def escaped(text: str) -> str:
    """Return a text in which Slack finds no control character of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _of_event(event: Event, *, titled: bool) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [{"type": "divider"}] if titled else []
    words = [wording.title_of(event)] if titled else []
    words += [wording.text_of(event)] if wording.text_of(event) else []
    if words:
        blocks.append({"type": "section", "text": _text("\n".join(words))})
    facts = [_plain(limits.cut(f"{name}: {value}", 600, escaped)) for name, value in wording.facts_of(event)]
    blocks += [
        {"type": "section", "fields": facts[at : at + limits.SLACK_FIELDS]}
        for at in range(0, min(len(facts), 2 * limits.SLACK_FIELDS), limits.SLACK_FIELDS)
    ]
    if event.next_steps:
        steps = "\n".join(f"• {each}" for each in wording.steps_of(event))
        blocks.append({"type": "section", "text": _text(f"What to do:\n{steps}")})
    links = " · ".join(f"<{escaped(url)}|{escaped(label)}>" for label, url in wording.links_of(event)[:5])
    if links and len(links) <= limits.SLACK_TEXT:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": links, "verbatim": True}})
    places = [f"{label}: {path}" for label, path in wording.places_of(event)[:5]]
    foot = " · ".join([*places, f"Key: {wording.key_of(event)}"])
    return [*blocks, {"type": "context", "elements": [_plain(limits.cut(foot, 1500, escaped))]}]


def _text(text: str) -> dict[str, Any]:
    return _plain(limits.cut(text, limits.SLACK_TEXT, escaped))


def _plain(spelt: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": spelt, "emoji": False}


def _size(blocks: list[dict[str, Any]]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False))
