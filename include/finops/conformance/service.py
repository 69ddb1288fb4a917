"""Read the published fact, one provider and billing period at a time."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence

from finops.conformance import scan, tally
from finops.conformance.models import Report
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.progress import Progress
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.core.sql import compose, literal
from finops.stores import published
from finops.stores.published import Publication


def report(
    settings: Settings,
    periods: Sequence[BillingPeriod] = (),
    provider: Provider | None = None,
    progress: Progress | None = None,
) -> Report:
    """Return the coverage of what is published. Empty ``periods``: all of them.

    Raise NotReady when nothing is published, BadInput when nothing is of a wanted period or provider.
    """
    publication = published.latest(settings)
    wanted = _wanted(publication, periods, provider)
    services, units_file = (settings.dbt_dir / "seeds" / name for name in ("focus_services.csv", "pricing_units.csv"))
    groups: list[scan.Group] = []
    with publication.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute(compose("set memory_limit = {limit}", limit=settings.memory_limit))
        for done, (name, period) in enumerate(wanted):
            if progress is not None:
                progress(f"{name} {period}", done, len(wanted))
            query = scan.query(publication.focus_sql(name, period), literal(services), literal(units_file))
            groups += [scan.group(name, row) for row in connection.execute(query).fetchall()]
    with units_file.open(encoding="utf-8", newline="") as file:
        units = {row["focus_unit"] for row in csv.DictReader(file)}
    rows: Counter[str] = Counter()
    for each in groups:
        rows[each.provider] += each.rows
    return Report(
        publication.build_id,
        tuple(sorted({str(period) for _, period in wanted})),
        dict(sorted(rows.items())),
        tally.coverage(groups),
        tally.findings(groups, units),
    )


def _wanted(
    publication: Publication, periods: Sequence[BillingPeriod], provider: Provider | None
) -> list[tuple[Provider, BillingPeriod]]:
    parts = [name.split("/") for name in publication.manifest["fact"]["partitions"]]
    there = [(Provider(name), BillingPeriod.parse(month)) for name, month in parts if provider in (None, name)]
    known = {period for _, period in there}
    of = "" if provider is None else f" of {provider}"
    listed = ", ".join(sorted(map(str, known))) or "no months"
    for period in periods:
        if period not in known:
            raise BadInput(f"nothing{of} is published for {period}; there are {listed}")
    if not there:
        raise BadInput(f"nothing{of} is published")
    return [each for each in there if not periods or each[1] in periods]
