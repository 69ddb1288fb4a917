"""AWS for the tests of actions: one process, started when a test first asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from action_steps import Account, World

from finops_airflow.local import aws_standin


@pytest.fixture(scope="session")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with aws_standin.running(tmp_path_factory.mktemp("aws")) as aws:
        yield World(aws, Account(aws.url))


@pytest.fixture
def world(_world: World) -> World:
    """AWS, which behaves at the start of each test and has forgotten what was called."""
    _world.aws.fail()
    _world.aws.calls()
    return _world
