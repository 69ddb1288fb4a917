"""Tries everything that runs depend on, changes nothing, and says of each fault what is missing.

Each thing is tried by itself, at most for some seconds: one that hangs or fails holds back no other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from finops.core.errors import FinopsError
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.policy.channels import AnyChannel
    from finops.policy.rightsizing import Account, RightsizingPolicy
    from finops.policy.sources import ConfiguredSource

SECONDS = 20.0
"""How long one thing may take to answer."""

Client = Callable[[Any], Any]
"""From a source, channel or account that names an Airflow Connection to what it is reached with."""


class State(StrEnum):
    """How a thing stands."""

    OK = "ok"
    FAULT = "fault"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried. ``text`` says what was found, or what is missing and what to do."""

    area: str
    name: str
    state: State
    text: str = ""


@dataclass(frozen=True, slots=True)
class Connections:
    """What Airflow's Connections give for bills, telemetry, channels and accounts of actions. None outside Airflow."""

    bills: Client | None = None
    telemetry: Client | None = None
    channels: Client | None = None
    actions: Client | None = None


def run(settings: Settings, connections: Connections | None = None, *, tries_actions: bool = False) -> Iterator[Check]:
    """Yield each check as it is done: configuration, places, bills, telemetry, channels, actions, serving database.

    ``tries_actions``: the accounts of ``rightsizing.yml`` too while it says ``dry_run``, when no action needs them.
    """
    from finops.policy import check as policy

    given = connections or Connections()
    found = policy.check(settings)
    for file in found.files:
        yield Check("configuration", file.name, State.FAULT if file.fault else State.OK, file.fault or "")
    yield _tried("places", "home", lambda: _home(settings))
    yield _tried("places", "state store", lambda: _state(settings))
    yield _tried("places", "published", lambda: _published(settings))
    for source in found.sources:
        yield of_source(source, given.bills)
    yield from _of_telemetry(settings, given.telemetry)
    yield from _of_channels(settings, given.channels)
    yield from _of_actions(settings, given.actions, tries_actions=tries_actions)
    if settings.serving_url is not None:
        yield _tried("places", "serving database", lambda: _serving(settings))


def of_source(source: ConfiguredSource, client_for: Client | None = None) -> Check:
    """Try whether the bills of one source can be listed."""
    from finops.ingest.reach import reach

    return _of_connection("bills", source, client_for, lambda client: reach(source.uri, client))


def _of_telemetry(settings: Settings, client_for: Client | None) -> Iterator[Check]:
    from finops.policy import telemetry
    from finops.telemetry.readers import reach

    try:
        sources = telemetry.load(settings)
    except FinopsError:
        return  # Its file is among the faults already.
    for source in sources:
        yield _of_connection("telemetry", source, client_for, partial(reach, source))


def _of_channels(settings: Settings, client_for: Client | None) -> Iterator[Check]:
    from finops.policy import channels

    try:
        known = channels.load(settings).channels
    except FinopsError:
        return
    for channel in known:
        if channel.type == "mail":
            continue
        yield _of_connection("channels", channel, client_for, partial(_secret, settings, channel))


def _secret(settings: Settings, channel: AnyChannel, client: Any) -> None:
    from finops.notifications.secrets import secret_of

    secret_of(settings, channel, lambda _: client)


def _of_actions(settings: Settings, login_for: Client | None, *, tries_actions: bool) -> Iterator[Check]:
    from finops.policy import rightsizing

    try:
        policy = rightsizing.load(settings)
    except FinopsError:
        return
    yield Check("actions", "dry_run", State.OK, "true: actions are only shown" if policy.dry_run else "false")
    yield _approvers(policy)
    yield Check("actions", "kill switch", State.OK, _stopped(settings, policy))
    denies = _denies(settings)
    for account in policy.accounts:
        name = f"{account.provider} {account.id}"
        if not account.is_allowed:
            yield Check("actions", name, State.NOT_TRIED, "is_allowed is false: nothing is done in it")
        elif policy.dry_run and not tries_actions:
            yield Check("actions", name, State.NOT_TRIED, "dry_run is true; `finops doctor --actions` tries it")
        else:
            yield _of_account(name, policy, account, login_for, denies=denies)


