"""No command tells a secret: planted in every option, setting and configuration file, in every kind of address."""

from __future__ import annotations

import io
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from finops import cli
from finops.core import redaction
from finops.core.settings import Settings

CANARY = "canary-91c2"
ADDRESSES = {
    "login": "postgresql+psycopg://finops:{}@127.0.0.1:1/finops",
    "login that breaks": "postgresql+psycopg://finops:x/y@z:{}@127.0.0.1:1/finops",
    "login of no port": "postgresql://finops:{}@127.0.0.1:port/finops",
    "encoded login": "postgresql://finops:%40%2F{}%3A@127.0.0.1:1/finops",
    "parameter": "postgresql://127.0.0.1:1/finops?user=finops&password={}",
    "key of a certificate": "postgresql://finops@127.0.0.1:1/finops?sslpassword={}&sslmode=require",
    "unknown parameter": "postgresql://finops@127.0.0.1:1/finops?passphrase={}",
    "other database": "mysql://finops:{}@127.0.0.1:1/finops",
    "no address": "postgresql://finops:{}@[::1/finops",
    "words": "host=127.0.0.1 port=1 user=finops password={} dbname=finops",
    "quoted words": "host=127.0.0.1 user=finops password='a {}' dbname=finops",
    "bucket": "s3://AKIA0000:{}@bucket/prefix",
    "signature": "https://account.blob.core.windows.net/c?sv=2024-01-01&sig={}",
    "storage key": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}==;EndpointSuffix=x",
    "webhook": "https://hooks.slack.com/services/T000/B000/{}",
    "mail": "smtp://mailer:{}@127.0.0.1:1",
    "token": "https://{}@127.0.0.1:1/x",
}
SETTINGS = [f"FINOPS_{name.upper()}" for name in Settings.model_fields if name != "project_dir"]
CHECKED = [
    each for each in SETTINGS if each.endswith(("_PORT", "_ENCRYPTION", "_LIMIT", "THREADS", "_KEEP", "_SCHEMA"))
]
"""Settings that are refused when they hold an address."""
URLS = ("FINOPS_STATE_URL", "FINOPS_SERVING_URL")
GOOD = {"billing_period": "2026-05", "provider": "aws", "number": "1", "month": "2026-05", "currency": "USD"}
"""What an option gets so that the command goes on to the one that is tried."""
SMALL = ("--months=1", "--lines-per-month=100", "--provider=aws")


