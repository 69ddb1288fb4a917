"""Text from outside, as messages show it."""

from __future__ import annotations


def shown(text: str | None, limit: int = 60) -> str:
    """Return a text without control characters and at most ``limit`` characters long, the rest cut off."""
    cut = "" if text is None else text if len(text) <= limit else f"{text[: limit - 1]}…"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)
