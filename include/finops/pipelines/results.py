"""From a feature's rows to what readers see: stage → gate → publish. One run of a feature at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.stores.published import Publication
    from finops.stores.results import Results, ResultTable

KPIS = "kpis"
"""The layer of KPIs, for results that read them."""

SETTLING = timedelta(minutes=30)
"""How long bills that have landed may be on their way to readers before results are made without them."""


@contextmanager
def running(settings: Settings, feature: str) -> Iterator[None]:
    """Hold the feature's workspace while the block runs, so that no other run's rows get lost between two.

    Raise Unavailable, which a retry can mend, when another run holds it for longer than ten minutes.
    """
    from finops.stores import workspaces
    from finops.transform.results import service

    with workspaces.holding(service.workspace(settings, feature)):
        yield


def publish(
    settings: Settings, feature: str, tables: Sequence[ResultTable], results: Results, made_of: str
) -> Publication:
    """Stage, check and publish the rows of a run; return the version.

    Raise Finding where the gate refuses them: readers then keep the results before.
    """
    from finops.quality.service import check_layer
    from finops.transform.damage import discarding_damage
    from finops.transform.results import service

    work = service.workspace(settings, feature)
    with running(settings, feature), discarding_damage(work):
        candidate = service.stage(work, tables, results, made_of)
        check_layer(work, candidate.build_id)
        return service.publish(work, candidate.build_id)


def made_of(settings: Settings, feature: str) -> str:
    """Return the digest of what a feature's published results were made of; empty where none are."""
    from finops.transform.results import service

    return service.made_of(service.require_published(settings), feature) or ""


def digest(settings: Settings, configured: Any, layers: Sequence[str] = ()) -> str:
    """Return the digest of what results would be made of now: bills, the results of these layers, configuration.

    Raise NotReady before anything is published.
    """
    from finops.stores.state import builds
    from finops.stores.state.store import open_state
    from finops.transform.results import service

    version = service.require_published(settings)
    with open_state(settings).connect() as connection:
        bills = builds.published_by(connection)
    # What they were made of, and not by which build: a run for a past day makes nothing else out of date.
    made: dict[str, Any] = {layer: service.made_of(version, layer) for layer in layers}
    if KPIS in layers:
        made[KPIS] = {month: entry["digest"] for month, entry in version.manifest.get("kpis", {}).items()}
    parts = {"bills": bills, "layers": made, "configured": configured}
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def last_month(settings: Settings) -> BillingPeriod:
    """Return the last published month. Raise NotReady before anything is published."""
    from finops.stores import published

    return published.latest(settings).billing_periods[-1]


def bills_on_their_way(settings: Settings, now: datetime | None = None) -> list[str]:
    """Return the ``provider YYYY-MM`` that have landed lately and are still to be published.

    Their publication will ask for results again: until then none need to be made.
    """
    from finops.pipelines import marts

    since = (now or datetime.now(UTC)) - SETTLING
    return [
        f"{each.provider} {each.billing_period}"
        for each in marts.pending(settings)
        if any(delivery.landed_at > since for delivery in each.deliveries)
    ]
