"""From what is published to what could be saved: find → gate → publish → page."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.errors import Finding
from finops.core.settings import Settings
from finops.pipelines import forecasts, results

if TYPE_CHECKING:
    from finops.stores.state.suppressions import SetAside

logger = logging.getLogger(__name__)

FEATURE = "rightsizing"
_LAYERS = ("budgets", "anomalies", "action_savings", forecasts.REQUESTS, results.KPIS)


@dataclass(frozen=True, slots=True)
class Found:
    """A run: the build that published it, None where nothing had changed, and how many findings there are."""

    run_date: date
    build_id: str | None
    findings: int


def find(settings: Settings, run_date: date | None = None) -> Found:
    """Find what could be saved, publish it as ``mart_findings`` and write the page. No cloud is touched.

    The requests of endpoints are forecast by its run date first, where they are not yet. What was made of the same
    bills, KPIs, budgets, incidents, configuration and suppressions is not made again.
    Raise NotReady before the costs of resources are published, BadInput for an invalid ``rightsizing.yml`` or run
    date, Finding if the gate refuses.
    """
    from finops.rightsizing import service
    from finops.rightsizing.tables import TABLES

    _forecast_requests(settings, service.run_date_of(settings, run_date))
    with results.running(settings, FEATURE):
        suppressed, set_aside = _suppressed(settings), _set_aside(settings)
        planned = service.plan(settings, run_date, suppressed)
        before = results.made_of(settings, FEATURE)
        made_of = before if run_date is not None else _digest(settings, suppressed, set_aside)
        build_id = None
        if run_date is not None or before != made_of:
            rows = service.results(settings, planned, set_aside)
            build_id = results.publish(settings, FEATURE, TABLES, rows, made_of).build_id
        service.write_page(settings)
    return Found(planned.run_date, build_id, len(planned.found))


def _forecast_requests(settings: Settings, day: date) -> None:
    try:
        forecasts.run_requests(settings, day)
    except Finding as refused:
        # All other waste is found without them.
        logger.warning("requests are not forecast, and no scaling by the hour is proposed: %s", refused)


def scored(settings: Settings, truths: Path) -> list[str]:
    """Say how good the newest findings are by a sample's ``truths.json``: recall, precision, decoys, what is missed."""
    from finops.rightsizing import scoring

    return scoring.of_published(settings, truths).lines()


def _suppressed(settings: Settings) -> dict[str, str]:
    """Return why a person has said that a finding is to be left alone, by its key."""
    from finops.stores.state import suppressions
    from finops.stores.state.store import open_state

    with open_state(settings).connect() as connection:
        found = suppressions.current(connection, datetime.now(UTC).date())
    return {key: f"{each.author} until {each.until}: {each.reason}" for key, each in found.items()}


def _set_aside(settings: Settings) -> dict[str, SetAside]:
    """Return the rules whose savings did not come about."""
    from finops.stores.state import suppressions
    from finops.stores.state.store import open_state

    with open_state(settings).connect() as connection:
        return suppressions.set_aside(connection)


def _digest(settings: Settings, suppressed: Mapping[str, str], set_aside: Mapping[str, SetAside]) -> str:
    from finops.policy import rightsizing

    policy = rightsizing.load(settings)
    configured = (
        *(policy.rules.model_dump(mode="json"), policy.ledger.model_dump(mode="json")),
        *(sorted(suppressed.items()), sorted((rule, each.reason) for rule, each in set_aside.items())),
    )
    return results.digest(settings, configured, _LAYERS)
