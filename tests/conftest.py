"""What every test shares: a closed network, a home of its own, and the real bills where they are at hand."""

from __future__ import annotations

import os
import signal
from functools import cache
from pathlib import Path

import pytest
import typer.testing
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pytest_socket import socket_allow_hosts

from finops.core.settings import Settings
from tests.real_bills import SHARED_DATA

# Processes that a test starts are outside the guard below: a proxy that nobody listens on closes their way out.
for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
    os.environ[name] = "http://127.0.0.1:9"
for name in ("NO_PROXY", "no_proxy"):
    os.environ[name] = "127.0.0.1,localhost,::1"
os.environ["DO_NOT_TRACK"] = "1"
# What whoever runs the tests has configured is not theirs.
for name in ("FINOPS_CONFIG_DIR", "FINOPS_HOME"):
    os.environ.pop(name, None)
# One parse of dbt's project serves every home; dbt itself notices when a file of it has changed.
os.environ["FINOPS_CACHE_DIR"] = str(Path(__file__).resolve().parents[1] / ".pytest_cache" / "finops")
# A shell starts what runs in the background deaf to Ctrl-C, and children inherit that; some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)
# A law holds on a busy machine too: no example has a time to keep.
examples.register_profile("house", examples(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("house")
# Typer makes all commands anew for each one that a test runs, which takes longer than most of them.
typer.testing._get_command = cache(typer.testing._get_command)


@pytest.fixture(autouse=True)
def _closed_network() -> None:
    """Any call that leaves loopback fails."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose home is empty and the test's own."""
    return Settings(home=tmp_path / "home")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real bills; the test is skipped, by name, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real bills are not beside this checkout")
    return SHARED_DATA
