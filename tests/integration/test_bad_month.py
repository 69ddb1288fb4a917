"""One bad month beside a good one, through the real services: published, named, mended, published."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import ColumnElement, update
from typer.testing import CliRunner

from finops.cli import app
from finops.core.atomic import sha256_of
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.sample.service import generate
from finops.stores import published
from finops.stores.state import ledger
from finops.stores.state.ledger import Delivery
from finops.stores.state.store import open_state
from finops.stores.state.tables import delivery_files

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

JANUARY = BillingPeriod(2025, 1)


@pytest.fixture
def whole_bills(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A month of AWS and of Google, landed."""
    out = tmp_path / "bills"
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    generate(out, months=1, lines_per_month=2_000, providers=[Provider.AWS, Provider.GCP], first_period=JANUARY)
    for provider in (Provider.AWS, Provider.GCP):
        ingest(settings, provider, str(out / provider))
    return out


@pytest.fixture
def bills(settings: Settings, whole_bills: Path) -> Path:
    """The same, but AWS's landed file is one that staging cannot cast."""
    with open_state(settings).connect() as connection:
        (delivery,) = ledger.current(connection, Provider.AWS)
    (file,) = delivery.files
    landed = settings.landing_dir / delivery.relative_path / file.local_name
    _rewrite(landed, "'much'")
    with open_state(settings).begin() as connection:
        # As if it had landed so: a file that has changed since is refused before dbt reads it.
        values = {"sha256": sha256_of(landed), "byte_count": landed.stat().st_size}
        connection.execute(update(delivery_files).values(values).where(_is_of(delivery)))
    return whole_bills


def _is_of(delivery: Delivery) -> ColumnElement[bool]:
    return delivery_files.c.delivery_id == delivery.delivery_id


def _rewrite(file: Path, cost: str) -> None:
    changed = file.with_suffix(".changed")
    rows = f"select * replace ({cost} as line_item_unblended_cost) from read_parquet('{file}', hive_partitioning=false)"
    with duckdb.connect() as connection:
        connection.execute(f"copy ({rows}) to '{changed}' (format parquet)")
    changed.replace(file)


def _deliver_again(bills: Path) -> None:
    """Let AWS write the month once more, with another cost in every line, as it restates months in place."""
    (part,) = bills.rglob("*BILLING_PERIOD=2025-01/*.parquet")
    (manifest,) = bills.rglob("metadata/BILLING_PERIOD=2025-01/*")
    _rewrite(part, "line_item_unblended_cost * 1")
    with duckdb.connect() as connection:
        rows = f"select * from read_parquet('{part}', hive_partitioning=false) order by line_item_unblended_cost"
        connection.execute(f"copy ({rows}) to '{part}.sorted' (format parquet)")
    Path(f"{part}.sorted").replace(part)
    content = manifest.read_bytes()
    manifest.unlink()
    manifest.write_bytes(content)


def test_the_good_month_is_published_the_bad_one_named_and_published_once_it_is_delivered_again(
    settings: Settings, bills: Path
) -> None:
    built = CliRunner().invoke(app, ["build"])

    assert built.exit_code == 1, built.output
    assert "Built gcp    2025-01" in built.output
    (line,) = [line for line in built.output.splitlines() if line.startswith("Held back: ")]
    with open_state(settings).connect() as connection:
        (delivery,) = ledger.current(connection, Provider.AWS)
    for named in ("aws 2025-01 cannot be built: dbt could not build stg_aws_cur2", delivery.delivery_id[:12]):
        assert named in line
    assert delivery.files[0].source_key in line
    assert "finops build --provider aws --billing-period 2025-01" in line
    assert set(published.latest(settings).manifest["fact"]["partitions"]) == {"gcp/2025-01"}

    # It is not tried again for nothing, and still it is said.
    again = CliRunner().invoke(app, ["build"])
    assert (again.exit_code, "Nothing else to do." in again.output, "Held back: aws" in again.output) == (1, True, True)
    status = json.loads(CliRunner().invoke(app, ["status", "--json"]).output)
    assert [(each["provider"], each["stage"]) for each in status["held_back"]] == [("aws", "build")]
    assert status["pending"] == []
    (held,) = status["held_back"]
    (named,) = held["deliveries"]
    assert named["delivery_id"] == delivery.delivery_id
    assert named["files"] == [file.source_key for file in delivery.files]
    assert "dbt could not build stg_aws_cur2" in held["reason"]
    assert "finops deliveries withdraw ID" in held["remedy"]
    (line,) = [line for line in CliRunner().invoke(app, ["status"]).output.splitlines() if line.startswith("Held back")]
    for text in (
        "aws 2025-01",
        delivery.delivery_id[:12],
        delivery.files[0].source_key,
        held["reason"],
        held["remedy"],
    ):
        assert text in line

    _deliver_again(bills / "aws")
    assert len(ingest(settings, Provider.AWS, str(bills / "aws")).landed) == 1
    mended = CliRunner().invoke(app, ["build", "--provider", "aws"])
    assert mended.exit_code == 0, mended.output
    assert "Held back" not in mended.output
    assert set(published.latest(settings).manifest["fact"]["partitions"]) == {"aws/2025-01", "gcp/2025-01"}
    assert json.loads(CliRunner().invoke(app, ["status", "--json"]).output)["held_back"] == []


def test_a_landed_file_that_was_changed_holds_back_its_month_alone_until_it_is_landed_again(
    settings: Settings, whole_bills: Path
) -> None:
    with open_state(settings).connect() as connection:
        (delivery,) = ledger.current(connection, Provider.AWS)
    landed = settings.landing_dir / delivery.relative_path / delivery.files[0].local_name
    landed.write_bytes(landed.read_bytes()[:-1])

    built = CliRunner().invoke(app, ["build"])

    assert built.exit_code == 1, built.output
    assert "Built gcp    2025-01" in built.output
    assert f"{landed} is not what was landed" in built.output
    assert set(published.latest(settings).manifest["fact"]["partitions"]) == {"gcp/2025-01"}

    landed.unlink()
    ingested = CliRunner().invoke(app, ["ingest", "--provider", "aws", "--from", str(whole_bills / "aws")])
    assert ingested.exit_code == 0, ingested.output
    assert "landed aws" in ingested.output
    assert CliRunner().invoke(app, ["build"]).exit_code == 0
    assert set(published.latest(settings).manifest["fact"]["partitions"]) == {"aws/2025-01", "gcp/2025-01"}
