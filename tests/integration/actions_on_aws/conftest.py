"""AWS for the tests of actions: one process, and one engine, started when a test first asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from action_steps import World, engine

from finops.rightsizing import clients
from finops.stores.state import action_journal
from finops_airflow.local import aws_standin


@pytest.fixture(scope="session")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    memory = Path("/dev/shm")
    with (
        aws_standin.running(tmp_path_factory.mktemp("aws")) as aws,
        # In memory where the machine has files there: thousands of transactions wait for no disk.
        TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as home,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AWS_ENDPOINT_URL", aws.url)
        patch.setattr(clients, "_CALL_SECONDS", 1.5)
        world = World(aws, engine(Path(home)))
        yield world
        with world.to.database.connect() as connection:
            assert action_journal.verify(connection).fault == ""


@pytest.fixture
def world(_world: World) -> World:
    """AWS, which behaves at the start of each test and has forgotten what was called."""
    _world.aws.fail()
    _world.aws.calls()
    return _world
