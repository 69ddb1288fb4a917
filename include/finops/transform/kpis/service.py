"""Build the KPIs of one month: from the published version and landed telemetry, through dbt, to a candidate.

The layer is dbt's selection ``tag:kpi`` in a workspace of its own. It reads bills as every reader does, from what is
published, so new telemetry never builds the fact, and a bill that is published anew makes its month's KPIs pending.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from finops.core.atomic import write_whole
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.progress import Progress
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.policy import kpis
from finops.policy.kpis import KpiTargets
from finops.stores import published, workspaces
from finops.stores.candidate import KPIS, BuiltPeriod, Candidate, discard_candidate, save_candidate
from finops.stores.published import LAYOUT, Publication
from finops.stores.state import builds, period_inputs
from finops.stores.state import telemetry as ledger
from finops.stores.state.period_inputs import PeriodInput
from finops.stores.state.store import open_state
from finops.stores.state.telemetry import TelemetryDelivery
from finops.transform import recording, runner
from finops.transform.kpis import inputs
from finops.transform.kpis.inputs import Columns

KPI_LAYOUT = "5"
"""What the KPI marts look like. Another value makes every month's KPIs pending, in a workspace that begins anew."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What KPIs are made of: the published version, by which builds, all telemetry, the targets."""

    version: Publication
    published_by: dict[str, str]
    telemetry: list[TelemetryDelivery]
    targets: KpiTargets

    def digest(self, month: BillingPeriod) -> str:
        """Digest of what a month's KPIs are made of; changes when any of it does."""
        parts = {
            "layout": KPI_LAYOUT,
            "bills": {name: by for name, by in self.published_by.items() if name.endswith(f"/{month}")},
            "telemetry": sorted(each.delivery_id for each in inputs.telemetry_of(self.telemetry, month)),
            "targets": self.targets.model_dump(mode="json"),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def pending(settings: Settings) -> dict[BillingPeriod, str]:
    """Return the published months, in order, whose KPIs are not made of what is published and landed now.

    With each comes the digest of what they would be made of.
    """
    if (known := _known(settings)) is None:
        return {}
    built = {month: entry["digest"] for month, entry in known.version.manifest.get("kpis", {}).items()}
    now = {month: known.digest(month) for month in known.version.billing_periods}
    return {month: digest for month, digest in now.items() if built.get(str(month)) != digest}


def digest(settings: Settings, month: BillingPeriod) -> str | None:
    """Return the digest of what a month's KPIs would be made of now; None before anything is published."""
    known = _known(settings)
    return None if known is None else known.digest(month)


def build(settings: Settings, month: BillingPeriod, columns: Columns, progress: Progress | None = None) -> Candidate:
    """Build a month's KPIs in their workspace and return the candidate, which waits for the gate.

    ``columns`` are those of landed telemetry. Raise BadInput for a month that is not published, invalid targets, or a
    landed file that is gone, DbtFailed for a model or a tie-out that fails.
    """
    recording.record_current(settings)
    work = settings.in_workspace(workspaces.KPIS)
    with workspaces.holding(work):
        known = _known(settings)
        if known is None or month not in known.version.billing_periods:
            raise BadInput(f"billing period {month} is not published; run `finops build` first")
        discard_candidate(work)
        with recording.running(settings) as build_id:
            candidate = _candidate(work, build_id, month, known, columns, progress)
        save_candidate(work, candidate)
        return candidate


def _candidate(
    work: Settings,
    build_id: str,
    month: BillingPeriod,
    known: _Known,
    columns: Columns,
    progress: Progress | None,
) -> Candidate:
    _begin_anew_if_of_another_layout(work)
    telemetry = inputs.telemetry_of(known.telemetry, month)
    pairs = inputs.prepare(work, known.version, month, telemetry, columns, known.targets, _bills(work, month))
    runner.build(work, progress, layer=KPIS)
    digest = known.digest(month)
    scope = tuple(BuiltPeriod(Provider(provider), month, digest) for provider, _ in pairs)
    return Candidate(build_id, scope, layer=KPIS)


def _begin_anew_if_of_another_layout(work: Settings) -> None:
    """Remove a workspace of another release, whose tables have other columns; what is published is elsewhere."""
    marker = work.warehouse_dir / "layout"
    if marker.exists() and marker.read_text(encoding="utf-8") == KPI_LAYOUT:
        return
    shutil.rmtree(work.warehouse_dir, ignore_errors=True)
    work.warehouse_dir.mkdir(parents=True)
    write_whole(marker, KPI_LAYOUT)


def _bills(settings: Settings, month: BillingPeriod) -> Sequence[PeriodInput]:
    with open_state(settings).connect() as connection:
        return [each for each in period_inputs.landed(connection) if each.billing_period == month]


def _known(settings: Settings) -> _Known | None:
    """Return what there is; None before anything is published in this release's layout."""
    path = published.current_folder(settings)
    version = None if path is None else published.open_version(path)
    if version is None or version.layout != LAYOUT:
        return None
    with open_state(settings).connect() as connection:
        return _Known(version, builds.published_by(connection), ledger.all_current(connection), kpis.load(settings))
