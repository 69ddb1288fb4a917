"""Say what changed in a billing month between two of its loads. Reads the history of loads and nothing else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from finops.core.errors import BadInput
from finops.core.formats import Provider
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.restatements import compare
from finops.restatements.models import Difference, ReplacedLoad
from finops.stores import snapshots
from finops.stores.snapshots import RESOLUTION, Load, written
from finops.stores.state.store import open_state


def diff(
    settings: Settings,
    period: BillingPeriod,
    since: str | None = None,
    until: str | None = None,
    provider: Provider | None = None,
) -> Difference:
    """Return what changed in a month between two moments, each as ``loads.moment_of`` reads it.

    Without ``until`` the later state is the latest; without ``since`` the earlier one is the state that the newest
    publication in the later one replaced. Raise BadInput for a month or moment without loads, and for moments in
    the wrong order; Finding when the files no longer hold what was recorded of them.
    """
    with open_state(settings).connect() as state:
        end = None if until is None else snapshots.moment_of(state, period, until)
        after = snapshots.as_of(state, period, end, provider)
        if since is None:
            before = _replaced_by_newest(state, after, period, provider)
        else:
            start = snapshots.moment_of(state, period, since)
            if end is not None and start > end:
                raise BadInput(f"--from {since} ({written(start)}) is after --to {until} ({written(end)})")
            before = snapshots.as_of(state, period, start, provider)
    return _compare(settings, period, before, after)


def _replaced_by_newest(
    state: Connection, after: list[Load], period: BillingPeriod, provider: Provider | None
) -> list[Load]:
    newest = max(after, key=lambda load: load.loaded_at)
    began = min(load.loaded_at for load in after if load.build_id == newest.build_id)
    if not _loaded_before(state, began, period, provider):
        raise BadInput(
            f"{period} had loaded once by then, with build {newest.build_id} of {written(newest.loaded_at)}:"
            " there is no load before it to compare with"
        )
    return snapshots.as_of(state, period, began - RESOLUTION, provider)


def _loaded_before(state: Connection, moment: datetime, period: BillingPeriod, provider: Provider | None) -> bool:
    return any(load.loaded_at < moment for load in snapshots.of_period(state, period, provider))


def _compare(settings: Settings, period: BillingPeriod, before: list[Load], after: list[Load]) -> Difference:
    import duckdb

    with duckdb.connect() as connection:
        changes = compare.changes(
            connection, snapshots.daily_sql(settings, before), snapshots.daily_sql(settings, after)
        )
    totals = compare.totals(before, after)
    compare.require_complete(changes, totals)
    old = {load.provider: load for load in before}
    pairs = [ReplacedLoad(old.get(load.provider), load) for load in after]
    replaced = tuple(pair for pair in pairs if pair.before is None or pair.before.build_id != pair.after.build_id)
    return Difference(period, replaced, tuple(totals), tuple(changes))
