"""Run one measurement in a process of its own: ``python -m tests.bench.measure NAME HOME [BILLING_PERIOD]``.

Prints CPU seconds (user and system), seconds without those of starting Python, and peak resident memory, as JSON.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

TEXT = [
    "bill_billing_entity",
    "bill_invoice_id",
    "bill_invoicing_entity",
    "bill_payer_account_id",
    "bill_payer_account_name",
    "capacity_reservation_capacity_reservation_arn",
    "capacity_reservation_capacity_reservation_status",
    "line_item_availability_zone",
    "line_item_currency_code",
    "line_item_legal_entity",
    "line_item_line_item_description",
    "line_item_line_item_type",
    "line_item_operation",
    "line_item_product_code",
    "line_item_resource_id",
    "line_item_usage_account_id",
    "line_item_usage_account_name",
    "line_item_usage_type",
    "pricing_rate_code",
    "pricing_unit",
    "product_instance_family",
    "product_instance_type",
    "product_product_family",
    "product_region_code",
    "product_sku",
    "reservation_reservation_a_r_n",
    "reservation_total_reserved_normalized_units",
    "reservation_total_reserved_units",
    "savings_plan_savings_plan_a_r_n",
]
NUMBERS = [
    "line_item_net_unblended_cost",
    "line_item_normalized_usage_amount",
    "line_item_unblended_cost",
    "line_item_usage_amount",
    "pricing_public_on_demand_cost",
    "reservation_effective_cost",
    "reservation_net_effective_cost",
    "reservation_net_unused_amortized_upfront_fee_for_billing_period",
    "reservation_net_unused_recurring_fee",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_normalized_unit_quantity",
    "reservation_unused_quantity",
    "reservation_unused_recurring_fee",
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "savings_plan_net_amortized_upfront_commitment_for_billing_period",
    "savings_plan_net_recurring_commitment_for_billing_period",
    "savings_plan_net_savings_plan_effective_cost",
    "savings_plan_recurring_commitment_for_billing_period",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
]
MOMENTS = ["bill_billing_period_start_date", "line_item_usage_end_date", "line_item_usage_start_date"]
MAPS = ["cost_category", "resource_tags"]


def decode(settings: Settings, period: str) -> None:
    """Read every column the mapping needs, under the cheapest aggregate that statistics cannot answer."""
    import duckdb

    wanted = [f"sum(strlen({name}))" for name in TEXT]
    wanted += [f"sum({name})" for name in NUMBERS]
    wanted += [f"sum(epoch_us({name}))" for name in MOMENTS]
    wanted += [f"sum(cardinality({name}))" for name in MAPS]
    files = settings.landing_dir / "provider=aws" / "source=*" / f"billing_period={period}" / "*" / "*.parquet"
    with duckdb.connect(config={"threads": settings.threads, "memory_limit": settings.memory_limit}) as connection:
        connection.execute(f"select {', '.join(wanted)} from read_parquet('{files}')").fetchall()


def build(settings: Settings, period: str) -> None:
    """Build one month: inputs, dbt, fact and marts."""
    from finops.transform import service

    if service.build(settings, [BillingPeriod.parse(period)]) is None:
        raise SystemExit("nothing was built")


def release(settings: Settings, period: str) -> None:
    """Judge the build and publish it."""
    from finops.quality.service import check
    from finops.transform.publish import publish

    check(settings)
    publish(settings)


def statements(settings: Settings, period: str) -> int:
    """Write the statements of a published month in all formats; return how many there are."""
    from finops.chargeback.service import publish

    return len(publish(settings, BillingPeriod.parse(period)).statements)


def nothing(settings: Settings, period: str) -> None:
    """Ask for what is pending, where nothing is."""
    from finops.transform import service

    if service.build(settings) is not None:
        raise SystemExit("something was pending")


def land(settings: Settings, period: str) -> None:
    """Land the legacy report beside a home as one downloaded by hand."""
    _land(settings, "legacy.csv", "legacy-home")


def land_little(settings: Settings, period: str) -> None:
    """Land a few lines of it: what starting costs."""
    _land(settings, "legacy-few.csv", "legacy-few-home")


def _land(settings: Settings, report: str, home: str) -> None:
    from finops.core.formats import Provider
    from finops.ingest.service import ingest

    found = ingest(
        Settings(home=settings.root / home),
        Provider.AWS,
        str(settings.root / report),
        no_manifest=True,
        source="legacy",
    )
    if found.not_taken:
        raise SystemExit(str(found.not_taken))


def convert(settings: Settings, period: str) -> None:
    """Have focus-converter convert the legacy report beside a home, as it does by default."""
    _convert(settings, "legacy.csv")


def convert_bare(settings: Settings, period: str) -> None:
    """Have it leave out the native columns, which its rows carry by default."""
    _convert(settings, "legacy.csv", "--no-export-include-source-columns")


def convert_little(settings: Settings, period: str) -> None:
    """Have it convert a few lines: what starting it costs."""
    _convert(settings, "legacy-few.csv")


def _convert(settings: Settings, report: str, *options: str) -> None:
    """Run the converter; its own processes are what is measured."""
    from tests.bench.rival import ENVIRONMENT

    with tempfile.TemporaryDirectory(dir=settings.root) as out:
        command = [ENVIRONMENT / "bin" / "focus-converter", "convert", "--provider", "aws-cur"]
        command += ["--data-format", "csv", "--data-path", settings.root / report]
        command += ["--export-path", out, "--export-format", "parquet", *options]
        # Where it fails it waits for its own writers for ever.
        subprocess.run(command, check=True, capture_output=True, timeout=900)


MEASUREMENTS: dict[str, Callable[[Settings, str], int | None]] = {
    each.__name__: each
    for each in (
        *(decode, build, release, statements, nothing),
        *(land, land_little, convert, convert_bare, convert_little),
    )
}


def main() -> None:
    """Run the named measurement and print what it cost."""
    name, home, period = sys.argv[1:4]
    measured = MEASUREMENTS[name]
    started = time.perf_counter()
    made = measured(Settings(home=Path(home)), period)
    wall = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN if name.startswith("convert") else resource.RUSAGE_SELF)
    found = {"cpu": used.ru_utime + used.ru_stime, "wall": wall, "peak_mb": used.ru_maxrss / 1024, "made": made or 0}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
