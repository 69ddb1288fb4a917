"""The invoices that go with the sample: what the clouds ask for, in cents, for every month that is not open."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from decimal import Decimal

from finops.core.money import cents
from finops.sample.models import SampleReport


def invoices(report: SampleReport) -> list[dict[str, str]]:
    with (report.out / "invoices.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_closed_month_is_invoiced_once_by_account_and_currency(half_year: SampleReport) -> None:
    found = [(line["billing_period"], line["billing_account_id"], line["currency"]) for line in invoices(half_year)]
    assert len(found) == len(set(found)) == 5 * (len(half_year.periods) - 1)
    assert {period for period, *_ in found} == {str(period) for period in half_year.periods[:-1]}


def test_an_invoice_asks_for_what_the_bill_says_in_whole_cents(half_year: SampleReport) -> None:
    billed: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for entry in json.loads((half_year.out / "expected.json").read_text()):
        if entry["provider"] != "gcp":  # Azure's two halves are one bill; each cloud has one invoice for each currency
            billed[entry["billing_period"], f"{entry['provider']} {entry['currency']}"].append(
                Decimal(entry["billed_cost"])
            )
    asked = {}
    for line in invoices(half_year):
        if line["invoice_id"]:
            cloud = "aws" if line["issuer"] else "azure"
            asked[line["billing_period"], f"{cloud} {line['currency']}"] = Decimal(line["total"])
    assert asked == {key: cents(sum(amounts, Decimal(0))) for key, amounts in billed.items() if key in asked}
    assert len(asked) == 3 * (len(half_year.periods) - 1)


def test_google_names_no_invoice_and_its_account_is_enough(half_year: SampleReport) -> None:
    google = [line for line in invoices(half_year) if not line["invoice_id"]]
    assert len(google) == 2 * (len(half_year.periods) - 1)
    assert all(Decimal(line["tax"]) > 0 and line["billing_account_id"] for line in google)