def commands(found: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the parser, so that a new one is tried too."""
    found = get_command(cli.app) if found is None else found
    subcommands = getattr(found, "commands", None)
    if not subcommands:
        yield path, found
    for name, each in (subcommands or {}).items():
        yield from commands(each, (*path, name))


COMMANDS = dict(commands())
each_command = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home with a minimal configuration; nothing is known of what another test has planted."""
    monkeypatch.setattr(redaction, "_known", set())
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setenv("FINOPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(configuration(tmp_path / "config")))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def configuration(folder: Path) -> Path:
    folder.mkdir()
    (folder / "sources.yml").write_text("sources: []\n", encoding="utf-8")
    (folder / "tag_policy.yml").write_text("{}\n", encoding="utf-8")
    return folder


def told(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Run a command as the shell does; return all that it wrote to either output."""
    out, err = io.StringIO(), io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", ["finops", *arguments])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        try:
            cli.main()
        except SystemExit:
            pass
        except BaseException:
            traceback.print_exc()  # As the interpreter does, to what standard error is then.
    return out.getvalue() + err.getvalue()


def arguments_of(path: tuple[str, ...], planted: str = "", value: str = "") -> list[str]:
    """Return a command line with what the command requires, and ``value`` for the parameter ``planted``."""
    given: list[str] = []
    for each in COMMANDS[path].params:
        if each.name != planted and not each.required:
            continue
        text = value if each.name == planted else GOOD.get(each.name, "x.csv")
        given += [text] if not each.opts[0].startswith("-") else [f"{each.opts[0]}={text}"]
    return [*path, *given, *(SMALL if path == ("sample",) and planted not in ("months", "lines_per_month") else ())]


def assert_untold(what: str, home: Path, where: str) -> None:
    assert "91c2" not in what, f"{where}: {what}"
    for file in home.rglob("*"):
        assert not file.is_file() or b"91c2" not in file.read_bytes(), f"{where}: it is in {file}"


def test_there_are_commands_to_walk() -> None:
    assert len(COMMANDS) > 25
    assert {("ingest",), ("serve", "grant"), ("config", "check"), ("chargeback", "deliver")} <= set(COMMANDS)


def turn(number: int) -> str:
    """Return one kind of address after the other: all commands together try every kind many times."""
    return [*ADDRESSES.values()][number % len(ADDRESSES)].format(CANARY)


@each_command
def test_an_option_is_never_told_with_its_secret(path, home, monkeypatch) -> None:
    options = [p.name for p in COMMANDS[path].params if not getattr(p, "is_flag", False) and p.name != "help"]
    first = [*COMMANDS].index(path)
    for number, name in enumerate(options):
        for step in range(len(ADDRESSES) if name == "origin" else 1):
            arguments = arguments_of(path, name, turn(first + 5 * number + step))
            assert_untold(told(monkeypatch, *arguments), home, " ".join(arguments))


@each_command
def test_a_setting_is_never_told_with_its_secret(path, home, monkeypatch) -> None:
    first = 3 * [*COMMANDS].index(path)
    for name in (each for each in SETTINGS if each.startswith("FINOPS_SMTP_") and each not in CHECKED):
        monkeypatch.setenv(name, turn(first))
    for number in range(first, first + 3):
        monkeypatch.setenv("FINOPS_STATE_URL", turn(number))
        monkeypatch.setenv("FINOPS_SERVING_URL", turn(number))
        assert_untold(told(monkeypatch, *arguments_of(path)), home, f"{turn(number)} {path}")


@pytest.mark.parametrize("kind", ADDRESSES)
@pytest.mark.parametrize("command", [("status",), ("serve", "publish")], ids=" ".join)
def test_no_setting_is_told_with_its_secret_in_any_kind_of_address(command, kind, home, monkeypatch) -> None:
    for name in ("FINOPS_STATE_URL", "FINOPS_SERVING_URL", *(CHECKED if kind == "login" else ())):
        with monkeypatch.context() as patch:
            patch.setenv(name, ADDRESSES[kind].format(CANARY))
            assert_untold(told(patch, *command), home, f"{name}={kind}")


@pytest.mark.parametrize("kind", ADDRESSES)
def test_a_configuration_file_is_never_told_with_its_secret(kind, home, tmp_path, monkeypatch) -> None:
    address = ADDRESSES[kind].format(CANARY).replace("'", "''")
    contents = {
        "sources.yml": f"sources: [{{name: a, provider: aws, uri: '{address}'}}]",
        "delivery.yml": f"company: ['{address}']",
        "tag_policy.yml": f"keys: '{address}'",
        "cost_centers.yml": f"'{address}': 1",
        "budgets.yml": f"budgets: [{{cost_center: '{address}'}}]",
    }
    for name, content in contents.items():
        (tmp_path / "config" / name).write_text(content, encoding="utf-8")
    for arguments in (["config", "check", "--json", "--no-connect"], ["ingest"], ["-vv", "build"]):
        assert_untold(told(monkeypatch, *arguments), home, " ".join(arguments))


def test_settings_in_memory_show_no_secret(monkeypatch) -> None:
    for name in (*URLS, "FINOPS_SMTP_PASSWORD"):
        monkeypatch.setenv(name, ADDRESSES["login"].format(CANARY))
    assert "91c2" not in repr(Settings())
    assert "91c2" not in str(Settings())


def test_a_fault_of_the_platform_itself_tells_no_secret(monkeypatch) -> None:
    """A traceback quotes values that nobody has looked at."""

    def broken(*_: object) -> None:
        raise RuntimeError(f"connecting to https://h/c?sig={CANARY} with {CANARY}-known")

    monkeypatch.setenv("FINOPS_SMTP_PASSWORD", f"{CANARY}-known")
    monkeypatch.setattr(cli.log, "configure", broken)
    found = told(monkeypatch, "status")
    assert "RuntimeError" in found
    assert "91c2" not in found
