"""A bill is delivered, one of its lines is restated, and finance asks what changed: through the real services."""

from __future__ import annotations

import csv
import random
from decimal import Decimal
from pathlib import Path

import duckdb

from finops.chargeback import service as chargeback
from finops.chargeback.service import explain
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.quality.service import check
from finops.restatements.service import diff
from finops.sample.service import generate
from finops.transform.export import AsOf, export_mart
from finops.transform.publish import publish
from finops.transform.service import build

JANUARY = BillingPeriod(2025, 1)
MORE = Decimal("3.25")


def _load(settings: Settings, bills: Path) -> str:
    """Ingest, build, judge and publish, as a day's run does; return the build."""
    ingest(settings, Provider.AWS, str(bills))
    assert build(settings) is not None
    assert check(settings).passed
    return publish(settings).build_id


def _restate(bills: Path) -> tuple[str, str]:
    """Let the provider charge more for one line, in place, as AWS does; return its account and category."""
    (part,) = bills.rglob("*BILLING_PERIOD=2025-01/*.parquet")
    (manifest,) = bills.rglob("metadata/BILLING_PERIOD=2025-01/*")
    restated = part.with_suffix(".restated")
    rows = f"read_parquet('{part}', file_row_number = true, hive_partitioning = false)"
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        number, account = connection.execute(
            "select file_row_number, line_item_usage_account_id"
            f" from {rows} where line_item_line_item_type = 'Usage' and line_item_net_unblended_cost > 0 limit 1"
        ).fetchall()[0]
        net = f"line_item_net_unblended_cost + case when file_row_number = {number} then {MORE} else 0 end"
        connection.execute(
            f"copy (select * exclude (file_row_number) replace ({net} as line_item_net_unblended_cost) from {rows})"
            f" to '{restated}' (format parquet)"
        )
    restated.replace(part)
    content = manifest.read_bytes()
    manifest.unlink()
    manifest.write_bytes(content)
    return account, "Usage"


def _statement_lines(settings: Settings) -> list[dict[str, str]]:
    """Publish the statements; return all direct and shared lines with the folder each stands in."""
    folder = chargeback.publish(settings, JANUARY).path
    found = []
    for path in sorted([*folder.glob("*/statement.csv"), *folder.glob("*/shared.csv")]):
        with path.open(encoding="utf-8", newline="") as handle:
            found += [{**row, "statement": f"{JANUARY}/{path.parent.name}"} for row in csv.DictReader(handle)]
    return found


def _ten_lines_add_up(settings: Settings, lines: list[dict[str, str]]) -> None:
    rng = random.Random(7)
    shared = [row for row in lines if row["rule_id"] != "direct"]
    direct = [row for row in lines if row["rule_id"] == "direct"]
    for row in (*rng.sample(direct, 5), *rng.sample(shared, 5)):
        found = explain(settings, row["statement"], row["line_id"])
        assert found.sources
        assert found.source_digest == row["source_digest"]
        for measure in ("effective", "billed"):
            added = sum((Decimal(s.row[f"{measure}_cost"]) * found.factor for s in found.sources), Decimal(0))
            assert abs(added - Decimal(row[f"{measure}_cost"])) < Decimal("0.005")


def test_one_restated_line_is_the_whole_difference_and_the_month_reads_as_it_was(
    settings: Settings, tmp_path: Path
) -> None:
    bills = tmp_path / "bills"
    generate(bills, months=1, lines_per_month=2_000, providers=[Provider.AWS], first_period=JANUARY)
    closed = _load(settings, bills / "aws")
    at_close = tmp_path / "at_close.csv"
    export_mart(settings, "fct_daily_costs", at_close)
    lines = _statement_lines(settings)
    _ten_lines_add_up(settings, lines)
    account, category = _restate(bills / "aws")
    restated = _load(settings, bills / "aws")

    # The statement is of the version before, which is still kept: it is explained as it was written.
    _ten_lines_add_up(settings, lines)
    found = diff(settings, JANUARY)

    (change,) = found.changes
    assert (change.sub_account_id, change.charge_category, change.billing_currency) == (account, category, "USD")
    assert (change.amounts.billed_change, change.amounts.effective_change) == (MORE, MORE)
    assert [total.amounts.billed_change for total in found.totals] == [MORE]
    (pair,) = found.replaced
    assert pair.before is not None
    assert (pair.before.build_id, pair.after.build_id) == (closed, restated)
    (delivery,) = pair.deliveries
    assert delivery.before is not None
    assert delivery.after is not None
    assert delivery.before.row_count == delivery.after.row_count == 2_000
    assert delivery.before.produced_at < delivery.after.produced_at

    then = tmp_path / "then.csv"
    export_mart(settings, "fct_daily_costs", then, as_of=AsOf(JANUARY, closed))
    assert then.read_bytes() == at_close.read_bytes()
