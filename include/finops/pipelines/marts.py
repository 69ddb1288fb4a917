"""From what has landed to what readers see: build → gate → publish → serve.

``build`` leaves a candidate in a workspace, ``gate`` a verdict on it, ``publish`` a version that readers open, and
``serve`` copies what changed into PostgreSQL. ``run`` does the first three in one process. Builds of different months
have workspaces of their own and run at once; publications take turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from finops.core.periods import BillingPeriod
from finops.core.progress import Progress
from finops.core.providers import Provider
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.serving.models import ServedReport
    from finops.stores.candidate import BuiltPeriod, Candidate, Verdict
    from finops.stores.published import Publication
    from finops.stores.state.held_back import HeldBack
    from finops.stores.state.period_inputs import PeriodInput


@dataclass(frozen=True, slots=True)
class PublishedBuild:
    """A build that passed the gate, and the version that readers now see."""

    candidate: Candidate
    verdict: Verdict
    publication: Publication

    @property
    def built(self) -> list[BuiltPeriod]:
        """What was published: the candidate's scope without what the gate refused."""
        refused = {(each.provider, each.billing_period) for each in self.verdict.refused}
        scope = self.candidate.scope
        return [each for each in scope if (each.provider, str(each.billing_period)) not in refused]


def run(
    settings: Settings,
    periods: Sequence[BillingPeriod] | None,
    progress: Progress,
    *,
    provider: Provider | None = None,
    retry: bool = False,
) -> PublishedBuild | None:
    """Build, check and publish the named months, or all that are pending; None when there is nothing to do.

    What cannot be built, or is refused, is held back (see ``held_back``) and the others are published. No other build
    of the same months starts in between. Raise what the steps raise when nothing can be; readers then keep the version
    before.
    """
    from finops.stores import workspaces

    work = _workspace(settings, periods, provider, retry=retry)
    with workspaces.holding(work):
        candidate = _build(work, periods, provider, retry=retry or periods is not None, progress=progress)
        if candidate is None:
            return None
        progress("gate", 0, 1)
        verdict = gate(settings, candidate.build_id)
        progress("publish", 0, 1)
        return PublishedBuild(candidate, verdict, publish(settings, candidate.build_id))


def build(
    settings: Settings,
    periods: Sequence[BillingPeriod] | None = None,
    *,
    retry: bool = False,
    progress: Progress | None = None,
) -> Candidate | None:
    """Build what is pending of the named months, or of all; None when there is nothing to do.

    With ``retry`` whatever is pending and held back is tried again.
    """
    if periods is not None:
        waiting = {item.billing_period for item in pending(settings, retry=retry)}
        periods = [period for period in periods if period in waiting]
        if not periods:
            return None
    return _build(_workspace(settings, periods, None, retry=retry), periods, None, retry=retry, progress=progress)


def _workspace(
    settings: Settings, periods: Sequence[BillingPeriod] | None, provider: Provider | None, *, retry: bool
) -> Settings:
    from finops.stores import workspaces

    if periods is None:
        found = pending(settings, retry=retry)
        periods = [item.billing_period for item in found if provider in (None, item.provider)]
    return workspaces.for_months(settings, periods)


def _build(
    work: Settings,
    periods: Sequence[BillingPeriod] | None,
    provider: Provider | None,
    *,
    retry: bool,
    progress: Progress | None,
) -> Candidate | None:
    from finops.transform.damage import discarding_damage, mend_views
    from finops.transform.service import build

    with discarding_damage(work):
        candidate = build(work, periods, provider=provider, retry=retry, progress=progress)
        if candidate is None:
            mend_views(work)
        return candidate


def gate(settings: Settings, build_id: str) -> Verdict:
    """Check a finished build and hold back what is at fault.

    Raise Finding when nothing of it may be published, Superseded when another build has taken its place.
    """
    from finops.quality.service import check
    from finops.stores import workspaces
    from finops.transform.damage import discarding_damage

    work = workspaces.of_build(settings, build_id)
    with discarding_damage(work):
        return check(work, build_id)


