"""PagerDuty, by Events API v2: its ``dedup_key`` makes every repeat the same alert, so nothing is there twice."""

from __future__ import annotations

from typing import Any

from finops.core.events import Event
from finops.core.settings import Settings
from finops.notifications import http, limits, wording
from finops.notifications.models import Message, one_line
from finops.stores.state.outbox import kept_key


def send(settings: Settings, url: str, routing_key: str, payload: dict[str, Any]) -> None:
    """Send an event to the service that a key is of."""
    body = limits.as_bytes({**payload, "routing_key": routing_key})
    http.post(settings, url, body, {"Content-Type": "application/json"})


def compose(message: Message) -> dict[str, Any]:
    """Return the alert of an event, or the end of the alert that it resolves, without the key of the service."""
    (event,) = message.events
    if event.resolves:
        payload = _resolve(event)
    else:
        details = {name: value for name, value in wording.facts_of(event)}
        details |= {"What happened": wording.text_of(event)} if event.text else {}
        details |= {f"What to do {n}": step for n, step in enumerate(wording.steps_of(event), 1)}
        details |= dict(wording.places_of(event))
        details |= {"Note": " ".join(message.notes)} if message.notes else {}
        payload = _trigger(message, event, details)
        payload["links"] = [{"href": url, "text": label} for label, url in wording.links_of(event)[:20]]
    limits.check_pagerduty(payload)
    return payload


def simple(message: Message) -> dict[str, Any]:
    """Return the same with nothing but its text."""
    (event,) = message.events
    if event.resolves:
        return _resolve(event)
    return _trigger(message, event, {"text": limits.cut(wording.plain(message), 10_000)})


def _resolve(event: Event) -> dict[str, Any]:
    return {"event_action": "resolve", "dedup_key": kept_key(event.resolves)}


def _trigger(message: Message, event: Event, details: dict[str, str]) -> dict[str, Any]:
    summary = f"{message.remark} {event.title}" if message.remark else event.title
    return {
        "event_action": "trigger",
        "dedup_key": kept_key(event.key),
        "payload": {
            "summary": limits.cut(
                wording.uncalled(one_line(summary, limits.PAGERDUTY_SUMMARY)), limits.PAGERDUTY_SUMMARY
            )
            or event.kind,
            "severity": str(event.severity),
            "source": "finops",
            "timestamp": message.created_at.isoformat(),
            "component": event.owner[:250] or "company",
            "class": event.kind,
            **({"group": event.group[:250]} if event.group else {}),
            "custom_details": details,
        },
        "client": "finops",
    }
