"""What is put into the outbox is told once, whatever a channel does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from notifications.conftest import CANARY, EACH, event
from servers.channels import LOSE

from finops.core.errors import BadInput
from finops.core.events import Severity
from finops.notifications import service
from finops.stores.state import outbox
from finops.stores.state.store import open_state

pytestmark = pytest.mark.integration


def test_each_channel_is_told_once_in_its_own_form(company, chats, postbox):
    company.configure(*EACH, "mail")
    company.put(event("b/1", links=(("Open", "https://finops.example/b"),), next_steps=("Stop the job",)))
    company.put(event("b/1"))
    assert company.deliver().sent == 5
    assert company.deliver().sent == 0
    (slack,), (teams,) = chats.taken["slack"], chats.taken["teams"]
    assert slack.json["blocks"][0] == {
        "type": "header",
        "text": {"type": "plain_text", "text": "Warning: Budget b/1 is used up", "emoji": False},
    }
    card = teams.json["attachments"][0]
    assert (card["contentType"], card["content"]["type"]) == (
        "application/vnd.microsoft.card.adaptive",
        "AdaptiveCard",
    )
    (alert,) = chats.taken["pagerduty"]
    assert {name: alert.json[name] for name in ("routing_key", "event_action", "dedup_key")} == {
        "routing_key": CANARY,
        "event_action": "trigger",
        "dedup_key": "b/1",
    }
    ((to, message),) = postbox.messages
    assert (to, message["Subject"]) == (["oncall@meridian.example"], "[finops] Warning: Budget b/1 is used up")
    assert "101 USD of 100 USD" in message.get_body(("plain",)).get_content()
    assert "<h1" in message.get_body(("html",)).get_content()


def test_a_receiver_can_prove_who_sent_a_webhook_and_when(company, chats):
    company.configure("webhook")
    company.put(event("b/1"))
    company.deliver()
    (posted,) = chats.taken["webhook"]
    signed = f"{posted.headers['webhook-id']}.{posted.headers['webhook-timestamp']}.".encode() + posted.body
    wanted = base64.b64encode(hmac.new(CANARY.encode(), signed, hashlib.sha256).digest()).decode()
    assert posted.headers["webhook-signature"] == f"v1,{wanted}"


@pytest.mark.parametrize("status", [500, 503, (429, {"Retry-After": "600"})])
def test_a_channel_that_is_busy_is_asked_again_later_and_told_once(status, company, chats):
    company.configure(*EACH)
    for name in EACH:
        chats.answers[name].extend([status, status])
    company.put(event("b/1"))
    for _ in range(4):
        company.deliver()
        company.later(minutes=11)
    assert {name: len(chats.taken[name]) for name in EACH} == dict.fromkeys(EACH, 1)
    assert set(chats.asked.values()) == {3}


def test_retry_after_holds_the_whole_channel_back_for_as_long_as_it_asks(company, chats):
    company.configure("slack")
    chats.answers["slack"].append((429, {"Retry-After": "600"}))
    company.put(event("b/1"), event("b/2"))
    for minutes in (0, 5, 4):
        company.later(minutes=minutes)
        company.deliver()
    assert chats.asked["slack"] == 1
    company.later(minutes=2)
    company.deliver()
    assert chats.keys("slack") == {"b/1": 1, "b/2": 1}


def test_pauses_between_attempts_grow_to_an_hour_and_end_with_the_message_parked(company, chats):
    company.configure("slack")
    chats.answers["slack"].extend([500] * 100)
    company.put(event("b/1"))
    asked_at: list[float] = []
    begin = company.now
    while not company.deliver().parked:
        if chats.asked["slack"] > len(asked_at):
            asked_at.append((company.now - begin).total_seconds() / 60)
        company.later(minutes=1)
    pauses = [after - before for before, after in pairwise(asked_at)]
    assert chats.asked["slack"] == service.ATTEMPTS
    assert pauses[0] <= 2 < pauses[2] < pauses[4] <= max(pauses) <= 76


def test_an_answer_that_is_lost_doubles_nothing_where_there_is_a_key_and_says_so_where_there_is_none(company, chats):
    company.configure(*EACH)
    for name in EACH:
        chats.answers[name].append(LOSE)
    company.put(event("b/1"))
    for _ in range(2):
        company.deliver()
        company.later(minutes=5)
    assert chats.alerts() == {"b/1": "trigger"}
    assert len(chats.webhook_ids()) == 1
    for name in ("slack", "teams"):
        first, second = chats.taken[name]
        assert "Sent again" not in first.body.decode()
        assert "Sent again: the attempt before got no answer" in second.body.decode()


def test_what_a_channel_refuses_is_parked_with_the_reason_and_told_elsewhere(company, chats):
    company.configure("slack", "teams", otherwise=["slack"])
    chats.answers["slack"].append(400)
    company.put(event("b/1"))
    for _ in range(3):
        company.deliver()
        company.later(hours=2)
    assert chats.asked["slack"] == 1, "it is never tried again"
    (failed,) = service.status(company.settings)["failed"]
    assert (failed["state"], failed["fault"]) == ("parked", "it answered 400: invalid_blocks")
    told = " ".join(each.body.decode() for each in chats.taken["teams"])
    assert chats.keys("teams")["b/1"] == 1
    assert "Told here because another channel failed." in told
    assert "Channel slack does not get its messages" in told


@pytest.mark.parametrize("status", [401, 403, 404, 410, 307])
def test_that_a_token_has_expired_reaches_another_channel_and_what_is_parked_goes_out_once_it_is_renewed(
    status, company, chats, caplog
):
    company.configure("slack", "teams", "webhook", otherwise=["slack"], instead=["webhook"])
    chats.answers["slack"].extend([(status, {"Location": chats.url("teams")})] * 2)
    company.put(event("b/1"), event("b/2"))
    report = company.deliver()
    assert (report.parked, report.untold) == (2, 0)
    assert not chats.taken["teams"]
    kinds = [each["kind"] for posted in chats.taken["webhook"] for each in posted.json["events"]]
    assert sorted(kinds) == ["budget_breach", "budget_breach", "channel_failed"]
    assert service.release(company.settings, "slack") == 2
    company.later(minutes=1)
    company.deliver()
    assert chats.keys("slack") == {"b/1": 1, "b/2": 1}
    assert CANARY not in caplog.text + str(report)


def test_an_unreachable_channel_is_told_of_after_three_attempts(company, chats):
    company.configure("slack", "teams", otherwise=["slack"])
    company.settings.channel_secrets = None
    file = company.settings.configuration_dir / "address"
    file.write_text(f"http://127.0.0.1:1/{CANARY}\n", encoding="utf-8")
    other = company.settings.configuration_dir / "other"
    other.write_text(chats.url("teams"), encoding="utf-8")
    company.configure(
        "slack",
        "teams",
        otherwise=["slack"],
        options={"slack": {"secret_file": str(file)}, "teams": {"secret_file": str(other)}},
    )
    company.put(event("b/1"))
    for _ in range(2):
        assert company.deliver().put_off == 1
        company.later(minutes=30)
    assert not chats.taken["teams"]
    company.deliver()
    company.later(minutes=30)
    company.deliver()
    (told,) = chats.taken["teams"]
    assert "it cannot be reached (ConnectError)" in told.body.decode()
    assert CANARY not in told.body.decode()


def test_events_that_reach_nobody_are_counted(company, chats):
    company.configure("slack", "teams")
    for name in ("slack", "teams"):
        chats.answers[name].append(403)
    company.put(event("b/1"))
    assert company.deliver().untold == 1


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_runs_at_once_tell_each_event_once(engine, company, chats, request):
    if engine == "postgresql":
        company.settings.state_url = request.getfixturevalue("postgres_url")
    company.configure(*EACH)
    company.put(*[event(f"b/{number}") for number in range(12)])
    threads = [threading.Thread(target=company.deliver) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {name: len(chats.taken[name]) for name in EACH} == dict.fromkeys(EACH, 12)
    with open_state(company.settings).begin() as connection:
        assert outbox.counts(connection) == {(name, outbox.SENT): 12 for name in EACH}


def test_an_end_goes_where_the_beginning_went_and_never_before_it(company, chats):
    company.configure("slack", "pagerduty", routes=[{"severity": "critical", "to": "pagerduty"}], otherwise=["slack"])
    chats.answers["pagerduty"].append(500)
    company.put(event("b/1", Severity.CRITICAL), event("b/1/over", Severity.INFO, resolves="b/1"))
    company.deliver()
    assert not chats.taken["pagerduty"]
    company.later(minutes=5)
    company.deliver()
    assert [each.json["event_action"] for each in chats.taken["pagerduty"]] == ["trigger", "resolve"]
    assert {each.json["dedup_key"] for each in chats.taken["pagerduty"]} == {"b/1"}
    company.put(event("b/2/over", Severity.INFO, resolves="b/2"))
    company.deliver()
    assert len(chats.taken["pagerduty"]) == 2, "what was never opened is not closed"


def test_events_of_one_group_that_wait_at_once_are_one_message_and_each_its_own_alert(company, chats):
    company.configure("slack", "pagerduty")
    company.put(*[event(f"b/{n}", group="budgets") for n in range(3)], event("other"))
    company.deliver()
    assert [len(each.keys) for each in chats.taken["slack"]] == [3, 1]
    assert "Budget b/0 is used up (and 2 more)" in chats.taken["slack"][0].body.decode()
    assert len(chats.taken["pagerduty"]) == 4


def test_a_channel_gets_its_share_of_a_minute_critical_events_first_and_the_rest_in_one_message(company, chats):
    company.configure("slack", options={"slack": {"per_minute": 2}})
    company.put(*[event(f"b/{n}", Severity.INFO) for n in range(5)], event("worst", Severity.CRITICAL))
    company.deliver()
    assert chats.taken["slack"][0].keys[0] == "worst"
    company.put(event("b/9"), event("b/10"))
    for _ in range(3):
        company.later(minutes=1.5)
        company.deliver()
    assert chats.keys("slack") == dict.fromkeys([*(f"b/{n}" for n in range(5)), "worst", "b/9", "b/10"], 1)
    assert len(chats.taken["slack"]) <= 5


def test_an_unknown_key_is_not_acknowledged(company):
    company.configure("slack")
    with pytest.raises(BadInput, match="there is no event 'nothing'"):
        service.acknowledge(company.settings, "nothing", "Ann")


def test_what_nobody_acknowledges_goes_further_once_and_what_somebody_looks_after_does_not(company, chats):
    company.configure("slack", "teams", otherwise=["slack"], escalation=[{"after_minutes": 30, "to": "teams"}])
    company.put(event("mine", Severity.CRITICAL), event("nobody", Severity.CRITICAL), event("small"))
    company.deliver()
    service.acknowledge(company.settings, "mine", "Ann")
    for _ in range(4):
        company.later(minutes=20)
        company.deliver()
    assert chats.keys("teams") == {"nobody": 1}
    assert "Nobody has acknowledged this for 30 minutes." in chats.taken["teams"][0].body.decode()
    assert [each["key"] for each in service.status(company.settings)["open"]] == ["nobody"]


def test_quiet_hours_hold_back_all_but_what_is_critical_until_they_end(company, chats):
    company.now = company.now.replace(hour=12, minute=0)
    quiet = {"begin": "10:00", "end": "14:00"}
    company.configure("slack", options={"slack": {"quiet_hours": quiet}})
    company.put(event("small"), event("worst", Severity.CRITICAL))
    company.deliver()
    assert chats.keys("slack") == {"worst": 1}
    chats.answers["slack"].append(500)
    company.later(hours=2)
    company.deliver()
    assert chats.keys("slack") == {"worst": 1}
    company.now = company.now.replace(hour=11) + timedelta(days=1)
    company.deliver()
    assert chats.keys("slack") == {"worst": 1}, "a second attempt keeps them too"
    company.later(hours=3)
    company.deliver()
    assert chats.keys("slack") == {"worst": 1, "small": 1}


def test_a_digest_of_the_day_is_told_once_whatever_the_routes_say(company, chats):
    company.now = company.now.replace(hour=7, minute=0)
    digest = {"every": "day", "at": "08:00", "to": "teams"}
    company.configure("slack", "teams", otherwise=[], digests=[digest])
    company.put(event("b/1"), event("b/2", Severity.CRITICAL))
    for _ in range(4):
        company.deliver()
        company.later(minutes=40)
    assert not chats.taken["slack"]
    (told,) = chats.taken["teams"]
    assert "Critical, open: Budget b/2 is used up" in told.body.decode()


def test_an_event_that_waited_too_long_for_a_channel_is_history(company, chats):
    company.configure("slack")
    company.put(event("old"))
    company.later(days=8)
    company.put(event("new"))
    company.deliver()
    assert chats.keys("slack") == {"new": 1}


def test_an_owner_hears_by_mail_of_what_concerns_the_cost_centre_and_others_do_not(company, chats, postbox):
    owner = {"mail": {"to": "ada@meridian.example"}}
    company.configure("slack", "mail", options=owner, otherwise=["slack"])
    entries = (
        "cost_centers: [{cost_center: tech, channel: mail}, {cost_center: cc-1, parent: tech}, {cost_center: cc-2}]"
    )
    (company.settings.configuration_dir / "cost_centers.yml").write_text(entries, encoding="utf-8")
    company.put(event("b/1", owner="cc-1"), event("b/2", owner="cc-2"), event("b/3", channel="mail"))
    assert company.deliver().sent == 3
    assert sorted((to, message["Subject"]) for to, message in postbox.messages) == [
        (["ada@meridian.example"], "[finops] Warning: Budget b/1 is used up"),
        (["ada@meridian.example"], "[finops] Warning: Budget b/3 is used up"),
    ]
    assert len(chats.taken["slack"]) == 1


def test_an_owner_hears_of_what_comes_after_the_end_of_something_else(company, chats):
    company.configure("slack", "teams", otherwise=["slack"])
    entries = "cost_centers: [{cost_center: cc-1, channel: teams}]"
    (company.settings.configuration_dir / "cost_centers.yml").write_text(entries, encoding="utf-8")
    company.put(event("b/1"))
    company.deliver()
    company.put(event("a/end", resolves="b/1"), event("b/2", owner="cc-1"))
    assert company.deliver().sent == 2
    assert (len(chats.taken["slack"]), len(chats.taken["teams"])) == (2, 1)


def test_an_invalid_file_of_cost_centres_keeps_nobody_from_being_told(company, chats):
    company.configure("slack")
    (company.settings.configuration_dir / "cost_centers.yml").write_text("cost_centers: 5", encoding="utf-8")
    company.put(event("b/1", owner="cc-1"))
    assert company.deliver().sent == 1
    assert len(chats.taken["slack"]) == 1
