"""What changed in a billing month between two of its snapshots. Reads the history and nothing else."""

from __future__ import annotations

from sqlalchemy import Connection

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.restatements import compare
from finops.restatements.models import Difference, ReplacedSnapshot
from finops.stores import snapshots
from finops.stores.snapshots import RESOLUTION, Snapshot, written
from finops.stores.state.store import open_state


def diff(
    settings: Settings,
    period: BillingPeriod,
    since: str | None = None,
    until: str | None = None,
    provider: Provider | None = None,
) -> Difference:
    """Return what changed in a month between two moments, each as ``snapshots.moment_of`` reads it.

    Without ``until`` the later state is the latest; without ``since`` the earlier one is the state that the newest
    publication in the later one replaced. Raise BadInput for a month or moment without snapshots, and for moments in
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
    state: Connection, after: list[Snapshot], period: BillingPeriod, provider: Provider | None
) -> list[Snapshot]:
    newest = max(after, key=lambda snapshot: snapshot.published_at)
    began = min(snapshot.published_at for snapshot in after if snapshot.build_id == newest.build_id)
    if all(snapshot.published_at >= began for snapshot in snapshots.of_period(state, period, provider)):
        raise BadInput(
            f"{period} was published once by then, with build {newest.build_id} of {written(newest.published_at)}:"
            " there is no earlier snapshot to compare with"
        )
    return snapshots.as_of(state, period, began - RESOLUTION, provider)


def _compare(settings: Settings, period: BillingPeriod, before: list[Snapshot], after: list[Snapshot]) -> Difference:
    import duckdb

    old_rows, new_rows = snapshots.daily_sql(settings, before), snapshots.daily_sql(settings, after)
    with duckdb.connect() as connection:
        changes = compare.changes(connection, old_rows, new_rows)
    totals = compare.totals(before, after)
    compare.require_complete(changes, totals)
    old = {snapshot.provider: snapshot for snapshot in before}
    pairs = [ReplacedSnapshot(old.get(snapshot.provider), snapshot) for snapshot in after]
    replaced = tuple(pair for pair in pairs if pair.before is None or pair.before.build_id != pair.after.build_id)
    return Difference(period, replaced, tuple(totals), tuple(changes))
