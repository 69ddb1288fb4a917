"""A company with a channel of each kind, played on loopback, and a clock that a test moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from servers import channels, mail

from finops.core.events import Event, Severity
from finops.core.settings import Settings
from finops.notifications import service
from finops.notifications.models import Report
from finops.stores.state import outbox
from finops.stores.state.store import open_state

CANARY = "canary-91c2-routing-key"
EACH = ("slack", "teams", "pagerduty", "webhook")


@dataclass
class Company:
    """``later`` moves the clock of what is delivered from now on."""

    settings: Settings
    chats: channels.Chats
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def configure(self, *names: str, **content: Any) -> None:
        """Write channels.yml with channels of these types; each is called as its type is."""
        kinds: dict[str, dict[str, Any]] = {
            "pagerduty": {"to": self.chats.url("pagerduty")},
            "webhook": {"to": self.chats.url("webhook")},
            "mail": {"to": "oncall@meridian.example"},
        }
        found = [{"name": name, "type": name, "per_minute": 600, **kinds.get(name, {})} for name in names]
        options = content.pop("options", {})
        found = [{**each, **options.get(each["name"], {})} for each in found]
        whole = {"channels": found, "otherwise": list(names), **content}
        (self.settings.configuration_dir / "channels.yml").write_text(yaml.safe_dump(whole), encoding="utf-8")

    def put(self, *events: Event) -> None:
        with open_state(self.settings).begin() as connection:
            outbox.add(connection, events, self.now)

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def deliver(self) -> Report:
        return service.deliver(self.settings, now=lambda: self.now)


def event(key: str, severity: Severity = Severity.WARNING, **values: Any) -> Event:
    words = {"kind": "budget_breach", "title": f"Budget {key} is used up", "text": "101 USD of 100 USD"}
    return Event(**{**words, "key": key, "severity": severity, **values})


@pytest.fixture
def chats() -> Iterator[channels.Chats]:
    with channels.chats() as found:
        yield found


@pytest.fixture
def company(chats: channels.Chats, tmp_path: Path) -> Company:
    (tmp_path / "config").mkdir()
    secrets = {"slack": chats.url(f"slack/{CANARY}"), "teams": chats.url(f"teams/{CANARY}")}
    secrets |= {"pagerduty": CANARY, "webhook": CANARY}
    return Company(
        Settings(
            home=tmp_path / "home",
            config_dir=tmp_path / "config",
            channel_hosts="127.0.0.1",
            channel_secrets=SecretStr(json.dumps(secrets)),
        ),
        chats,
    )


@pytest.fixture
def postbox(company: Company, tmp_path: Path) -> Iterator[mail.MailServer]:
    with mail.mail_server(tmp_path) as server:
        settings = company.settings
        settings.smtp_host, settings.smtp_port, settings.smtp_ca_file = "127.0.0.1", server.port, server.ca_file
        settings.smtp_user, settings.smtp_password = mail.USER, SecretStr(mail.PASSWORD)
        settings.smtp_sender = "finops@meridian.example"
        yield server
