"""Where builds work: a folder for each month, so that builds of different months never wait for each other.

A build of one month works in ``work/YYYY-MM``, one of more months in ``work/several``. A workspace holds one build at a
time, from its start until it is published, refused or replaced by the next. One that has been published stays, because
the next build of the same month finds seeds, views and dbt's parsed project in it; it goes with the next publication
of another.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager

from finops.core.errors import Superseded, Unavailable
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.settings import SEVERAL, Settings
from finops.stores import candidate
from finops.stores.state import builds
from finops.stores.state.store import open_state

logger = logging.getLogger(__name__)

PUBLISHED = "published"
"""Name of the lock that whoever writes published data holds."""

KPIS = "kpis"
"""The workspace in which KPIs are built, one month after the other. It stays."""


def for_months(settings: Settings, months: Collection[BillingPeriod]) -> Settings:
    """Return the settings for the workspace in which a build of these months works."""
    names = {str(month) for month in months}
    return settings.in_workspace(names.pop() if len(names) == 1 else SEVERAL)


def of_build(settings: Settings, build_id: str) -> Settings:
    """Return the settings for the workspace that holds a finished build. Raise Superseded where none does."""
    for name in _names(settings):
        found = settings.in_workspace(name)
        if candidate.build_id_of(found) == build_id:
            return found
    raise Superseded(
        f"build {build_id} is in no workspace any more, a newer build has taken its place; nothing of it is published"
    )


def holding(settings: Settings, *, wait_seconds: float = 600) -> AbstractContextManager[None]:
    """Hold the settings' workspace while the block runs. Raise Unavailable when another run holds it for longer."""
    return exclusive(settings, f"work-{settings.workspace}", wait_seconds=wait_seconds)


def remove_others(settings: Settings) -> None:
    """Remove the other workspaces whose build has ended, and what releases before this one kept in ``warehouse``."""
    shutil.rmtree(settings.root / "warehouse", ignore_errors=True)
    for name in set(_names(settings)) - {settings.workspace, KPIS}:
        other = settings.in_workspace(name)
        with _if_free(other) as is_free:
            if is_free and not _waits(other):
                logger.info("removing workspace %s, whose build has ended", name)
                shutil.rmtree(other.warehouse_dir)


def _names(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.work_dir.glob("*") if path.is_dir())


@contextmanager
def _if_free(settings: Settings) -> Iterator[bool]:
    try:
        with holding(settings, wait_seconds=0):
            yield True
    except Unavailable:
        yield False


def _waits(settings: Settings) -> bool:
    """Tell whether the workspace holds a finished build that the gate, or publication, is still to see."""
    build_id = candidate.build_id_of(settings)
    if build_id is None:
        return False
    with open_state(settings).connect() as connection:
        return builds.is_running(connection, build_id)
