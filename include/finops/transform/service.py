"""Build: what the ledger says is pending, through dbt, to a candidate that waits for the gate."""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime

from finops.core.atomic import write_whole
from finops.core.errors import BadInput, FinopsError
from finops.core.locks import exclusive
from finops.core.periods import BillingPeriod
from finops.core.progress import Progress
from finops.core.settings import Settings
from finops.policy import tags
from finops.stores.candidate import BuiltPeriod, Candidate, save_candidate
from finops.stores.closed_files import closed_months
from finops.stores.published import READER
from finops.stores.state import builds, period_inputs
from finops.stores.state.period_inputs import PeriodInput
from finops.stores.state.store import open_state

logger = logging.getLogger(__name__)

LAYOUT = "10"
"""What the stored fact and the marts look like. Another value makes the next build rebuild every landed month."""

_STORED_FILES = (
    "read_parquet('{{root}}/provider=*/billing_period=*/{leaf}.parquet', "
    "hive_partitioning = true, hive_types_autocast = false)"
)


def build(
    settings: Settings, periods: Sequence[BillingPeriod] | None = None, *, progress: Progress | None = None
) -> Candidate | None:
    """Bring the warehouse up to what has landed; return the candidate, or None when nothing is pending.

    Without ``periods`` the scope is every (provider, billing period) whose current deliveries differ from those it was
    last built from. Named periods are built whether they are pending or not. When the warehouse is gone, or has
    another layout, what had been built joins the scope. Raise BadInput for a period that nothing has landed for, for
    an invalid tag policy or invalid allocation rules, FinopsError when dbt fails, Unavailable when another build runs.
    """
    if not _scope(settings, periods):
        return None
    with exclusive(settings, "warehouse"):
        # Asked again: whoever held the lock may have built it meanwhile.
        scope = _scope(settings, periods)
        return _build(settings, scope, progress) if scope else None


def _scope(settings: Settings, periods: Sequence[BillingPeriod] | None) -> list[PeriodInput]:
    with open_state(settings).connect() as connection:
        landed, pending = period_inputs.landed(connection), period_inputs.pending(connection)
        found = pending if periods is None else _named(landed, periods)
        if not _is_of_this_layout(settings):
            # What was built is gone with its warehouse; what was never built waits as it did.
            found = [item for item in landed if item in found or item not in pending]
        return period_inputs.with_files(connection, [item for item in found if _is_whole(item)])


def _is_of_this_layout(settings: Settings) -> bool:
    """Tell whether the warehouse is there and was written by a version that lays it out as this one does."""
    marker = settings.warehouse_dir / "layout"
    return marker.exists() and marker.read_text(encoding="utf-8") == LAYOUT


def _named(landed: list[PeriodInput], periods: Sequence[BillingPeriod]) -> list[PeriodInput]:
    known = sorted({item.billing_period for item in landed})
    for period in periods:
        if period not in known:
            have = f"{known[0]} to {known[-1]} have landed" if known else "nothing has landed yet"
            raise BadInput(f"billing period {period} has no deliveries ({have}); run `finops ingest` first")
    return [item for item in landed if item.billing_period in periods]


def _is_whole(item: PeriodInput) -> bool:
    if half := item.missing_half:
        says = "%s %s waits for its %s export: one half would be wrong without looking wrong"
        logger.warning(says, item.provider, item.billing_period, half)
    return half is None


def _build(settings: Settings, scope: list[PeriodInput], progress: Progress | None) -> Candidate:
    from finops.policy import allocation
    from finops.transform import inputs

    policy = tags.load(settings)
    rules = allocation.load(settings)
    build_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    # From here on the warehouse is no longer what the last candidate says it is.
    (settings.warehouse_dir / "candidate.json").unlink(missing_ok=True)
    closed = closed_months(settings)
    state = open_state(settings)
    with state.begin() as connection:
        builds.start_build(connection, build_id)
    try:
        if not _is_of_this_layout(settings):
            shutil.rmtree(settings.warehouse_dir, ignore_errors=True)
            settings.warehouse_dir.mkdir(parents=True)
        quantities = inputs.prepare(settings, scope, policy, rules, closed)
        _run_dbt(settings, progress)
    except FinopsError as error:
        with state.begin() as connection:
            builds.finish_build(connection, build_id, "failed", str(error))
        raise
    write_whole(settings.warehouse_dir / "layout", LAYOUT)
    allocations = {each: allocation.digest(rules, quantities, each) for each in {str(i.billing_period) for i in scope}}
    built = tuple(map(_built, scope))
    periods = {item.billing_period for item in scope}
    known_closed = tuple(sorted(map(str, periods & set(closed))))
    candidate = Candidate(build_id, built, policy.digest, policy.parents_digest, allocations, known_closed)
    save_candidate(settings, candidate)
    return candidate


def _built(item: PeriodInput) -> BuiltPeriod:
    deliveries = tuple(delivery.delivery_id for delivery in item.deliveries)
    return BuiltPeriod(item.provider, item.billing_period, item.digest, deliveries)


def _run_dbt(settings: Settings, progress: Progress | None) -> None:
    from finops.transform import runner

    nodes = runner.build(settings, progress)
    if "fct_focus_costs" not in nodes:
        return
    query = str(nodes["fct_focus_costs"].compiled_sql)
    for model, leaf in (("focus_charges", "part"), ("focus_charge_details", "details")):
        query = query.replace(str(nodes[model].relation), _STORED_FILES.format(leaf=leaf))
    # For readers who have no warehouse: the SELECT that gives the stored files every FOCUS column.
    write_whole(settings.focus_dir / READER, query)
