"""From what is published and landed to published KPIs: build → gate → publish, one month at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops.core.errors import FinopsError
from finops.core.periods import BillingPeriod
from finops.core.progress import Progress
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.stores.candidate import Candidate, Verdict
    from finops.stores.published import Publication


@dataclass(frozen=True, slots=True)
class KpiReport:
    """What became of a month: the build that was published, or the one line that says why none was."""

    month: BillingPeriod
    build_id: str | None = None
    fault: str | None = None


def pending(settings: Settings) -> list[BillingPeriod]:
    """Return the published months whose KPIs are not made of what is published and landed now, in order."""
    from finops.transform.kpis.service import pending

    return pending(settings)


def run(
    settings: Settings, months: Sequence[BillingPeriod] | None, progress: Progress | None = None
) -> list[KpiReport]:
    """Build, check and publish the KPIs of the named months, or of all that are pending; a fault stops its month alone.

    Raise BadInput for a month that is not published.
    """
    return [_month(settings, each, progress) for each in (pending(settings) if months is None else months)]


def _month(settings: Settings, month: BillingPeriod, progress: Progress | None) -> KpiReport:
    try:
        candidate = build(settings, month, progress)
        gate(settings, candidate.build_id)
        publish(settings, candidate.build_id)
    except FinopsError as error:
        return KpiReport(month, fault=str(error))
    return KpiReport(month, build_id=candidate.build_id)


def build(settings: Settings, month: BillingPeriod, progress: Progress | None = None) -> Candidate:
    """Build a month's KPIs; return the candidate, which waits for the gate."""
    from finops.stores import workspaces
    from finops.telemetry.schemas import landed_columns
    from finops.transform.damage import discarding_damage
    from finops.transform.kpis.service import build

    with discarding_damage(settings.in_workspace(workspaces.KPIS)):
        return build(settings, month, landed_columns(), progress)


def gate(settings: Settings, build_id: str) -> Verdict:
    """Check a build of KPIs. Raise Finding where it may not be published, Superseded where a newer one took its place."""
    from finops.quality.service import check_kpis
    from finops.stores import workspaces
    from finops.transform.damage import discarding_damage

    work = settings.in_workspace(workspaces.KPIS)
    with discarding_damage(work):
        return check_kpis(work, build_id)


def publish(settings: Settings, build_id: str) -> Publication:
    """Publish a build that passed the gate. Raise Superseded where what it was made of has changed meanwhile."""
    from finops.stores import workspaces
    from finops.transform.damage import discarding_damage
    from finops.transform.kpis.publish import publish

    work = settings.in_workspace(workspaces.KPIS)
    with discarding_damage(work):
        return publish(work, build_id)
