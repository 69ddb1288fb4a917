"""From what has landed to what readers see: build → gate → publish → serve.

``build`` leaves a candidate in the warehouse, ``gate`` a verdict on it, ``publish`` a version that readers open, and
``serve`` copies what changed into PostgreSQL. ``run`` does the first three in one process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from finops.core.periods import BillingPeriod
from finops.core.progress import Progress
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.serving.models import ServedReport
    from finops.stores.candidate import Candidate, Verdict
    from finops.stores.published import Publication
    from finops.stores.state.period_inputs import PeriodInput


@dataclass(frozen=True, slots=True)
class PublishedBuild:
    """A build that passed the gate, and the version that readers now see."""

    candidate: Candidate
    verdict: Verdict
    publication: Publication


def run(settings: Settings, periods: Sequence[BillingPeriod] | None, progress: Progress) -> PublishedBuild | None:
    """Build, check and publish the named months, or all that are pending; None when there is nothing to do.

    Raise what the steps raise; readers then keep the version before.
    """
    candidate = build(settings, periods, force=True, progress=progress)
    if candidate is None:
        return None
    progress("gate", 0, 1)
    verdict = gate(settings)
    progress("publish", 0, 1)
    return PublishedBuild(candidate, verdict, publish(settings))


def build(
    settings: Settings,
    periods: Sequence[BillingPeriod] | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Candidate | None:
    """Build what is pending of the named months, or of all; None when there is nothing to do.

    With ``force`` the named months are built though nothing has changed.
    """
    from finops.transform.service import build

    if periods is not None and not force:
        waiting = {item.billing_period for item in pending(settings)}
        periods = [period for period in periods if period in waiting]
        if not periods:
            return None
    return build(settings, periods, progress=progress)


def gate(settings: Settings) -> Verdict:
    """Check the finished build. Raise Finding, naming the expectations, when it must not be published."""
    from finops.quality.service import check

    return check(settings)


def publish(settings: Settings) -> Publication:
    """Publish the build that passed the gate; return the version."""
    from finops.transform.publish import publish

    return publish(settings)


def serve(settings: Settings) -> ServedReport | None:
    """Copy what changed of the published version into PostgreSQL; None where no database is configured."""
    from finops.serving.service import publish

    return publish(settings) if settings.serving_url else None


def pending(settings: Settings) -> list[PeriodInput]:
    """Return what has landed, could be built and is not. A month with only one of Azure's two exports could not."""
    from finops.stores.state import period_inputs
    from finops.stores.state.store import open_state

    with open_state(settings).begin() as connection:
        return [item for item in period_inputs.pending(connection) if item.missing_half is None]


def overdue(settings: Settings, landed_by: datetime) -> list[BillingPeriod]:
    """Return the months, in order, of which something is pending and had wholly landed by that moment."""
    found = (item for item in pending(settings) if all(each.landed_at <= landed_by for each in item.deliveries))
    return sorted({item.billing_period for item in found})
