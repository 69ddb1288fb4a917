"""A process that is killed between any two steps of a delivery loses nothing, and doubles only what has no key."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from notifications.conftest import EACH, Company, event
from servers import mail

from finops.stores.state import outbox
from finops.stores.state.store import open_state

pytestmark = pytest.mark.integration

KILLS = int(os.environ.get("KILLS", "100"))
SCRIPT = Path(__file__).parents[1] / "killed_deliveries.py"


@pytest.fixture
def in_memory(company: Company) -> Iterator[None]:
    """Keep the state in memory where the machine has files there: hundreds of transactions wait for no disk."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        company.settings.home = Path(folder)
        yield


@pytest.fixture
def delivery(
    company: Company, in_memory: None, postbox: mail.MailServer
) -> Iterator[Callable[[int, float], list[str]]]:
    """Return a function that delivers in a process of its own, killed at a step, and says how it ended."""
    company.configure(*EACH, "mail")
    settings = company.settings
    assert settings.channel_secrets
    environment = {
        "FINOPS_HOME": str(settings.root),
        "FINOPS_CONFIG_DIR": str(settings.configuration_dir),
        "FINOPS_CHANNEL_HOSTS": "127.0.0.1",
        "FINOPS_CHANNEL_SECRETS": settings.channel_secrets.get_secret_value(),
        "FINOPS_SMTP_HOST": "127.0.0.1",
        "FINOPS_SMTP_PORT": str(postbox.port),
        "FINOPS_SMTP_CA_FILE": str(postbox.ca_file),
        "FINOPS_SMTP_USER": mail.USER,
        "FINOPS_SMTP_PASSWORD": mail.PASSWORD,
        "FINOPS_SMTP_SENDER": "finops@meridian.example",
    }
    with subprocess.Popen(
        [sys.executable, SCRIPT], env={**os.environ, **environment}, stdin=-1, stdout=-1, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def deliver(step: int, minutes: float) -> list[str]:
            process.stdin.write(f"{step} {minutes}\n")
            process.stdin.flush()
            return process.stdout.readline().split()

        yield deliver
        process.stdin.close()


def test_a_hundred_kills_between_any_two_steps_lose_nothing_and_double_only_what_has_no_key(
    company, chats, postbox, delivery
):
    company.put(event("whole"))
    outcome, steps = delivery(0, 0)
    assert outcome == "done"
    chance = random.Random(2026)
    # Spread over the whole run: each stretch of it is killed somewhere.
    stretch = int(steps) / KILLS
    killed = 0
    for number in range(KILLS):
        minutes = 10.0 * (number + 1)
        company.put(event(f"b/{number}"))
        killed += delivery(1 + int(stretch * (number + chance.random())), minutes) == ["killed"]
        # The lease of whoever was killed is over by then.
        assert delivery(0, minutes + 5)[0] == "done"
    wanted = {"whole", *(f"b/{number}" for number in range(KILLS))}
    assert killed >= KILLS - 1

    assert chats.alerts() == dict.fromkeys(wanted, "trigger")
    ids = chats.webhook_ids()
    assert len(ids) == len(wanted)
    mails = Counter(str(message["Message-ID"]) for _, message in postbox.messages)
    assert len(mails) == len(wanted), "a repeat is known by its Message-ID"
    with open_state(company.settings).begin() as connection:
        assert outbox.counts(connection) == {(name, outbox.SENT): len(wanted) for name in (*EACH, "mail")}
    doubles = {}
    for name in ("slack", "teams"):
        told = chats.keys(name)
        assert set(told) == wanted
        twice = [key for key, count in told.items() if count > 1]
        doubles[name] = len(twice)
        # Only the one message that was on its way, and it says so.
        assert all(told[key] == 2 for key in twice)
        marked = {key for each in chats.taken[name] if "Sent again" in each.body.decode() for key in each.keys}
        assert set(twice) <= marked
    repeats = {
        "pagerduty": len(chats.taken["pagerduty"]) - len(wanted),
        "webhook": len(chats.taken["webhook"]) - len(wanted),
        "mail": sum(mails.values()) - len(wanted),
    }
    sys.stdout.write(f"{killed} kills, {steps} steps; twice: {doubles}; again under the same key: {repeats}\n")
