"""What each channel is sent: inside the vendors' limits, whatever it says, and nothing of it is more than text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.events import Event, Severity
from finops.notifications import limits, wording
from finops.notifications.channels import mail, pagerduty, slack, spelt, teams, webhook
from finops.notifications.models import Message

HOSTILE = (
    "<!channel> @here <@U1> *b* [x](http://evil.example) <script>alert(1)</script> & <at>all</at>\r\nBcc: a@b.example"
)


def message(*events: Event, **values: Any) -> Message:
    return Message("m1", events, datetime(2026, 1, 1, tzinfo=UTC), **values)


def event(text: str = "x", count: int = 1, **values: Any) -> Event:
    facts = tuple((text, text) for _ in range(count))
    words = {"title": text, "text": text, "owner": text, "group": text, "facts": facts, "next_steps": (text,) * count}
    links = ((text, "https://finops.example/page"), (text, text), (text, "javascript:alert(1)"))
    return Event(**{"kind": "k", "key": f"k/{text}", "severity": Severity.WARNING, "links": links, **words, **values})


def texts(content: Any) -> list[str]:
    if isinstance(content, dict):
        return [each for value in content.values() for each in texts(value)]
    if isinstance(content, list):
        return [each for value in content for each in texts(value)]
    return [content] if isinstance(content, str) else []


def test_a_tag_s_value_calls_nobody_in_slack_and_is_no_markup():
    payload = slack.compose(message(event(HOSTILE)))
    assert not [each for each in texts(payload) if "<!" in each or "<@" in each or "@here" in each]
    kinds = {block["text"]["type"] for block in payload["blocks"] if "text" in block}
    (links,) = [b["text"]["text"] for b in payload["blocks"] if b.get("text", {}).get("type") == "mrkdwn"]
    assert kinds == {"plain_text", "mrkdwn"}
    assert links.startswith("<https://finops.example/page|&lt;!channel&gt;"), "an address that is none is no link"
    assert links.count("<") == 1
    assert "<" not in payload["text"] + slack.simple(message(event(HOSTILE)))["text"]


def test_a_tag_s_value_is_no_markdown_in_teams_and_mentions_nobody():
    payload = teams.compose(message(event(HOSTILE)))
    card = payload["attachments"][0]["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}, "its runs know no Markdown"
    assert "msteams" not in card
    assert [each["url"] for each in card["actions"]] == ["https://finops.example/page"]


def test_a_tag_s_value_is_escaped_in_mail_and_adds_no_header():
    found = mail.compose(message(event(HOSTILE)), "finops@meridian.example", "a@meridian.example")
    page = found.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<script>" not in page
    assert "<!channel>" not in page
    assert "javascript:" not in "".join(part for part in page.split('"') if part.startswith("java"))
    assert found["Bcc"] is None
    assert "\n" not in str(found["Subject"])


@pytest.mark.parametrize("text", ["x" * 20_000, "&" * 20_000, "é" * 20_000, "🤖" * 9_000, "", "\x00\u202e"])
@pytest.mark.parametrize("count", [0, 1, 60])
def test_every_channel_takes_the_longest_message(text, count):
    one, many = message(event(text, count)), message(*[event(text, count)] * 12)
    for each in (one, many):
        limits.check_slack(slack.compose(each))
        assert len(limits.as_bytes(teams.compose(each))) <= limits.TEAMS_BYTES
        assert len(limits.as_bytes(teams.simple(each))) <= limits.TEAMS_BYTES
        assert len(limits.as_bytes(webhook.compose(one))) <= limits.WEBHOOK_BYTES
        mail.compose(each, "finops@meridian.example", "a@meridian.example").as_bytes()
    limits.check_pagerduty(pagerduty.compose(one))
    limits.check_pagerduty(pagerduty.simple(one))


@given(st.text(max_size=400), st.integers(2, 120))
def test_a_text_that_is_cut_holds_whole_escapes_and_keeps_its_limit(text, limit):
    found = limits.cut(text, limit, slack.escaped)
    assert len(found) <= limit
    assert "<" not in found
    rest = found.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert "&" not in rest


def test_plain_text_goes_out_where_a_template_fails(caplog):
    def broken(_: Message) -> dict[str, Any]:
        raise KeyError("severity")

    found = spelt(message(event("Budget b is used up")), broken, slack.simple, "chat")
    assert "Budget b is used up" in found["text"]
    assert "the template of channel chat failed, so plain text goes out: KeyError" in caplog.text


def test_what_is_too_long_for_slack_says_how_much_is_left_out():
    payload = slack.compose(message(*[event(f"Budget {n}", 9, key=f"b/{n}") for n in range(40)]))
    assert "more: `finops notify status` has them." in json.dumps(payload)


def test_no_secret_of_an_address_is_told():
    told = Event("k", "k/1", Severity.WARNING, "it failed", "postgresql://u:canary-77@db/x")
    assert "canary" not in wording.plain(message(told)) + json.dumps(slack.compose(message(told)))


def test_the_end_of_an_alert_has_the_key_of_its_beginning_however_long():
    key = "k" * 400
    begin = pagerduty.compose(message(event("x", key=key)))
    end = pagerduty.compose(message(event("x", key=f"{key}/end", resolves=key)))
    assert begin["dedup_key"] == end["dedup_key"]
    assert (begin["event_action"], end["event_action"]) == ("trigger", "resolve")


def test_a_repeat_of_a_mail_is_the_same_mail():
    one, again = (mail.compose(message(event("x")), "f@m.example", "a@m.example") for _ in range(2))
    assert (one["Message-ID"], one["Date"]) == (again["Message-ID"], again["Date"])
