"""``delivery.yml`` is right as a whole, or its first fault is named with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.delivery.targets import open_place
from finops.policy import delivery
from finops.policy.delivery import Addressee, Target


def read(tmp_path: Path, text: str) -> tuple[Addressee, ...]:
    (tmp_path / "delivery.yml").write_text(text, encoding="utf-8")
    return delivery.load(Settings(home=tmp_path / "home", config_dir=tmp_path))


def test_targets_are_read_in_their_order_with_home_and_connection(tmp_path):
    found = read(
        tmp_path,
        """
        company: ["{home}/outbox/"]
        cost_centers:
          cc-1001:
            - {to: s3://meridian-finance/statements, connection: aws_finance}
            - mailto:lead@meridian.example
          company: [gs://meridian/x]
          cc-1002: []
        """,
    )
    assert found == (
        Addressee(None, (Target(f"{tmp_path}/home/outbox"),)),
        Addressee(
            "cc-1001",
            (Target("s3://meridian-finance/statements", "aws_finance"), Target("mailto:lead@meridian.example")),
        ),
        # A cost centre of that name is not the company.
        Addressee("company", (Target("gs://meridian/x"),)),
    )


def test_the_shipped_file_is_valid_and_delivers_to_nobody():
    assert delivery.load(Settings()) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a", "the file: must be a mapping of keys to values"),
        ("cost_centres: {}", "delivery.yml:1: cost_centres: unknown key; known keys are company, cost_centers"),
        ("company: s3://a", "company: must be a list"),
        ("cost_centers: [a]", "cost_centers: must be a mapping"),
        ("cost_centers: {a: [], a: []}", r"delivery.yml:1: cost_centers.a: stands here and again on line 1"),
        ("company: [{tu: x}]", r"company\[1\].tu: unknown key; known keys are to, connection"),
        ("company: [{connection: x}]", r"company\[1\]: missing key to"),
        ("company: [[]]", r"company\[1\]: must be a target"),
        ("company: [{to: [7]}]", r"company\[1\].to: must be a text"),
        ("company: [/share, /share/]", "has the target .* twice"),
        ("company: [share]", "'share' is no target"),
        ("company: ['s3://B_/x']", "names no valid bucket"),
        ("company: ['az://account']", "names no account and container"),
        ("company: ['mailto:a@b.example,c@d.example']", "is not one address"),
        ('company: ["mailto:a@b.example\\r\\nBcc: c@d.example"]', "is not one address"),
        ("company: ['mailto:a@b.example?bcc=c@d.example']", "is not one address"),
        ("company: [", "no YAML"),
    ],
)
def test_a_fault_is_one_line_that_names_file_and_key(tmp_path, text, words):
    with pytest.raises(BadInput, match=words) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "delivery.yml") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "uri", ["s3://AKIA:canary@bucket/x", "https://a.blob.core.windows.net/c?sig=canary", "gs://u:canary@b/x"]
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(tmp_path, uri):
    with pytest.raises(BadInput, match="must hold no password and no signature") as caught:
        read(tmp_path, f"company: ['{uri}']")
    assert "canary" not in str(caught.value)


HOSTILE = [
    "https://evil.example/container",
    "https://account.blob.core.windows.net.evil.example/container",
    "https://evil.example#account.blob.core.windows.net/container",
    "https://account.blob.core.windows.net:8443/container",
    "https://169.254.169.254/latest",
    "https://127.0.0.1:10000/account/container",
    "https://[::1]/container",
    "https://ACCOUNT.blob.core.windows.net/container",
    "https://a.b.blob.core.windows.net/container",
    "https://account.file.core.windows.net/container",
    "az://evil.example/container",
    "az://evil.example%2F/container",
    "az://127.0.0.1:80/container",
    "http://account.blob.core.windows.net/container",
]


@pytest.mark.parametrize("uri", HOSTILE)
def test_statements_and_credentials_go_to_no_foreign_host(tmp_path, uri):
    with pytest.raises(BadInput) as caught:
        read(tmp_path, f"company: ['{uri}']")
    assert "\n" not in str(caught.value)
    with pytest.raises(BadInput):
        open_place(Settings(home=tmp_path), Target(uri), object())


def test_a_host_that_the_operator_trusts_is_taken(tmp_path, monkeypatch):
    uris = [
        "https://account.blob.core.windows.net/container/x",
        "https://account.blob.core.usgovcloudapi.net/container",
        "https://account.z12.blob.storage.azure.net/container",
        "az://account/container",
    ]
    assert [each.uri for each in read(tmp_path, f"company: {uris}")[0].targets] == uris
    monkeypatch.setenv("FINOPS_BLOB_HOSTS", "storage.meridian.example, 127.0.0.1:10000")
    for trusted in ("https://storage.meridian.example/container", "https://127.0.0.1:10000/account/container"):
        assert read(tmp_path, f"company: ['{trusted}']")[0].targets == (Target(trusted),)
    with pytest.raises(BadInput, match="is not Azure's blob storage"):
        read(tmp_path, "company: ['https://127.0.0.1:10001/account/container']")


def test_a_missing_file_says_what_it_is_for(tmp_path):
    with pytest.raises(BadInput, match="say who gets statements where"):
        delivery.load(Settings(home=tmp_path, config_dir=tmp_path))
