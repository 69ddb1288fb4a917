"""The same bills land the same, whether from a folder or from the service their cloud keeps them in."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from servers.bigquery import BigQueryServer
from servers.blob import ACCOUNT, BlobServer
from servers.s3 import S3Server

from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS, Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.stores.state import ledger
from finops.stores.state.store import open_state
from finops.transform.service import build

pytestmark = pytest.mark.integration

MONTHS = (BillingPeriod(2025, 1), BillingPeriod(2025, 2))


@pytest.fixture
def from_folder(tmp_path: Path) -> Settings:
    """A home that takes the bills from folders."""
    return Settings(home=tmp_path / "from-folder")


def objects_below(folder: Path) -> dict[str, bytes]:
    """The files of a folder as keys and contents."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def landed(settings: Settings, provider: Provider) -> list[ledger.Delivery]:
    """The current deliveries of both months, with their totals and files."""
    with open_state(settings).begin() as connection:
        found = [each for month in MONTHS for each in ledger.current(connection, provider, month)]
        whole = [ledger.find(connection, each.delivery_id) for each in found]
    return sorted((each for each in whole if each), key=lambda each: (each.billing_period, each.source))


def totals(deliveries: list[ledger.Delivery]) -> dict[tuple[str, str, str], tuple[int, Decimal, Decimal]]:
    """Rows and both control totals by month, format and currency."""
    return {
        (str(each.billing_period), each.format, total.billing_currency): (
            total.row_count,
            total.source_cost,
            total.billed_cost,
        )
        for each in deliveries
        for total in each.totals
    }


def test_a_cur_lands_from_s3_as_from_a_folder(
    s3_server: S3Server, bills: Path, settings: Settings, from_folder: Settings
) -> None:
    s3_server.fill("meridian-bills", objects_below(bills / "aws"))
    ingest(from_folder, Provider.AWS, str(bills / "aws"))
    report = ingest(settings, Provider.AWS, "s3://meridian-bills", client=s3_server.client())
    assert len(report.landed) == 2
    assert report.rejections == ()
    by_s3, by_folder = landed(settings, Provider.AWS), landed(from_folder, Provider.AWS)
    assert totals(by_s3) == totals(by_folder) != {}
    # The same bytes are the same delivery, wherever they came from.
    assert [each.delivery_id for each in by_s3] == [each.delivery_id for each in by_folder]
    assert [file.sha256 for each in by_s3 for file in each.files] == [
        file.sha256 for each in by_folder for file in each.files
    ]


def test_both_azure_exports_land_from_blob_as_from_a_folder(
    blob_server: BlobServer, bills: Path, settings: Settings, from_folder: Settings
) -> None:
    blob_server.fill("meridian-bills", objects_below(bills / "azure"))
    ingest(from_folder, Provider.AZURE, str(bills / "azure"))
    report = ingest(settings, Provider.AZURE, f"az://{ACCOUNT}/meridian-bills", client=blob_server.client())
    assert len(report.landed) == 4
    assert report.rejections == ()
    by_blob, by_folder = landed(settings, Provider.AZURE), landed(from_folder, Provider.AZURE)
    assert totals(by_blob) == totals(by_folder) != {}
    assert [each.delivery_id for each in by_blob] == [each.delivery_id for each in by_folder]


def test_the_detailed_export_lands_from_bigquery_as_from_a_folder(
    bigquery_server: BigQueryServer, bills: Path, settings: Settings, from_folder: Settings
) -> None:
    origin = bigquery_server.put(
        "gcp_billing_export", f"from read_parquet('{bills}/gcp/**/*.parquet', hive_partitioning = false)"
    )
    ingest(from_folder, Provider.GCP, str(bills / "gcp"))
    report = ingest(settings, Provider.GCP, origin, client=bigquery_server.client())
    assert len(report.landed) == 2
    assert report.rejections == ()
    by_bigquery, by_folder = landed(settings, Provider.GCP), landed(from_folder, Provider.GCP)
    assert totals(by_bigquery) == totals(by_folder) != {}
    assert [each.billing_accounts for each in by_bigquery] == [each.billing_accounts for each in by_folder]


def fact(settings: Settings) -> str:
    """SQL of the FOCUS fact of a home."""
    parts = settings.focus_dir / "provider=*" / "billing_period=*" / "part.parquet"
    return f"select * from read_parquet('{parts}', hive_partitioning = true)"


def test_the_three_services_give_the_same_fact_as_three_folders(
    s3_server: S3Server,
    blob_server: BlobServer,
    bigquery_server: BigQueryServer,
    bills: Path,
    settings: Settings,
    from_folder: Settings,
) -> None:
    s3_server.fill("meridian-fact", objects_below(bills / "aws"))
    blob_server.fill("meridian-fact", objects_below(bills / "azure"))
    table = bigquery_server.put("fact", f"from read_parquet('{bills}/gcp/**/*.parquet', hive_partitioning = false)")
    for provider in CLOUDS:
        ingest(from_folder, provider, str(bills / provider))
    name = landed(from_folder, Provider.GCP)[0].source
    ingest(settings, Provider.AWS, "s3://meridian-fact", client=s3_server.client())
    ingest(settings, Provider.AZURE, f"az://{ACCOUNT}/meridian-fact", client=blob_server.client())
    ingest(settings, Provider.GCP, table, source=name, client=bigquery_server.client())
    build(settings, MONTHS[:1])
    build(from_folder, MONTHS[:1])
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        services, folders = fact(settings), fact(from_folder)
        months = connection.execute(
            f"select provider, billing_period::varchar, count(*) from ({services}) group by all order by all"
        ).fetchall()
        assert [each[:2] for each in months] == [(provider, "2025-01") for provider in ("aws", "azure", "gcp")]
        assert all(rows > 100 for _, _, rows in months)
        assert connection.execute(f"(({services}) except all ({folders})) limit 5").fetchall() == []
        assert connection.execute(f"(({folders}) except all ({services})) limit 5").fetchall() == []
