"""What the vendors take, by their documentation, and what is made of a text that is longer.

Slack: docs.slack.dev/reference/block-kit/blocks (50 blocks, a header of 150 characters, a section of 3,000, 10 fields
of 2,000) and docs.slack.dev/apis/web-api/rate-limits (one message a second, short bursts more). All blocks together
must stay below about 13,200 characters, which is documented nowhere (github.com/slackapi/bolt-js/issues/2509).
Teams: learn.microsoft.com/connectors/teams (a message of about 28 KB).
PagerDuty: developer.pagerduty.com/docs/events-api-v2 (summary 1,024 characters, dedup_key 255, an event of 512 KB).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from finops.notifications.models import Refused

SLACK_BLOCKS = 50
SLACK_HEADER = 150
SLACK_TEXT = 3000
SLACK_FIELDS = 10
SLACK_FIELD = 2000
SLACK_ALL_BLOCKS = 13_000
TEAMS_BYTES = 28 * 1024
PAGERDUTY_SUMMARY = 1024
PAGERDUTY_KEY = 255
PAGERDUTY_BYTES = 512 * 1024
MAIL_BYTES = 1024 * 1024
WEBHOOK_BYTES = 256 * 1024
"""Of mail and webhooks the limits are ours: no message to a person is longer."""


def cut(text: str, limit: int, spelt: Callable[[str], str] = str) -> str:
    """Return a text, spelt as a channel has it, in at most ``limit`` characters; the cut is marked.

    ``spelt`` works on each character by itself, so that no spelling is cut in two.
    """
    whole = spelt(text)
    if len(whole) <= limit:
        return whole
    kept, length = [], 1
    for each in text:
        length += len(spelt(each))
        if length > limit:
            break
        kept.append(each)
    return f"{spelt(''.join(kept))}…"[:limit]


def as_bytes(content: Any) -> bytes:
    """Return content as compact JSON in UTF-8, as it is sent."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def check_slack(payload: dict[str, Any]) -> None:
    """Raise Refused where Slack would not take it."""
    blocks = payload.get("blocks", [])
    _require(len(blocks) <= SLACK_BLOCKS, f"{len(blocks)} blocks; Slack takes {SLACK_BLOCKS}")
    size = len(json.dumps(blocks, ensure_ascii=False))
    _require(size <= SLACK_ALL_BLOCKS, f"blocks of {size} characters; Slack takes {SLACK_ALL_BLOCKS}")
    for block in blocks:
        limit = SLACK_HEADER if block["type"] == "header" else SLACK_TEXT
        for text in [block[name] for name in ("text",) if name in block]:
            _require(
                0 < len(text["text"]) <= limit, f"a {block['type']} of {len(text['text'])} characters, not 1 to {limit}"
            )
        fields = block.get("fields", [])
        _require(len(fields) <= SLACK_FIELDS, f"{len(fields)} fields; Slack takes {SLACK_FIELDS}")
        _require(all(len(each["text"]) <= SLACK_FIELD for each in fields), "a field that is too long for Slack")


def check_size(body: bytes, limit: int, who: str) -> None:
    """Raise Refused where a message has too many bytes."""
    _require(len(body) <= limit, f"{len(body)} bytes; {who} takes {limit}")


def check_pagerduty(payload: dict[str, Any]) -> None:
    """Raise Refused where PagerDuty would not take it."""
    check_size(as_bytes(payload), PAGERDUTY_BYTES, "PagerDuty")
    _require(0 < len(payload["dedup_key"]) <= PAGERDUTY_KEY, f"a dedup_key that is not 1 to {PAGERDUTY_KEY} characters")
    if payload["event_action"] == "trigger":
        length = len(payload["payload"]["summary"])
        _require(0 < length <= PAGERDUTY_SUMMARY, f"a summary of {length} characters, not 1 to {PAGERDUTY_SUMMARY}")


def _require(holds: bool, fault: str) -> None:
    if not holds:
        raise Refused(f"the message has {fault}")
