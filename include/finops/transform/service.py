"""Build: what the ledger says is pending, through dbt, to a candidate that waits for the gate."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops.core.atomic import write_whole
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.progress import Progress
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.policy import tags
from finops.policy.tags import TagPolicy
from finops.stores import published, workspaces
from finops.stores.candidate import BuiltPeriod, Candidate, discard_candidate, save_candidate
from finops.stores.closed_files import closed_months
from finops.stores.published import LAYOUT, READER
from finops.stores.state import builds, held_back, period_inputs
from finops.stores.state.period_inputs import PeriodInput
from finops.stores.state.store import open_state
from finops.transform import damage, recording

if TYPE_CHECKING:
    from finops.policy.allocation import Rules
    from finops.policy.allocation.drivers import Quantity

logger = logging.getLogger(__name__)

_STORED_FILES = (
    "read_parquet('{{root}}/provider=*/billing_period=*/{leaf}.parquet', "
    "hive_partitioning = true, hive_types_autocast = false)"
)


def build(
    settings: Settings,
    periods: Sequence[BillingPeriod] | None = None,
    *,
    provider: Provider | None = None,
    retry: bool | None = None,
    progress: Progress | None = None,
) -> Candidate | None:
    """Build in the settings' workspace what has landed; return the candidate, or None when nothing is pending.

    Without ``periods`` the scope is every (provider, billing period) whose current deliveries differ from those it was
    last built from. Named periods are built whether they are pending or not. ``retry`` tells whether what is held back
    is tried again; without it, only named periods are. ``provider`` keeps the scope to its bills. When what is
    published is of another layout, all that had been built joins the scope.

    A pair that cannot be built is recorded as held back, and the candidate has the others. Raise BadInput for a period
    that nothing has landed for, for an invalid tag policy or invalid allocation rules, FinopsError when no pair can be
    built, Unavailable when another build holds the workspace.
    """
    recording.record_current(settings)
    asked = _Asked(periods, provider, periods is not None if retry is None else retry)
    if not _scope(settings, asked):
        return None
    with workspaces.holding(settings):
        # Asked again: whoever held the lock may have built it meanwhile.
        scope = _scope(settings, asked)
        return _build(settings, scope, progress) if scope else None


@dataclass(frozen=True, slots=True)
class _Asked:
    periods: Sequence[BillingPeriod] | None
    provider: Provider | None
    retry: bool


def _scope(settings: Settings, asked: _Asked) -> list[PeriodInput]:
    with open_state(settings).connect() as connection:
        landed, pending = period_inputs.landed(connection), period_inputs.pending(connection)
        found = pending if asked.periods is None else _named(landed, asked)
        left_out = [] if asked.retry else period_inputs.held_back(connection)
        found = [item for item in found if asked.provider in (None, item.provider) and item not in left_out]
        if _is_published_otherwise(settings):
            # All that is published is laid out anew at once; what was never built waits as it did.
            built = period_inputs.built(connection)
            found = [item for item in landed if item in found or (item.provider, item.billing_period) in built]
            # What is held back would keep all others from the new layout.
            found = [period_inputs.as_published(connection, item) if item in left_out else item for item in found]
        return period_inputs.with_files(connection, [item for item in found if _is_whole(item)])


def _is_published_otherwise(settings: Settings) -> bool:
    """Tell whether something is published, by a release that lays it out otherwise than this one does."""
    path = published.current_folder(settings)
    return path is not None and published.open_version(path).layout != LAYOUT


def _has_warehouse(settings: Settings) -> bool:
    """Tell whether the workspace has a warehouse of this layout that can be opened."""
    marker = settings.warehouse_dir / "layout"
    is_of_this_layout = marker.exists() and marker.read_text(encoding="utf-8") == LAYOUT
    return is_of_this_layout and damage.opens(settings.warehouse_path)


def _named(landed: list[PeriodInput], asked: _Asked) -> list[PeriodInput]:
    periods = asked.periods or ()
    items = [item for item in landed if asked.provider in (None, item.provider)]
    known = sorted({item.billing_period for item in items})
    for period in periods:
        if period not in known:
            whose = "" if asked.provider is None else f" of {asked.provider}"
            have = f"{known[0]} to {known[-1]} have landed" if known else "nothing has landed yet"
            raise BadInput(f"billing period {period} has no deliveries{whose} ({have}); run `finops ingest` first")
    return [item for item in items if item.billing_period in periods]


def _is_whole(item: PeriodInput) -> bool:
    if half := item.missing_half:
        says = "%s %s waits for its %s export: one half would be wrong without looking wrong%s"
        only = "; without reservations and savings plans, land it with --format azure_only_actual"
        logger.warning(says, item.provider, item.billing_period, half, only if half == "amortized" else "")
    return half is None


def _build(settings: Settings, scope: list[PeriodInput], progress: Progress | None) -> Candidate:
    from finops.policy import allocation

    policy, rules = tags.load(settings), allocation.load(settings)
    discard_candidate(settings)
    with recording.running(settings) as build_id:
        candidate = _candidate(settings, build_id, scope, policy, rules, progress)
    write_whole(settings.warehouse_dir / "layout", LAYOUT)
    save_candidate(settings, candidate)
    return candidate


def _candidate(
    settings: Settings,
    build_id: str,
    scope: list[PeriodInput],
    policy: TagPolicy,
    rules: Rules,
    progress: Progress | None,
) -> Candidate:
    """Build what can be built of the scope and hold back the rest. Raise what dbt raises when nothing can."""
    from finops.policy import allocation
    from finops.transform import buildable, inputs

    closed = closed_months(settings)
    with open_state(settings).connect() as connection:
        replaces = builds.published_by(connection)
    all_or_nothing = _is_published_otherwise(settings)
    if not _has_warehouse(settings):
        shutil.rmtree(settings.warehouse_dir, ignore_errors=True)
        settings.warehouse_dir.mkdir(parents=True)

    def attempt(items: Sequence[PeriodInput]) -> list[Quantity]:
        quantities = inputs.prepare(settings, items, policy, rules, closed)
        _run_dbt(settings, progress)
        return quantities

    done = buildable.build(settings, scope, attempt, all_or_nothing=all_or_nothing)
    _hold_back(settings, build_id, done.faults)
    if done.error is not None:
        raise done.error
    months = sorted({item.billing_period for item in done.built})
    known_closed = tuple(str(month) for month in months if month in closed)
    allocations = {str(month): allocation.digest(rules, done.quantities, str(month)) for month in months}
    built = tuple(map(_built, done.built))
    digests = (policy.digest, policy.parents_digest, allocations)
    return Candidate(build_id, built, *digests, known_closed, replaces, all_or_nothing)


def _hold_back(settings: Settings, build_id: str, faults: Sequence[tuple[PeriodInput, str]]) -> None:
    for item, reason in faults:
        logger.warning("%s %s is held back: %s", item.provider, item.billing_period, reason)
    digests = {(item.provider, item.billing_period): item.digest for item, _ in faults}
    reasons = {(item.provider, item.billing_period): reason for item, reason in faults}
    with open_state(settings).begin() as connection:
        held_back.hold(connection, build_id, held_back.BUILD, digests, reasons)


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