def _denies(settings: Settings) -> bool:
    """Tell whether a budget's policy may deny new capacity: then accounts must let that be done."""
    from finops.policy import budgets

    try:
        lines = budgets.lines(settings).lines
    except FinopsError:
        return False
    return any(each.action is budgets.Action.DENY for line in lines for each in line.actions)


def _approvers(policy: RightsizingPolicy) -> Check:
    if policy.approvers or policy.dry_run:
        return Check(
            "actions", "approvers", State.OK, ", ".join(policy.approvers) or "none; with dry_run none is needed"
        )
    says = "nobody can approve an action; name approvers in rightsizing.yml"
    return Check("actions", "approvers", State.FAULT, says)


def _stopped(settings: Settings, policy: RightsizingPolicy) -> str:
    from finops.rightsizing.engine.service import STOP_FILE

    file = settings.root / STOP_FILE
    if file.exists():
        return f"{file} is there: no action does anything; remove it to go on"
    return "off" if policy.actions_enabled else "actions_enabled is false: no action does anything"


def _of_account(
    name: str, policy: RightsizingPolicy, account: Account, login_for: Client | None, *, denies: bool
) -> Check:
    from finops.rightsizing.clients import ConfiguredClients
    from finops.rightsizing.reach import reach

    if account.connection is not None and login_for is None:
        where = f"its credentials are in the Airflow Connection {account.connection}"
        return Check("actions", name, State.NOT_TRIED, where)
    clients = ConfiguredClients(policy, login_for or (lambda _: None))
    return _tried("actions", name, lambda: reach(policy, account, clients, denies=denies))


def _of_connection(area: str, thing: Any, client_for: Client | None, look: Callable[[Any], None]) -> Check:
    """Try a thing with the client of its Connection; without Airflow one that names a Connection is not tried."""
    if getattr(thing, "connection", None) is None:
        return _tried(area, thing.name, lambda: look(None))
    if client_for is None:
        where = f"its credentials are in the Airflow Connection {thing.connection}"
        return Check(area, thing.name, State.NOT_TRIED, where)
    return _tried(area, thing.name, lambda: look(client_for(thing)))


def _tried(area: str, name: str, look: Callable[[], str | None]) -> Check:
    answers: list[Check] = []
    thread = threading.Thread(target=lambda: answers.append(_answer(area, name, look)), daemon=True)
    thread.start()
    thread.join(SECONDS)
    return answers[0] if answers else Check(area, name, State.FAULT, f"it did not answer in {SECONDS:.0f} seconds")


def _answer(area: str, name: str, look: Callable[[], str | None]) -> Check:
    try:
        return Check(area, name, State.OK, look() or "")
    except FinopsError as error:
        return Check(area, name, State.FAULT, str(error))
    except Exception as error:  # An SDK's own, such as credentials that it does not find.
        return Check(area, name, State.FAULT, f"{type(error).__name__}: {' '.join(str(error).split())}")


def _home(settings: Settings) -> str:
    from finops.core.errors import BadInput

    home = settings.root
    there = next(each for each in (home, *home.parents) if each.exists())
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        raise BadInput(f"{there} cannot be written; make it writable, or point FINOPS_HOME elsewhere")
    free = os.statvfs(there)
    return f"{home}, {free.f_bavail * free.f_frsize / 2**30:,.0f} GiB free"


def _state(settings: Settings) -> str:
    from finops.stores.state import store

    if not store.is_begun(settings):
        return "none yet; the first run begins it"
    store.open_state(settings)
    return f"at revision {store.SCHEMA_REVISION}"


def _published(settings: Settings) -> str:
    from finops.core.errors import NotReady
    from finops.stores import published

    try:
        version = published.latest(settings)
    except NotReady:
        return "nothing yet; `finops ingest` and `finops build` publish"
    months = version.billing_periods
    return f"build {version.build_id}, {months[0]} to {months[-1]}" if months else f"build {version.build_id}"


def _serving(settings: Settings) -> None:
    from finops.serving.database import transaction

    with transaction(settings):
        pass
