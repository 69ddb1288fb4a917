"""Statements by mail: one address at a time, encrypted, once, and nothing that is another audience's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from delivery_steps import HOSTILE, JANUARY, configure, prove_package, restate, results
from pydantic import SecretStr
from servers import mail

from finops.core.settings import Settings
from finops.delivery import service

pytestmark = pytest.mark.integration


@pytest.fixture
def mail_server(settings: Settings, tmp_path: Path) -> Iterator[mail.MailServer]:
    with mail.mail_server(tmp_path) as server:
        settings.smtp_host, settings.smtp_port, settings.smtp_ca_file = "127.0.0.1", server.port, server.ca_file
        settings.smtp_user, settings.smtp_password = mail.USER, SecretStr(mail.PASSWORD)
        settings.smtp_sender = "finops@meridian.example"
        yield server


def test_mail_brings_exactly_that_audiences_files_and_names_nobody_else(settings, mail_server):
    configure(
        settings,
        {"cost_centers": {"cc-1001": ["mailto:lead@meridian.example"], HOSTILE: ["mailto:boss@meridian.example"]}},
    )
    report = service.deliver(settings, JANUARY)
    assert set(results(report).values()) == {"delivered"}
    by_recipient = {recipients[0]: message for recipients, message in mail_server.messages}
    assert len(mail_server.messages) == len(by_recipient) == 2
    for recipient, cost_center in (("lead@meridian.example", "cc-1001"), ("boss@meridian.example", HOSTILE)):
        message = by_recipient[recipient]
        attached = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
        prefix = next(name for name in attached if name.endswith("statement.csv")).removesuffix("statement.csv")
        manifest = json.loads(attached["manifest.json"])
        assert {each["path"]: each["sha256"] for each in manifest["files"]} == {
            name: hashlib.sha256(content).hexdigest() for name, content in attached.items() if name != "manifest.json"
        }
        plain = json.dumps(
            {**manifest, "files": [{**e, "path": e["path"].removeprefix(prefix)} for e in manifest["files"]]}
        )
        prove_package(
            {n.removeprefix(prefix): c for n, c in attached.items()} | {"manifest.json": plain.encode()}, cost_center
        )
        assert message["Bcc"] is None
        assert message["To"] == recipient
        assert all("/" not in name and "\\" not in name for name in attached)
    body = by_recipient["lead@meridian.example"].get_body().get_content()
    assert "effective cost 10.10 USD" in body
    assert "cc-1001" in by_recipient["lead@meridian.example"]["Subject"]
    assert "(provisional)" in by_recipient["lead@meridian.example"]["Subject"]


def test_mail_is_sent_once_and_a_refused_address_is_named_and_tried_again(settings, mail_server):
    configure(settings, {"cost_centers": {"cc-1001": ["mailto:gone@meridian.example", "mailto:lead@meridian.example"]}})
    mail_server.refuse["gone@meridian.example"] = "550 no such user"
    for expected in ("delivered", "unchanged"):
        report = service.deliver(settings, JANUARY)
        assert results(report) == {"mailto:gone@meridian.example": "failed", "mailto:lead@meridian.example": expected}
        assert "refused the address (550)" in str(report.failed[0].reason)
    mail_server.refuse.clear()
    service.deliver(settings, JANUARY)
    assert [recipients for recipients, _ in mail_server.messages] == [
        ["lead@meridian.example"],
        ["gone@meridian.example"],
    ]
    restate(settings, "11.11")
    service.deliver(settings, JANUARY)
    assert len(mail_server.messages) == 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"smtp_password": SecretStr("wrong")}, "refused user or password"),
        ({"smtp_ca_file": None}, "certificate is not right"),
        ({"smtp_host": None}, "mail needs FINOPS_SMTP_HOST"),
        ({"smtp_port": 1}, "gave no answer"),
    ],
)
def test_mail_that_cannot_be_sent_says_why_without_the_password(settings, mail_server, change, words):
    configure(settings, {"cost_centers": {"cc-1001": ["mailto:lead@meridian.example"]}})
    report = service.deliver(settings.model_copy(update=change), JANUARY)
    assert words in str(report.failed[0].reason)
    assert "canary" not in str(service.NotDelivered(report)) + repr(settings)
    assert mail_server.messages == []


def test_a_server_without_encryption_gets_neither_password_nor_statement(settings, tmp_path):
    configure(settings, {"cost_centers": {"cc-1001": ["mailto:lead@meridian.example"]}})
    with mail.mail_server(tmp_path, encryption="none") as server:
        settings.smtp_host, settings.smtp_port, settings.smtp_sender = "127.0.0.1", server.port, "f@meridian.example"
        settings.smtp_user, settings.smtp_password = mail.USER, SecretStr(mail.PASSWORD)
        report = service.deliver(settings, JANUARY)
    assert "STARTTLS" in str(report.failed[0].reason)
    assert server.messages == []


def test_a_server_that_speaks_tls_from_the_first_byte_is_served_too(settings, tmp_path):
    configure(settings, {"cost_centers": {"cc-1001": ["mailto:lead@meridian.example"]}})
    with mail.mail_server(tmp_path, encryption="tls") as server:
        settings.smtp_host, settings.smtp_port, settings.smtp_sender = "127.0.0.1", server.port, "f@meridian.example"
        settings.smtp_user, settings.smtp_password = mail.USER, SecretStr(mail.PASSWORD)
        settings.smtp_encryption, settings.smtp_ca_file = "tls", server.ca_file
        assert set(results(service.deliver(settings, JANUARY)).values()) == {"delivered"}
    assert len(server.messages) == 1
