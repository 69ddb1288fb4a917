"""The files look like what the clouds write: columns, types, folders, and manifests that name every file."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from finops.core.formats import SourceFormat, columns_of
from finops.sample.models import SampleReport


def plain(type_name: str) -> str:
    return type_name.replace('"', "").replace(" ", "")


@pytest.mark.parametrize(
    ("view", "source_format"), [("aws", SourceFormat.AWS_CUR2), ("gcp", SourceFormat.GCP_DETAILED)]
)
def test_parquet_has_every_column_of_the_format_in_order_and_type(half_year_query, view, source_format) -> None:
    found = [(name, plain(kind)) for name, kind, *_ in half_year_query(f"describe {view}") if name != "filename"]
    assert found == [(column.name, plain(column.duckdb_type)) for column in columns_of(source_format)]


def test_azure_files_spell_their_columns_as_a_customer_agreement_does(half_year: SampleReport) -> None:
    known = {name.lower() for column in columns_of(SourceFormat.AZURE_ACTUAL) for name in column.names}
    required = {c.name.lower() for c in columns_of(SourceFormat.AZURE_ACTUAL) if c.is_required}
    for path in half_year.out.glob("azure/*/*/*/*.csv.gz"):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            header = next(csv.reader(lines))
        assert {name.lower() for name in header} <= known
        assert required <= {name.lower() for name in header}
        assert {"costInBillingCurrency", "SubscriptionId", "benefitId", "billingProfileId"} <= set(header)


def test_the_aws_manifest_names_every_file_of_its_period(half_year: SampleReport) -> None:
    manifests = sorted(half_year.out.glob("aws/meridian-cur2/metadata/*/meridian-cur2-Manifest.json"))
    assert [path.parent.name for path in manifests] == [f"BILLING_PERIOD={period}" for period in half_year.periods]
    for path in manifests:
        manifest = json.loads(path.read_text())
        period = path.parent.name.removeprefix("BILLING_PERIOD=")
        assert manifest["billingPeriod"]["start"].startswith(period)
        assert [column["name"] for column in manifest["columns"]] == [c.name for c in columns_of(SourceFormat.AWS_CUR2)]
        named = {Path(uri).name for uri in manifest["dataFiles"]}
        assert all(f"/data/{path.parent.name}/" in uri for uri in manifest["dataFiles"])
        assert named == {file.name for file in (path.parents[2] / "data" / path.parent.name).iterdir()}


def test_the_azure_manifests_give_the_size_and_rows_of_every_part(half_year: SampleReport) -> None:
    manifests = sorted(half_year.out.glob("azure/*/*/*/manifest.json"))
    assert len(manifests) == 2 * len(half_year.periods)
    for path in manifests:
        manifest = json.loads(path.read_text())
        assert manifest["runInfo"]["runId"] == path.parent.name
        assert manifest["exportConfig"]["exportName"] == path.parents[2].name
        assert manifest["byteCount"] == sum(blob["byteCount"] for blob in manifest["blobs"])
        assert manifest["dataRowCount"] == sum(blob["dataRowCount"] for blob in manifest["blobs"])
        assert manifest["blobCount"] == len(manifest["blobs"])
        parts = {part.name: part for part in path.parent.glob("part_*.csv.gz")}
        assert {Path(blob["blobName"]).name for blob in manifest["blobs"]} == set(parts)
        for blob in manifest["blobs"]:
            part = parts[Path(blob["blobName"]).name]
            assert part.stat().st_size == blob["byteCount"]
            with gzip.open(part, "rt", encoding="utf-8", newline="") as lines:
                assert sum(1 for _ in csv.reader(lines)) - 1 == blob["dataRowCount"]


def test_the_gcp_manifests_give_size_rows_and_digest_of_every_part(half_year: SampleReport) -> None:
    manifests = sorted(half_year.out.glob("gcp/meridian-billing/*/manifest.json"))
    assert len(manifests) == len(half_year.periods)
    for path in manifests:
        manifest = json.loads(path.read_text())
        assert set(manifest) == {"table", "invoice_month", "max_export_time", "row_count", "files"}
        assert path.parent.name == f"invoice_month={manifest['invoice_month']}"
        assert {each["name"] for each in manifest["files"]} == {part.name for part in path.parent.glob("*.parquet")}
        for each in manifest["files"]:
            part = path.parent / each["name"]
            assert part.stat().st_size == each["byte_count"]
            assert pq.read_metadata(part).num_rows == each["row_count"]
            assert hashlib.sha256(part.read_bytes()).hexdigest() == each["sha256"]
        assert manifest["row_count"] == sum(each["row_count"] for each in manifest["files"])


def test_the_newest_export_time_is_the_one_the_manifest_tells(half_year: SampleReport, half_year_query) -> None:
    found = dict(
        half_year_query("select invoice.month, strftime(max(export_time), '%Y-%m-%dT%H:%M:%S.%fZ') from gcp group by 1")
    )
    for path in half_year.out.glob("gcp/meridian-billing/*/manifest.json"):
        manifest = json.loads(path.read_text())
        assert manifest["max_export_time"] == found[manifest["invoice_month"]]


def test_only_the_last_month_is_not_invoiced_yet(half_year_query) -> None:
    rows = half_year_query(
        "select bill_billing_period_start_date, count(bill_invoice_id) = count(*) from aws group by 1 order by 1"
    )
    assert [is_invoiced for _, is_invoiced in rows] == [True] * 5 + [False]
    rows = half_year_query(
        "select billingPeriodStartDate, count(invoiceId) = count(*) from azure group by 1 order by 1"
    )
    assert [is_invoiced for _, is_invoiced in rows] == [True] * 5 + [False]


def test_no_amount_is_written_with_an_exponent(half_year_query) -> None:
    # A reader that takes text for money must not meet 0E-15.
    for column in ("costInBillingCurrency", "quantity", "effectivePrice", "costInUsd"):
        [(count,)] = half_year_query(f"""select count(*) from azure where "{column}" like '%E%'""")
        assert count == 0, column


def test_line_identifiers_are_unique(half_year_query) -> None:
    [(lines, distinct)] = half_year_query("select count(*), count(distinct identity_line_item_id) from aws")
    assert lines == distinct
