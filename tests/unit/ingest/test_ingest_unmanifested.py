"""Files that a person downloaded, the real ones among them."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.ingest.native_bills import csv_bytes, gz_bytes, put, rows

from finops.core.errors import BadInput
from finops.core.formats import SourceFormat
from finops.core.money import exact
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.models import Outcome
from finops.stores.state import rejections
from finops.stores.state.store import open_state

FOCUS = SourceFormat.FOCUS


def test_a_file_of_two_months_is_one_delivery_of_each_with_the_same_bytes(take, current, origin: Path) -> None:
    lines = rows(FOCUS, ["1", "2"], "2025-01") + rows(FOCUS, ["4"], "2025-02")
    content = csv_bytes(lines)
    put(origin / "bill.csv", content)
    assert len(take(no_manifest=True).landed) == 2
    january, february = current()
    assert [d.totals[0].source_cost for d in (january, february)] == [Decimal(3), Decimal(4)]
    assert [d.files[0].row_count for d in (january, february)] == [2, 1]
    assert january.files[0].sha256 == february.files[0].sha256
    assert january.byte_count == len(content)


def test_only_the_months_asked_for_are_taken(take, origin: Path) -> None:
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["1"], "2025-01") + rows(FOCUS, ["4"], "2025-02")))
    report = take(no_manifest=True, periods=[BillingPeriod(2025, 2)])
    assert [str(d.billing_period) for d in report.landed] == ["2025-02"]
    with pytest.raises(BadInput, match="2025-03"):
        take(no_manifest=True, periods=[BillingPeriod(2025, 3)])


def test_a_folder_is_one_delivery_and_one_bad_file_leaves_it_untaken(take, current, origin: Path) -> None:
    put(origin / "part-1.csv", csv_bytes(rows(FOCUS, ["1"])))
    put(origin / "part-2.csv.gz", gz_bytes(rows(FOCUS, ["x"])))
    put(origin / "notes.txt", b"not a bill")
    assert [each.outcome for each in take(no_manifest=True).rejections] == [Outcome.QUARANTINED]
    assert current() == []
    put(origin / "part-2.csv.gz", gz_bytes(rows(FOCUS, ["2"])))
    take(no_manifest=True)
    assert [(d.row_count, len(d.files)) for d in current()] == [(2, 2)]


def test_a_bad_file_of_no_known_month_is_settled_by_a_good_one_of_its_source(
    take, origin: Path, settings: Settings
) -> None:
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["x"])))
    take(no_manifest=True)
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["1"])))
    with open_state(settings).begin() as connection:
        assert [each.billing_period for each in rejections.standing(connection)] == [None]
    take(no_manifest=True)
    with open_state(settings).begin() as connection:
        assert rejections.standing(connection) == []


def test_files_taken_again_are_no_new_delivery(take, origin: Path) -> None:
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["1"])))
    take(no_manifest=True)
    again = take(no_manifest=True)
    assert (again.landed, again.unchanged) == ((), 1)


def test_the_same_month_under_another_name_is_refused_and_under_its_own_replaces(take, current, origin: Path) -> None:
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["1"])))
    take(no_manifest=True, uri=origin / "bill.csv")
    put(origin / "bill (1).csv", csv_bytes(rows(FOCUS, ["2"])))
    refused = take(no_manifest=True, uri=origin / "bill (1).csv").rejections[0]
    assert "--source bill" in refused.reason
    take(no_manifest=True, uri=origin / "bill (1).csv", source="bill")
    assert [d.totals[0].source_cost for d in current()] == [Decimal(2)]


def test_an_empty_file_needs_its_month_and_a_word_from_a_person(take, current, origin: Path) -> None:
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["1"])))
    take(no_manifest=True)
    put(origin / "bill.csv", csv_bytes([], header=list(rows(FOCUS, ["1"])[0])))
    with pytest.raises(BadInput, match="has no rows"):
        take(no_manifest=True)
    months = [BillingPeriod(2025, 1)]
    assert take(no_manifest=True, periods=months).rejections[0].outcome is Outcome.REFUSED
    take(no_manifest=True, periods=months, accept_empty=True)
    assert [d.row_count for d in current()] == [0]


def test_files_that_lost_most_of_the_bill_need_a_word_from_a_person(take, current, origin: Path) -> None:
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["1"] * 10)))
    take(no_manifest=True)
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["1"] * 4)))
    refused = take(no_manifest=True).rejections[0]
    assert refused.outcome is Outcome.REFUSED
    assert "4 rows where 10 were, 4.00 USD where 10.00 were, less than 50% (FINOPS_SMALLEST_SHARE)" in refused.reason
    assert "add --accept-smaller" in refused.reason
    assert current()[0].row_count == 10
    assert take(no_manifest=True, accept_smaller=True).landed[0].row_count == 4


def test_files_that_lost_most_of_the_cost_of_one_currency_are_refused_with_as_many_rows(take, origin: Path) -> None:
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["9", "9"])))
    take(no_manifest=True)
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["4", "4.99"])))
    (refused,) = take(no_manifest=True).rejections
    assert "the new files have 8.99 USD where 18.00 were" in refused.reason
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["4", "5"])))
    assert take(no_manifest=True).rejections == (), "half of it is not less than half"


def test_the_share_that_files_must_keep_is_a_setting(take, origin: Path, settings: Settings) -> None:
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["1"] * 10)))
    take(no_manifest=True)
    settings.smallest_share = Decimal("0.1")
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["1"])))
    assert take(no_manifest=True).landed[0].row_count == 1


def test_a_folder_without_bills_and_a_path_that_is_not_there_are_named(take, origin: Path) -> None:
    with pytest.raises(BadInput, match=r"holds no \.parquet"):
        take(no_manifest=True)
    with pytest.raises(BadInput, match="does not exist"):
        take(no_manifest=True, uri=origin / "absent.csv")


def test_a_format_is_only_stated_for_files_by_hand(take) -> None:
    with pytest.raises(BadInput, match="--no-manifest"):
        take(source_format=FOCUS)


def test_a_source_of_any_name_stays_within_the_landing_folder(take, current, origin: Path) -> None:
    put(origin / "bill.csv", csv_bytes(rows(FOCUS, ["1"])))
    take(no_manifest=True, source="../../../evil source")
    assert current()[0].source == "../../../evil source"
    assert ".." not in Path(current()[0].relative_path).parts


@pytest.mark.shared
@pytest.mark.parametrize(
    ("provider", "path", "cost", "currency", "month"),
    [
        (Provider.AWS, "focus/focus1.0_sample_1000.csv", "BilledCost", "BillingCurrency", "BillingPeriodStart"),
        (
            Provider.AWS,
            "aws/legacy_cur_anonymous.csv",
            "lineItem/UnblendedCost",
            "lineItem/CurrencyCode",
            "bill/BillingPeriodStartDate",
        ),
        (Provider.AZURE, "azure/EA_ActualCost_Small.csv", "Cost", "BillingCurrency", "BillingPeriodStartDate"),
        (Provider.AZURE, "azure/EA_AmortizedCost_Small.csv", "Cost", "BillingCurrency", "BillingPeriodStartDate"),
    ],
)
def test_real_bills_land_with_the_totals_of_their_cost_column(
    take, current, shared_data: Path, provider: Provider, path: str, cost: str, currency: str, month: str
) -> None:
    expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    with (shared_data / path).open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            start = row[month]
            period = f"{start[6:10]}-{start[:2]}" if "/" in start else start[:7]
            expected[period, row[currency]] += exact(row[cost])
    take(provider, shared_data / path, no_manifest=True)
    found = {(str(d.billing_period), t.billing_currency): t.source_cost for d in current() for t in d.totals}
    assert found == expected
    assert take(provider, shared_data / path, no_manifest=True).unchanged == len(found)


@pytest.mark.shared
def test_the_real_halves_of_azure_land_from_one_folder(take, current, shared_data: Path) -> None:
    take(Provider.AZURE, shared_data / "azure", no_manifest=True)
    assert {(d.format, d.row_count) for d in current()} == {
        (SourceFormat.AZURE_ACTUAL, 11),
        (SourceFormat.AZURE_AMORTIZED, 28),
    }
