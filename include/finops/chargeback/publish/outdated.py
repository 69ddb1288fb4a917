"""Which statements are behind what is published: told by manifests and the state store, never by events."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from finops.chargeback.publish import sets
from finops.chargeback.statement.adjustments import shows_adjustments_of
from finops.core.errors import NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores import published
from finops.stores.closed_files import closed_months
from finops.stores.state import builds
from finops.stores.state.store import open_state


def outdated(settings: Settings, published_by: datetime | None = None) -> list[BillingPeriod]:
    """Return the published open months without statements, or with some of less than is published, in their order.

    Statements are made from their own month, the one before, which they compare with, and the closed months whose
    adjustments they show. They are outdated once one of these is published by a later build than they were made from;
    the publication of any other month leaves them as good as they are.

    With ``published_by`` months are left out of which something was published after that moment. One small manifest is
    read for each month, and of the state store one row for each month and provider.
    """
    try:
        publication = published.latest(settings)
    except NotReady:
        return []
    available, closed = publication.billing_periods, closed_months(settings)
    shown = {period: _build_shown(settings, period) for period in available if period not in closed}
    with open_state(settings).connect() as connection:
        last = builds.last_builds(connection)
        began = builds.began(connection, {build for build in shown.values() if build})
    found = []
    for period, build in shown.items():
        sources = [each for month in _made_from(period, available, closed) for each in last.get(month, ())]
        is_fresh = any(published_by and each.finished_at and each.finished_at > published_by for each in sources)
        # A build that the state store does not know, after it was lost, counts as old unless it is what is published.
        is_behind = build not in began or any(each.started_at > began[build] for each in sources)
        if build != publication.build_id and is_behind and not is_fresh:
            found.append(period)
    return found


def _made_from(
    period: BillingPeriod, available: Collection[BillingPeriod], closed: Collection[BillingPeriod]
) -> set[BillingPeriod]:
    adjusted = {each for each in closed if shows_adjustments_of(each, available, closed) == period}
    return {period, period.previous} | adjusted


def _build_shown(settings: Settings, period: BillingPeriod) -> str | None:
    """Return the build of the statements that readers have; None where they have none, or none that can be read."""
    try:
        return str(sets.manifest_of(sets.link_of(settings.statements_dir, period))["build_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
