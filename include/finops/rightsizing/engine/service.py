"""The engine with a company's settings: state store, ``rightsizing.yml``, all actions, the configured accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from finops.core.settings import Settings
from finops.policy import rightsizing as policy
from finops.policy.rightsizing import Account
from finops.rightsizing.actions import registry
from finops.rightsizing.clients import Clients, ConfiguredClients
from finops.rightsizing.engine.tools import Clock, SystemClock, Tools
from finops.stores.state import action_journal, actions
from finops.stores.state.action_journal import JournalEntry, Verdict
from finops.stores.state.store import open_state

STOP_FILE = "STOP_ACTIONS"
"""While a file of this name is in FINOPS_HOME, no action does anything."""


def tools(
    settings: Settings,
    *,
    tells: bool = False,
    logins: Callable[[Account], Any] = lambda _: None,
    clients: Clients | None = None,
    clock: Clock | None = None,
) -> Tools:
    """Return what the engine works with. Raise BadInput for an invalid ``rightsizing.yml``.

    ``logins`` gives the session or credentials of an account that names an Airflow Connection; ``clients`` takes the
    place of the configured ones.
    """
    content = policy.load(settings)
    return Tools(
        database=open_state(settings),
        policy=content,
        clients=clients or ConfiguredClients(content, logins),
        find=registry.find,
        stop_file=settings.root / STOP_FILE,
        clock=clock or SystemClock(),
        tells=tells,
    )


def every(settings: Settings) -> list[actions.Action]:
    """Return all actions, the oldest first."""
    with open_state(settings).connect() as connection:
        return actions.all_of(connection)


def one(settings: Settings, action_id: str) -> actions.Action:
    """Return an action. Raise BadInput where there is none."""
    with open_state(settings).connect() as connection:
        return actions.require(connection, action_id)


def journal(settings: Settings, action_id: str | None = None) -> list[JournalEntry]:
    """Return the journal, of one action or of all. Raise BadInput for an action that there is not."""
    with open_state(settings).connect() as connection:
        if action_id is not None:
            actions.require(connection, action_id)
        return action_journal.entries(connection, action_id)


def verify_journal(settings: Settings, known: str = "") -> Verdict:
    """Check the chain of the journal; ``known`` is a hash that an entry must have."""
    with open_state(settings).connect() as connection:
        return action_journal.verify(connection, known)
