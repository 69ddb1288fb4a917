"""Bills in FOCUS of any vendor, who the rows say it is."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.ingest.native_bills import csv_bytes, put, rows

from finops.core.formats import SourceFormat
from finops.core.providers import ANY_VENDOR, CLOUDS, Provider, is_provider, vendor_name
from finops.ingest.models import Outcome

FOCUS = SourceFormat.FOCUS


def bill(vendor: str, cost: str = "1", account: str = "", **changes: str) -> bytes:
    return csv_bytes(rows(FOCUS, [cost], ProviderName=vendor, BillingAccountId=account or f"{vendor}-1", **changes))


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("AWS", "aws"),
        ("Amazon Web Services, Inc.", "aws"),
        ("Microsoft Azure", "azure"),
        ("Google Cloud", "gcp"),
        ("Laws & Co", "Laws & Co"),
        ("Databricks, Inc.", "Databricks"),
        ("Alibaba Cloud", "Alibaba Cloud"),
        ("snowflake", "Snowflake"),
        ("../../evil", "Evil"),
        ("Zażółć GmbH", "Zazoc"),
    ],
)
def test_a_vendor_is_called_as_its_bill_calls_it_and_a_cloud_by_each_of_its_names(name: str, provider: str) -> None:
    assert vendor_name(name) == Provider(provider) == provider


def test_a_vendor_whose_name_has_no_plain_letter_has_a_name_nevertheless() -> None:
    assert vendor_name("阿里云").startswith("Vendor-")
    assert vendor_name("阿里云") != vendor_name("腾讯云")


def test_a_misspelled_cloud_is_no_vendor_and_the_clouds_stay_three() -> None:
    assert not any(map(is_provider, ("awss", "oracle", "", None, 3, "A/B", "Ümlaut", "AWS", "Databricks, Inc.")))
    assert is_provider("Oracle")
    assert CLOUDS == ("aws", "azure", "gcp")


def test_the_vendors_of_one_folder_and_month_are_a_delivery_each(take, current, origin: Path) -> None:
    put(origin / "oracle.csv", bill("Oracle", "1"))
    put(origin / "databricks.csv", bill("Databricks", "2"))
    assert not take(ANY_VENDOR).rejections
    assert [(d.provider, d.source, d.totals[0].billed_cost) for d in current()] == [
        ("Databricks", "origin", Decimal(2)),
        ("Oracle", "origin", Decimal(1)),
    ]
    put(origin / "oracle.csv", bill("Oracle", "3"))
    take(ANY_VENDOR)
    assert [d.totals[0].billed_cost for d in current()] == [Decimal(2), Decimal(3)]


def test_a_service_provider_goes_before_a_provider_and_does_in_its_place(take, current, origin: Path) -> None:
    lines = rows(FOCUS, ["1"], ProviderName="AWS Marketplace")
    put(origin / "bill.csv", csv_bytes([{**line, "ServiceProviderName": "Snowflake"} for line in lines]))
    take(ANY_VENDOR)
    for line in lines:
        line["ServiceProviderName"] = line.pop("ProviderName").replace("AWS Marketplace", "Mongo")
        line["BillingAccountId"] = "mongo"
    put(origin / "bill.csv", csv_bytes(lines))
    assert not take(ANY_VENDOR, source="mongo").rejections
    assert [d.provider for d in current()] == ["Mongo", "Snowflake"]


def test_a_bill_that_names_nobody_is_refused(take, origin: Path) -> None:
    put(origin / "bill.csv", bill("  ", account="a"))
    assert "column ProviderName, line 2: ' ' is not filled" in take(ANY_VENDOR).rejections[0].reason.replace("  ", " ")


def test_a_file_of_several_vendors_is_one_bill_of_several(take, current, origin: Path) -> None:
    both = rows(FOCUS, ["1"], ProviderName="Oracle") + rows(FOCUS, ["2"], ProviderName="AWS")
    put(origin / "bill.csv", csv_bytes(both))
    take(ANY_VENDOR)
    assert [(d.provider, d.row_count) for d in current()] == [("focus", 2)]


@pytest.mark.parametrize("vendor", ["AWS", "Oracle"])
def test_the_same_bill_under_two_providers_is_refused_and_both_sources_are_named(
    take, current, origin: Path, vendor: str
) -> None:
    put(origin / "first.csv", bill(vendor, account="1"))
    take(Provider.AWS, uri=origin / "first.csv", no_manifest=True)
    put(origin / "second.csv", bill(vendor, account="1"))
    (refused,) = take(ANY_VENDOR, uri=origin / "second.csv").rejections
    assert refused.outcome is Outcome.REFUSED
    assert "counted twice" in refused.reason
    assert "first" in refused.reason
    assert "second" in refused.reason
    assert [d.source for d in current()] == ["first"]


def test_a_focus_export_of_several_beside_the_native_bill_of_one_is_refused(take, current, origin: Path) -> None:
    put(origin / "cur.csv", csv_bytes(rows(SourceFormat.AWS_CUR2, ["1"], bill_payer_account_id="210000000001")))
    take(Provider.AWS, uri=origin / "cur.csv", no_manifest=True)
    both = [
        line
        for vendor in ("AWS", "Oracle")
        for line in rows(FOCUS, ["1"], ProviderName=vendor, BillingAccountId="210000000001")
    ]
    put(origin / "all.csv", csv_bytes(both))
    (refused,) = take(ANY_VENDOR, uri=origin / "all.csv").rejections
    assert "source cur of aws (aws_cur2)" in refused.reason
    assert "all or cur" in refused.reason


def test_a_vendor_that_took_a_new_name_is_not_counted_twice_and_can_be_kept_under_one(
    take, current, origin: Path
) -> None:
    """The file of the month is written anew every day: once the vendor is called otherwise, all its rows say so."""
    put(origin / "bill.csv", bill("Databricks", account="1"))
    take(ANY_VENDOR)
    put(origin / "bill.csv", bill("Databricks Platform", "2", account="1"))
    (refused,) = take(ANY_VENDOR).rejections
    assert "came from this source under the name Databricks and would be counted twice" in refused.reason
    assert "say provider: Databricks in sources.yml" in refused.reason
    assert not take(Provider("Databricks")).rejections
    assert [(d.provider, d.totals[0].billed_cost) for d in current()] == [("Databricks", Decimal(2))]


def test_two_vendors_may_call_an_account_the_same(take, current, origin: Path) -> None:
    put(origin / "oracle.csv", bill("Oracle", account="meridian"))
    put(origin / "databricks.csv", bill("Databricks", account="meridian"))
    assert not take(ANY_VENDOR).rejections
    assert len(current()) == 2