def publish(settings: Settings, build_id: str) -> Publication:
    """Publish a build that passed the gate; return the version. Raise Superseded when another has taken its place.

    What it is compared with may have been published since the gate: then the gate looks at that again.
    """
    from finops.core.locks import exclusive
    from finops.quality.service import check_again
    from finops.stores import workspaces
    from finops.transform.damage import discarding_damage
    from finops.transform.publish import leave_out_replaced, publish

    if (done := _recorded(settings, build_id)) is not None:
        # A task is run again whose end the scheduler did not hear of, and its workspace may be gone.
        return done
    work = workspaces.of_build(settings, build_id)
    with discarding_damage(work), workspaces.holding(work), exclusive(settings, workspaces.PUBLISHED):
        # Asked again: another publication may have recorded it meanwhile.
        if (done := _recorded(settings, build_id)) is not None:
            return done
        leave_out_replaced(work, build_id)
        check_again(work, build_id)
        return publish(work, build_id)


def _recorded(settings: Settings, build_id: str) -> Publication | None:
    """Return the version that a build was published as and recorded; None where it was not, or is no longer kept."""
    from finops.stores import published
    from finops.stores.state import builds
    from finops.stores.state.store import open_state

    with open_state(settings).begin() as connection:
        if builds.is_running(connection, build_id):
            return None
    return next((each for each in published.since(settings, None) if each.build_id == build_id), None)


def serve(settings: Settings) -> ServedReport | None:
    """Copy what changed of the published version into PostgreSQL; None where no database is configured."""
    from finops.serving.service import publish

    return publish(settings) if settings.serving_url else None


def pending(settings: Settings, *, retry: bool = False) -> list[PeriodInput]:
    """Return what has landed, could be built and is not. A month with only one of Azure's two exports could not.

    What is held back is left out, unless ``retry``.
    """
    from finops.stores.state import period_inputs
    from finops.stores.state.store import open_state

    with open_state(settings).begin() as connection:
        found = period_inputs.pending(connection) if retry else period_inputs.due(connection)
        return [item for item in found if item.missing_half is None]


def held_back(
    settings: Settings, periods: Sequence[BillingPeriod] | None = None, provider: Provider | None = None
) -> list[HeldBack]:
    """Return what is held back of these months and this provider, or of all."""
    from finops.stores.state import held_back
    from finops.stores.state.store import open_state

    with open_state(settings).begin() as connection:
        return held_back.standing(connection, None if provider is None else [provider], periods)


def describe(held: HeldBack) -> str:
    """Say in one line what is held back, why, from which deliveries and files, and what to do."""
    what = "cannot be built" if held.stage == "build" else "was refused by the gate"
    deliveries = "; ".join(
        f"delivery {each.delivery_id[:12]} of {each.source} ({shortened(f.source_key for f in each.files)})"
        for each in held.deliveries
    )
    return f"{held.provider} {held.billing_period} {what}: {held.reason}; from {deliveries}; {remedy(held)}"


def remedy(held: HeldBack) -> str:
    """Say what to do so that it is published."""
    again = f"`finops build --provider {held.provider} --billing-period {held.billing_period}`"
    return (
        "ingest a corrected delivery, or go back to the one before with "
        f"`finops deliveries withdraw ID --by WHO --why TEXT`, or remove the cause and run {again}"
    )


def shortened(names: Iterable[str]) -> str:
    """Return the first three of many names, and how many more there are."""
    found = list(names)
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")


def overdue(settings: Settings, landed_by: datetime) -> list[BillingPeriod]:
    """Return the months, in order, of which something is pending and had wholly landed by that moment."""
    found = (item for item in pending(settings) if all(each.landed_at <= landed_by for each in item.deliveries))
    return sorted({item.billing_period for item in found})
