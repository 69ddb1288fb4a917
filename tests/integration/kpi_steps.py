"""A home with planted truths and published KPIs, made by every step of the product."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kpi_world import World

from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.pipelines import kpis, marts, telemetry
from finops.sample.service import generate
from finops.stores import published

_LINES = 12_000
"""The smallest bill that has every truth in every month."""


@contextmanager
def planted(folder: Path, first: BillingPeriod, months: int) -> Iterator[World]:
    """Yield some months of all clouds, from the sample to published KPIs; telemetry is configured as it is shipped."""
    settings = Settings(home=folder / "home")
    sample = settings.root / "sample"
    generate(sample, months=months, lines_per_month=_LINES, first_period=first)
    for provider in CLOUDS:
        ingest(settings, provider, str(sample / provider))
    assert marts.run(settings, None, lambda *_: None) is not None
    for source in telemetry.sources_of(settings):
        report = telemetry.take(settings, source)
        assert report.landed
        assert report.rejections == ()
    reports = kpis.run(settings, None)
    assert [each.fault for each in reports] == [None] * months
    with published.latest(settings).connect() as connection:
        yield World(settings, connection)
