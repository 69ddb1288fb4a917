"""Record in the state store which builds run, and what readers have.

A publication that is killed once readers have its version leaves that version unrecorded. Whoever comes next records
it first, be it the same build again, another build's publication or a new build: so all of them know what they replace,
and no build is published twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from finops.core.errors import FinopsError
from finops.core.locks import exclusive
from finops.core.settings import Settings
from finops.stores import published, snapshots, workspaces
from finops.stores.candidate import BuiltPeriod
from finops.stores.published import Publication
from finops.stores.state import builds
from finops.stores.state.store import open_state
from finops.transform import published_snapshots


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """Record a build that runs while the block does, and where it fails, why; yield its id."""
    build_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    state = open_state(settings)
    with state.begin() as connection:
        builds.start_build(connection, build_id)
    try:
        yield build_id
    except FinopsError as error:
        with state.begin() as connection:
            builds.finish_build(connection, build_id, "failed", str(error))
        raise


def record(settings: Settings, version: Publication) -> None:
    """Record a version, in one transaction: the snapshots of its scope, and that its periods are built."""
    scope = [BuiltPeriod.from_json(each) for each in version.manifest["scope"]]
    kept = published_snapshots.keep(settings, version, scope)
    digests = {(each.provider, each.billing_period): each.input_digest for each in scope}
    with open_state(settings).begin() as connection:
        for snapshot in kept:
            snapshots.record(connection, snapshot)
        builds.mark_built(connection, version.build_id, digests)
        builds.finish_build(connection, version.build_id, "published")


def record_current(settings: Settings) -> None:
    """Record the current version where its publication was killed before it had."""
    if _unrecorded(settings) is not None:
        with exclusive(settings, workspaces.PUBLISHED):
            # Asked again: whoever held the lock may have been recording it.
            if version := _unrecorded(settings):
                record(settings, version)


def _unrecorded(settings: Settings) -> Publication | None:
    path = published.current_folder(settings)
    version = None if path is None else published.open_version(path)
    # What is published in another layout is built again as a whole.
    if version is None or version.layout != published.LAYOUT:
        return None
    with open_state(settings).connect() as connection:
        return version if builds.is_running(connection, version.build_id) else None
