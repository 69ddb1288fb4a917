"""Azure for the tests of actions: one server, started when a test first asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure_steps import azure
from cloud_steps import World

from finops.rightsizing.actions.azure import calls


@pytest.fixture(scope="session")
def _world() -> Iterator[World]:
    with azure() as world:
        yield world


@pytest.fixture
def world(_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Azure, which behaves at the start of each test and has forgotten what was done."""
    monkeypatch.setattr(calls, "PAUSE_SECONDS", 0)
    _world.cloud.fail()
    _world.cloud.operations.clear()
    server: Any = _world.cloud
    server.serving.settings.clear()
    _world.effects()
    return _world
