"""From bills to the FOCUS files that leave the platform, through the same services as any day's run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS, Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.quality import service as quality
from finops.sample.service import generate
from finops.stores import published
from finops.transform import publish
from finops.transform.export import export_focus
from finops.transform.service import build
from tests.real_bills import FILES, SHARED_DATA

MONTH = BillingPeriod(2025, 1)
SHARE = {Provider.AWS: 1, Provider.AZURE: 3, Provider.GCP: 3}
"""The sample's size is that of the AWS bill; the others get a third of it."""


def sample(folder: Path, lines: int) -> Iterator[tuple[str, Path]]:
    """Yield the name and FOCUS export of a sample month of each provider, of about so many lines, and of all together.

    Google's export names no invoice, the others do: in the last one some charges have an InvoiceId and others none.
    """
    settings = Settings(home=folder / "home")
    for provider in CLOUDS:
        generate(
            folder / "bills",
            months=1,
            lines_per_month=lines * SHARE[provider],
            first_period=MONTH,
            providers=(provider,),
        )
        ingest(settings, provider, str(folder / "bills" / provider))
    yield from _exported(settings, folder)
    out = folder / "all.parquet"
    export_focus(settings, MONTH, out)
    yield f"all {MONTH}", out


def real(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name and FOCUS export of each month of the real bills; nothing where they are not at hand."""
    if not SHARED_DATA.is_dir():
        return
    settings = Settings(home=folder / "home")
    for provider, file, source_format in FILES:
        ingest(settings, provider, str(SHARED_DATA / file), no_manifest=True, source_format=source_format)
    yield from _exported(settings, folder)


def _exported(settings: Settings, folder: Path) -> Iterator[tuple[str, Path]]:
    build(settings)
    quality.check(settings)
    publish.publish(settings)
    for name in published.latest(settings).manifest["fact"]["partitions"]:
        provider, period = name.split("/")
        out = folder / f"{provider}-{period}.parquet"
        export_focus(settings, BillingPeriod.parse(period), out, Provider(provider))
        yield f"{provider} {period}", out
