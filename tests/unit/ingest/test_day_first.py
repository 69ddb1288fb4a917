"""Azure's dates written day first: told by a day above 12 or by the billing period, and landed as ISO has them."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from tests.unit.ingest.native_bills import csv_bytes, put, rows

from finops.core.formats import SourceFormat
from finops.core.providers import Provider
from finops.ingest import day_first

APRIL = {"BillingPeriodStartDate": "2025-04-01", "BillingPeriodEndDate": "2025-04-30"}


def dates_of(tmp_path: Path, *lines: dict[str, str], is_packed: bool = False) -> list[str]:
    """Return the dates after preparation."""
    path = tmp_path / ("bill.csv.gz" if is_packed else "bill.csv")
    content = csv_bytes([rows(SourceFormat.AZURE_ACTUAL, ["1"], **each)[0] for each in lines])
    path.write_bytes(gzip.compress(content) if is_packed else content)
    day_first.to_iso(path, is_packed=is_packed)
    text = (gzip.decompress(path.read_bytes()) if is_packed else path.read_bytes()).decode()
    return [row["Date"] for row in csv.DictReader(text.splitlines())]


@pytest.mark.parametrize("is_packed", [False, True])
def test_the_period_tells_that_the_third_of_april_is_not_the_fourth_of_march(tmp_path: Path, is_packed: bool) -> None:
    lines = [{**APRIL, "Date": day} for day in ("03/04/2025", "04/04/2025", "05/04/2025 00:00:00")]
    assert dates_of(tmp_path, *lines, is_packed=is_packed) == ["2025-04-03", "2025-04-04", "2025-04-05 00:00:00"]


def test_a_period_that_ends_on_the_31st_day_of_the_5th_month_is_may(take, current, origin: Path) -> None:
    may = {"BillingPeriodStartDate": "01/05/2025", "BillingPeriodEndDate": "31/05/2025", "Date": "03/05/2025"}
    put(origin / "bill.csv", csv_bytes(rows(SourceFormat.AZURE_AMORTIZED, ["1"], **may)))
    assert not take(Provider.AZURE, no_manifest=True, source_format=SourceFormat.AZURE_AMORTIZED).rejections
    assert [str(each.billing_period) for each in current()] == ["2025-05"]


@pytest.mark.parametrize(
    "days",
    [
        ("04/13/2025", "04/01/2025"),  # month first, as Azure writes them
        ("04/04/2025",),  # either way the fourth of April
        ("03/04/2025", "04/05/2025"),  # a correction for March, then the fifth of April
        ("2025-04-03",),
        ("2025-04-03", "13/04/2025"),  # told by its first row, as a large file is; verification names the second
    ],
)
def test_other_files_stay_byte_by_byte_what_they_were(tmp_path: Path, days: tuple[str, ...]) -> None:
    assert dates_of(tmp_path, *({**APRIL, "Date": day} for day in days)) == list(days)


def test_without_a_period_a_day_above_twelve_tells(tmp_path: Path) -> None:
    none = {"BillingPeriodStartDate": "", "BillingPeriodEndDate": ""}
    assert dates_of(tmp_path, *({**none, "Date": day} for day in ("03/04/2025", "13/04/2025"))) == [
        "2025-04-03",
        "2025-04-13",
    ]


def test_what_is_no_csv_in_utf_8_is_left_to_verification(tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_bytes(b"Date,BillingPeriodStartDate\n\xff\xfe,\x00\n")
    day_first.to_iso(path, is_packed=False)
    assert path.read_bytes() == b"Date,BillingPeriodStartDate\n\xff\xfe,\x00\n"
