"""From the configured sources to the landing folder, one source at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

from finops.core.errors import BadInput, NotOffered
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.policy.sources import ConfiguredSource

logger = logging.getLogger(__name__)


class LandReport(TypedDict):
    """The billing periods that a source has landed, and a line for each delivery that needs somebody's attention."""

    source: str
    landed: list[str]
    blocked: list[str]


def sources_of(settings: Settings, provider: Provider | None = None) -> list[str]:
    """Return the names of the configured sources: of a cloud, of all other vendors (ANY_VENDOR), or of all."""
    from finops.policy.sources import load

    return [source.name for source in load(settings) if source.is_of(provider)]


def land(
    settings: Settings,
    name: str,
    period: BillingPeriod | None = None,
    *,
    client_for: Callable[[ConfiguredSource], object | None],
) -> LandReport:
    """Land what is new of one source, of one billing period or of all that the source offers.

    An incomplete delivery only waits. One that was quarantined or refused is ``blocked``; what else is new has landed
    all the same, so this step does not fail. A source that does not offer the period (a cloud that came into use later)
    has nothing to land. Raise BadInput when there is no such source.
    """
    from finops.ingest.service import ingest
    from finops.policy.sources import load

    source = next((each for each in load(settings) if each.name == name), None)
    if source is None:
        raise BadInput(f"there is no source {name!r} in sources.yml; it may have been renamed since the run began")
    try:
        report = ingest(
            settings,
            source.provider,
            source.uri,
            periods=None if period is None else [period],
            no_manifest=source.no_manifest,
            source=source.export,
            source_format=source.format,
            client=client_for(source),
        )
    except NotOffered as nothing:
        logger.info("%s", nothing)
        return LandReport(source=name, landed=[], blocked=[])
    blocked = []
    for each in report.rejections:
        line = f"{name} {each.billing_period or 'of no known period'} {each.outcome}: {each.reason}"
        logger.warning("%s", line)
        if each.outcome != "waiting":
            blocked.append(line)
    return LandReport(source=name, landed=sorted({str(d.billing_period) for d in report.landed}), blocked=blocked)
