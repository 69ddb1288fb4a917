"""From what is published and landed to published KPIs: build → gate → publish, one month at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops.core.errors import BadInput, FinopsError, Superseded
from finops.core.periods import BillingPeriod
from finops.core.progress import Progress
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.stores.candidate import Candidate, Verdict
    from finops.stores.kpi_faults import KpiFault
    from finops.stores.published import Publication


@dataclass(frozen=True, slots=True)
class KpiReport:
    """What became of a month: the build that was published, or the one line that says why none was."""

    month: BillingPeriod
    build_id: str | None = None
    fault: str | None = None


def pending(settings: Settings, *, retry: bool = False) -> list[BillingPeriod]:
    """Return the published months whose KPIs are not made of what is published and landed now, in order.

    A month that failed with just that is left out, unless ``retry``.
    """
    from finops.transform.kpis.service import pending

    found = pending(settings)
    failed = {} if retry else {month: fault.digest for month, fault in faults(settings).items()}
    return [month for month, digest in found.items() if failed.get(month) != digest]


def faults(settings: Settings) -> dict[BillingPeriod, KpiFault]:
    """Return the months that stay on their last published KPIs, and why."""
    from finops.stores import kpi_faults

    return kpi_faults.standing(settings)


def run(
    settings: Settings, months: Sequence[BillingPeriod] | None, progress: Progress | None = None
) -> list[KpiReport]:
    """Build, check and publish the KPIs of the named months, or of all that are pending; a fault stops its month alone.

    Whoever asks means it: a month that failed with what it is made of is tried again.

    Raise BadInput, before anything is built, for a month that is not published.
    """
    from finops.stores import published

    known = published.latest(settings).billing_periods
    for each in months or ():
        if each not in known:
            raise BadInput(f"billing period {each} is not published; there are {', '.join(map(str, known))}")
    return [_month(settings, each, progress) for each in (pending(settings, retry=True) if months is None else months)]


def _month(settings: Settings, month: BillingPeriod, progress: Progress | None) -> KpiReport:
    try:
        candidate = build(settings, month, progress)
        gate(settings, candidate.build_id, month)
        publish(settings, candidate.build_id)
    except FinopsError as error:
        return KpiReport(month, fault=str(error))
    return KpiReport(month, build_id=candidate.build_id)


def build(settings: Settings, month: BillingPeriod, progress: Progress | None = None) -> Candidate:
    """Build a month's KPIs; return the candidate, which waits for the gate. A fault of the month is noted."""
    from finops.stores import workspaces
    from finops.telemetry.schemas import landed_columns
    from finops.transform.damage import discarding_damage
    from finops.transform.kpis.service import build

    with _noting(settings, month), discarding_damage(settings.in_workspace(workspaces.KPIS)):
        return build(settings, month, landed_columns(), progress)


def gate(settings: Settings, build_id: str, month: BillingPeriod) -> Verdict:
    """Check a build of a month's KPIs, and note its fault if it has one.

    Raise Finding where it may not be published, Superseded where a newer build took its place.
    """
    from finops.quality.service import check_layer
    from finops.stores import workspaces
    from finops.transform.damage import discarding_damage

    work = settings.in_workspace(workspaces.KPIS)
    with _noting(settings, month), discarding_damage(work):
        return check_layer(work, build_id)


def publish(settings: Settings, build_id: str) -> Publication:
    """Publish a build that passed the gate. Raise Superseded where what it was made of has changed meanwhile."""
    from finops.stores import kpi_faults, workspaces
    from finops.transform.damage import discarding_damage
    from finops.transform.kpis.publish import publish

    work = settings.in_workspace(workspaces.KPIS)
    with discarding_damage(work):
        version = publish(work, build_id)
    months = [month for month, entry in version.manifest["kpis"].items() if entry["build_id"] == build_id]
    for month in months:
        kpi_faults.note(settings, BillingPeriod.parse(month), None)
    return version


@contextmanager
def _noting(settings: Settings, month: BillingPeriod) -> Iterator[None]:
    """Note what stops a month, so that it is not tried again with the same; what a retry can mend is not noted."""
    from finops.stores import kpi_faults
    from finops.stores.kpi_faults import KpiFault
    from finops.transform.kpis.service import digest

    try:
        yield
    except FinopsError as error:
        found = None if error.is_retryable or isinstance(error, Superseded) else digest(settings, month)
        if found is not None:
            kpi_faults.note(settings, month, KpiFault(found, str(error)))
        raise
