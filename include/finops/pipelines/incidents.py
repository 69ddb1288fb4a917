"""From what is published, forecasts among it, to incidents: detect → gate → publish → pages."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.progress import Progress
from finops.core.settings import Settings
from finops.pipelines import forecasts, results

if TYPE_CHECKING:
    from finops.stores.published import Publication

FEATURE = "anomalies"


def is_due(settings: Settings) -> bool:
    """Tell whether bills, forecasts, feedback or ``anomalies.yml`` are newer than the published incidents."""
    return results.made_of(settings, FEATURE) != _digest(settings)


def run(settings: Settings, run_date: date | None = None, progress: Progress | None = None) -> Publication:
    """Detect, as of a run date or of the last day that has bills, publish the incidents and return the version.

    Raise NotReady before any bills are published, BadInput for an invalid ``anomalies.yml`` or feedback, Finding where
    the gate refuses.
    """
    from finops.anomalies import service
    from finops.anomalies.tables import TABLES

    with results.running(settings, FEATURE):
        made_of = _digest(settings) if run_date is None else results.made_of(settings, FEATURE)
        found = service.run(settings, run_date=run_date, progress=progress)
        return results.publish(settings, FEATURE, TABLES, found, made_of)


def write_pages(settings: Settings) -> Path:
    """Write the index of incidents and a page for each; return where the index is."""
    from finops.anomalies import service

    return service.write_pages(settings)


def scored(settings: Settings, labels: Path) -> list[str]:
    """Say how good the published incidents are by a sample's ``labels.csv``: precision, recall, cause, delay."""
    from finops.anomalies import scoring

    return scoring.of_published(settings, labels).lines()


def _digest(settings: Settings) -> str:
    from finops.anomalies import feedback
    from finops.policy import anomalies

    configured = [anomalies.load(settings).model_dump(mode="json"), feedback.digest(settings)]
    return results.digest(settings, configured, [forecasts.FEATURE])
