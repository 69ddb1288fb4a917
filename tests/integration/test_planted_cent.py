"""A month is closed, then the provider restates it by a cent: through the real services, from the files to the page."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from finops.chargeback import service
from finops.chargeback.service import check_invoices
from finops.core.errors import Finding
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.quality.service import check
from finops.sample.service import generate
from finops.transform.publish import publish
from finops.transform.service import build

JANUARY, FEBRUARY, MARCH = (BillingPeriod(2025, month) for month in (1, 2, 3))
CENT = Decimal("0.01")


def load(settings: Settings) -> None:
    """Ingest, build, judge and publish, as a day's run does."""
    ingest(settings, Provider.AWS, str(settings.root / "sample" / "aws"))
    assert build(settings) is not None
    assert check(settings).passed
    publish(settings)


def plant_a_cent(settings: Settings, period: BillingPeriod) -> None:
    """Make one charge of a delivered file a cent more, and nothing else."""
    sample = settings.root / "sample" / "aws"
    (part,) = sample.rglob(f"*BILLING_PERIOD={period}/*.parquet")
    (manifest,) = sample.rglob(f"metadata/BILLING_PERIOD={period}/*")
    rows = f"read_parquet('{part}', file_row_number = true, hive_partitioning = false)"
    # A line that costs something: split-cost lines of containers cost nothing and are no charges.
    is_charge = "line_item_line_item_type = 'Usage' and line_item_net_unblended_cost > 0"
    first = f"(select min(file_row_number) from {rows} where {is_charge})"
    net = f"line_item_net_unblended_cost + case when file_row_number = {first} then {CENT} else 0 end"
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            f"copy (select * exclude (file_row_number) replace ({net} as line_item_net_unblended_cost) from {rows})"
            f" to '{part}.new' (format parquet)"
        )
    Path(f"{part}.new").replace(part)
    content = manifest.read_bytes()
    manifest.unlink()
    manifest.write_bytes(content)


def files_of(settings: Settings, period: BillingPeriod) -> dict[str, bytes]:
    """Return every file of a month's published statements."""
    folder = (settings.statements_dir / f"billing_period={period}").resolve()
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_cent_is_refused_before_the_close_and_an_adjustment_after_it(settings: Settings) -> None:
    sample = settings.root / "sample"
    generate(sample, months=3, lines_per_month=2_000, providers=[Provider.AWS], first_period=JANUARY)
    load(settings)
    tied = check_invoices(settings)
    assert [each.status for each in tied.comparisons] == ["ties", "ties", "not given"]
    service.close(settings, JANUARY, "Ann Lee")
    closed = files_of(settings, JANUARY)

    for period in (JANUARY, FEBRUARY):
        plant_a_cent(settings, period)
    ingest(settings, Provider.AWS, str(sample / "aws"))
    with pytest.raises(Finding, match="what has landed of aws is not published"):
        service.close(settings, FEBRUARY, "Ann Lee")
    load(settings)

    refused = check_invoices(settings, [FEBRUARY]).open
    assert [each.residue.unexplained for each in refused] == [-CENT]
    complaint = "invoice EUINGB25-0248217 of aws .*billing period 2025-02: -0.01 USD is unexplained"
    with pytest.raises(Finding, match=complaint):
        service.close(settings, FEBRUARY, "Ann Lee")

    service.publish(settings, JANUARY)
    assert files_of(settings, JANUARY) == closed
    company, *_ = service.publish(settings, FEBRUARY).statements
    block = company.sections[0].adjustments
    assert block is not None
    assert (block.exact_billed, block.exact_effective, block.billed, len(block.lines)) == (CENT, CENT, 1, 1)
    rows = files_of(settings, FEBRUARY)["company/adjustments.csv"].decode().splitlines()
    (line,) = csv.DictReader(rows)
    assert line["billing_period"] == "2025-01"
    assert "of meridian-cur2" in line["origin"]
