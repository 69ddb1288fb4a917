"""A message goes to the address that was checked, encrypted, and never into a private network."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from finops.notifications import http
from finops.notifications.models import Broken, NoAnswer

pytestmark = pytest.mark.integration

PRIVATE = [
    *("10.0.0.1", "172.16.9.9", "192.168.1.1", "127.0.0.1", "0.0.0.0", "100.64.0.1", "224.0.0.1", "240.0.0.1"),
    *("169.254.169.254", "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"),
    *("64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "2002:a00:1::", "::"),
]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and the addresses that they resolve to, an answer each time; the last one stays."""
    found: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host not in found:
            return real(host, port, *arguments, **options)
        address = found[host].pop(0) if len(found[host]) > 1 else found[host][0]
        return real(address, port, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return found


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_to_a_private_address_is_refused(address, names, settings):
    names["hooks.example"] = [address]
    with pytest.raises(Broken, match=r"leads to a (private or loopback|link-local) address"):
        http.post(settings, "https://hooks.example/secret-path", b"{}", {})


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"])
def test_the_address_of_a_machine_s_credentials_is_refused_whatever_is_trusted(address, names, settings):
    names["hooks.example"] = [address]
    settings.channel_hosts = "hooks.example"
    with pytest.raises(Broken, match="link-local"):
        http.post(settings, "http://hooks.example/x", b"{}", {})


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address):
    assert http.is_public(ipaddress.ip_address(address))


def test_a_name_that_answers_differently_the_second_time_leads_nowhere_else(names, settings, chats):
    names["hooks.example"] = ["127.0.0.1", "10.0.0.1"]
    settings.channel_hosts = "hooks.example"
    assert http.post(settings, f"http://hooks.example:{chats.port}/slack", b"{}", {}) == "ok"
    (posted,) = chats.taken["slack"]
    assert posted.headers["Host"] == f"hooks.example:{chats.port}"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "ftp://hooks.example/x",
        "words",
        "https://[::1",
        "https://u:p@hooks.example/",
        "",
        "https://",
    ],
)
def test_an_address_that_is_not_encrypted_or_is_none_is_refused_and_not_repeated(url, settings):
    with pytest.raises(Broken, match="its address") as caught:
        http.post(settings, url, b"{}", {})
    assert "hooks.example" not in str(caught.value)


def test_a_name_without_an_address_may_have_one_later(settings, names, monkeypatch):
    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(NoAnswer, match="cannot be resolved"):
        http.post(settings, "https://hooks.example/x", b"{}", {})


@pytest.fixture
def encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server on loopback whose certificate, of an authority that is trusted, is that of hooks.example alone."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks")])
    now = datetime.datetime.now(datetime.UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = (
        built.serial_number(1)
        .not_valid_before(now - datetime.timedelta(1))
        .not_valid_after(now + datetime.timedelta(1))
    )
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate, secret = tmp_path / "ca.pem", tmp_path / "key.pem"
    certificate.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*form))
    monkeypatch.setattr(http, "authorities", lambda: ssl.create_default_context(cafile=str(certificate)))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_the_certificate_is_that_of_the_name_though_the_connection_goes_to_the_address(encrypted, names, settings):
    names["hooks.example"] = names["other.example"] = ["127.0.0.1"]
    settings.channel_hosts = "hooks.example,other.example"
    assert http.post(settings, f"https://hooks.example:{encrypted}/x", b"{}", {}) == ""
    with pytest.raises(NoAnswer, match="cannot be reached"):
        http.post(settings, f"https://other.example:{encrypted}/x", b"{}", {})


def test_retry_after_is_seconds_or_a_date_and_at_most_six_hours():
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    found = [
        http.retry_after(each, now) for each in ("30", "Thu, 01 Jan 2026 00:02:00 GMT", "999999", "-5", "soon", "")
    ]
    assert [each and each.total_seconds() for each in found] == [30, 120, 21600, None, None, None]
