"""A secret is hidden wherever it stands in a text, and what is no secret stays as it was written."""

from __future__ import annotations

import io
import logging
import pickle

import pytest

from finops.core import log, redaction
from finops.core.errors import BadInput
from finops.core.redaction import Redacting, redact

CANARY = "canary-91c2-sEcReT"


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", set())


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql+psycopg://finops:{CANARY}@db/finops: connection refused",
        f"postgresql://finops:{CANARY}/x@y:z#@db/finops is broken",
        f"cannot read 'https://user:{CANARY}@host/path'.",
        f"https://{CANARY}@host/path",
        f"postgresql://db/finops?user=finops&password={CANARY}&sslmode=require",
        f"postgresql://db/finops?sslpassword={CANARY}",
        f"https://account.blob.core.windows.net/c?sv=2024-01-01&sig={CANARY}&se=2026",
        f"https%3A%2F%2Fuser%3A{CANARY}%40host%2Fpath",
        f"https://host/c?next=https%3A%2F%2Fh%2Fc%3Fsig%3D{CANARY}",
        f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={CANARY}==;EndpointSuffix=core.windows.net",
        f"Endpoint=sb://a/;SharedAccessKeyName=n;SharedAccessKey={CANARY}",
        f"SharedAccessSignature=sv%3D2024%26sig%3D{CANARY}",
        f"host=db user=finops password={CANARY} dbname=finops",
        f"host=db password = '{CANARY} it''s \\' more' dbname=x",
        f'{{"login": "a", "password": "{CANARY}", "extra": {{"aws_secret_access_key": "{CANARY}"}}}}',
        f"{{'X-Amz-Security-Token': b'{CANARY}'}}",
        f"aws_secret_access_key={CANARY}",
        f"AWS_SESSION_TOKEN={CANARY}",
        f"https://bucket.s3.amazonaws.com/key?X-Amz-Credential=AKIA&X-Amz-Signature={CANARY}",
        f"https://maps.example/api?key={CANARY}&q=1",
        f"https://hooks.slack.com/services/T0000/B0000/{CANARY}",
        f"https://discord.com/api/webhooks/123/{CANARY}",
        f"https://meridian.webhook.office.com/webhookb2/{CANARY}@tenant/IncomingWebhook/x/y",
        f"https://api.telegram.org/bot123:{CANARY}/sendMessage",
        f"smtp://mailer:{CANARY}@mail.example:587",
        f"smtps://mailer%40example:{CANARY}@mail.example",
        f"Authorization: Bearer {CANARY}",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
        f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJh{CANARY}.abc",
        f"--storage-key={CANARY}",
    ],
)
def test_a_secret_is_hidden_wherever_its_place_tells(text: str) -> None:
    assert "91c2" not in redact(text)
    assert "***" in redact(text)
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "s3://bucket/prefix/key@2: the object is gone",
        "az://account/container/a:b@c is no place",
        "postgresql://finops@db:5432/finops is empty",
        "must be a PostgreSQL URL, postgresql://user:password@host/database",
        "connection 'aws': the field password is empty; fill it in",
        "mailto:lead@meridian.example by mail.example:587",
        "the secret key does not fit its access key; correct the credentials",
        "delivery.yml:3: company[1].password: unknown key; known keys are to, connection",
        "https://docs.example/services",
        "cost centre 'cc-1001' = 10.00 EUR; tag key=team",
        "sigma=3, design=blue, monkey=4",
    ],
)
def test_what_is_no_secret_stays_as_it_was(text: str) -> None:
    assert redact(text) == text


def test_what_an_address_shows_beside_its_password_stays() -> None:
    assert redact(f"postgresql://finops:{CANARY}@db/x?a=1 failed") == "postgresql://finops:***@db/x?a=1 failed"
    assert redact(f"https://a.example/c?sv=1&sig={CANARY}&se=2") == "https://a.example/c?sv=1&sig=***&se=2"


@pytest.mark.parametrize("password", ["pa ss/w@rd-91c2:#?&'\"\\%", "91c2%40%2Fplain", "ünïcode-91c2-ключ"])
def test_a_known_secret_is_hidden_in_every_spelling_and_in_pieces(password: str) -> None:
    from urllib.parse import quote, unquote

    redaction.know([f"postgresql://finops:{password}@db/finops"])
    for spelt in (password, quote(password, safe=""), unquote(password), repr(password)):
        assert "91c2" not in redact(f"the server said {spelt} is wrong")
    # A library that splits at the first @ quotes the rest as the host.
    redaction.know(["postgresql://finops:first@piece-91c2@db/finops"])
    assert "91c2" not in redact('could not translate host name "piece-91c2@db"')


def test_the_secrets_of_an_environment_are_known() -> None:
    environment = {
        "FINOPS_SMTP_PASSWORD": f"{CANARY}-1",
        "AWS_SECRET_ACCESS_KEY": f"{CANARY}-2",
        "FINOPS_STATE_URL": f"postgresql://u:{CANARY}-3@h/d",
        "AZURE_STORAGE_CONNECTION_STRING": f"AccountName=a;AccountKey={CANARY}-4==",
        "AIRFLOW_CONN_AWS": f'{{"conn_type": "aws", "password": "{CANARY}-5"}}',
        "HOME": "/home/somebody",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/token",
    }
    redaction.know_environment(environment)
    for number in range(1, 6):
        assert f"-{number}" not in redact(f"it was {CANARY}-{number} in the end")
    assert redact("/home/somebody reads /var/run/secrets/token") == "/home/somebody reads /var/run/secrets/token"


def test_a_short_word_that_is_a_password_is_not_taken_out_of_every_sentence() -> None:
    redaction.know(["postgresql://finops:finops@db/finops"])
    assert redact("finops: postgresql://finops:finops@db") == "finops: postgresql://finops:***@db"


def test_an_error_of_ours_holds_no_secret_and_travels_between_processes() -> None:
    error = BadInput(f"postgresql://u:{CANARY}@h is wrong")
    assert str(error) == "postgresql://u:***@h is wrong"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert CANARY not in repr(error)


def test_a_line_of_the_log_holds_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.root.handlers[:]
    log.configure()
    try:
        logging.getLogger("finops.test").warning("asked %s", f"https://h/c?sig={CANARY}")
    finally:
        logging.root.handlers[:] = before
    assert capsys.readouterr().err == "finops: warning: asked https://h/c?sig=***\n"


def test_standard_output_loses_known_secrets_alone() -> None:
    redaction.know([f"password={CANARY}"])
    out = io.StringIO()
    print(f"token=abc {CANARY}", file=Redacting(out, fully=False))
    assert out.getvalue() == "token=abc ***\n"


@pytest.mark.parametrize("piece", ["a", "a-", "token", "password=", "http://x ", "%3a%2f%2f", "'"])
def test_a_long_text_is_read_about_once(piece: str) -> None:
    """A message may quote a cell of a bill: a long one would take hours, were it searched anew from each letter."""
    text = piece * (200_000 // len(piece))
    assert redact(f"{text} token=s3cr3t-value").endswith("token=***")
