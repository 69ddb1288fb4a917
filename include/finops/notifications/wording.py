"""What every channel says of an event, and how text from bills and tags stays text."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from finops.core.events import Event, Severity
from finops.core.redaction import redact
from finops.notifications.models import Message, beginning, one_line

SIGNS = {Severity.INFO: "Info", Severity.WARNING: "Warning", Severity.CRITICAL: "Critical"}
_CALLS = re.compile(r"@(?=here|channel|everyone|all\b|team\b)", re.IGNORECASE)
_LONGEST_TEXT, _MOST_FACTS, _MOST_STEPS = 4_000, 50, 20
_NO_WIDTH = "\N{WORD JOINER}"


def headline(message: Message) -> str:
    """Return the one line of a message, its severity first."""
    is_end = all(event.resolves for event in message.events)
    return f"{'Resolved' if is_end else SIGNS[message.severity]}: {uncalled(message.title)}"


def uncalled(text: str) -> str:
    """Return a text in which ``@here`` and its like call nobody, and that holds no secret and no control character."""
    clean = "".join(each if each.isprintable() or each == "\n" else " " for each in redact(text))
    return _CALLS.sub(f"@{_NO_WIDTH}", clean)


def title_of(event: Event) -> str:
    """Return an event's one line."""
    return uncalled(one_line(event.title, 300)).strip() or event.kind


def key_of(event: Event) -> str:
    """Return the key that `finops notify ack` takes."""
    return uncalled(" ".join(event.key[:255].split()))


def text_of(event: Event) -> str:
    """Return what happened, of which no channel needs more."""
    return uncalled(beginning(event.text, _LONGEST_TEXT)).strip()


def steps_of(event: Event) -> list[str]:
    """Return what to do next, a line each."""
    return [uncalled(one_line(each)) for each in event.next_steps[:_MOST_STEPS]]


def facts_of(event: Event) -> list[tuple[str, str]]:
    """Return names and values, the owner first."""
    owner = [("Owner", event.owner)] if event.owner else []
    found = (*owner, *event.facts)[:_MOST_FACTS]
    return [(uncalled(one_line(name, 80)), uncalled(one_line(value, 500))) for name, value in found]


def links_of(event: Event) -> list[tuple[str, str]]:
    """Return labels and addresses that can be opened; what is no web address is left to ``places_of``."""
    return [(uncalled(one_line(label, 75)), url) for label, url in event.links if _is_web(url)]


def places_of(event: Event) -> list[tuple[str, str]]:
    """Return labels and paths of files, which no channel can open."""
    found = [(label, path) for label, path in event.links if not _is_web(path)]
    return [(uncalled(one_line(label, 75)), uncalled(one_line(path, 400))) for label, path in found]


def plain(message: Message) -> str:
    """Return the whole message as plain text: what mail shows without HTML, and what goes out if a template fails."""
    parts = [headline(message), *(plain_event(event, titled=len(message.events) > 1) for event in message.events)]
    return "\n\n".join([*parts, *message.notes]) + "\n"


def plain_event(event: Event, *, titled: bool) -> str:
    """Return an event as plain text: what happened, facts, what to do next, links."""
    lines = [title_of(event)] if titled else []
    lines += [text_of(event)] if text_of(event) else []
    lines += [f"{name}: {value}" for name, value in facts_of(event)]
    if event.next_steps:
        lines += ["What to do:", *(f"- {each}" for each in steps_of(event))]
    lines += [f"{label}: {address}" for label, address in (*links_of(event), *places_of(event))]
    lines += [f"Key: {key_of(event)}"]
    return "\n".join(lines)


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
        is_clean = address.isascii() and not re.search(r"[\s<>|\"'\\`()]", address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and is_clean
    except ValueError:
        return False
