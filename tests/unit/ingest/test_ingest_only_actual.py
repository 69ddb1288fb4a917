"""An Azure account without commitments: its actual export is the whole bill."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.ingest.native_bills import azure_export, csv_bytes, put, rows

from finops.core.formats import SourceFormat
from finops.core.providers import Provider
from finops.ingest.models import Outcome
from finops.stores.state import period_inputs
from finops.stores.state.store import open_state

ACTUAL, ONLY = SourceFormat.AZURE_ACTUAL, SourceFormat.AZURE_ONLY_ACTUAL


def missing(settings) -> list[str | None]:
    with open_state(settings).begin() as connection:
        return [item.missing_half for item in period_inputs.landed(connection)]


def test_it_waits_for_no_other_export(take, current, settings, origin: Path) -> None:
    put(origin / "bill.csv", csv_bytes(rows(ACTUAL, ["2.5"])))
    take(Provider.AZURE, no_manifest=True, source_format=ACTUAL)
    assert missing(settings) == ["amortized"]
    take(Provider.AZURE, no_manifest=True, source_format=ONLY)
    assert missing(settings) == [None]
    (delivery,) = current()
    assert (delivery.format, delivery.format.staged_as) == (ONLY, SourceFormat.AZURE_AMORTIZED)
    assert delivery.totals[0].billed_cost == delivery.totals[0].source_cost


def test_an_export_with_a_manifest_that_waited_is_taken_as_the_whole(take, current, settings, origin: Path) -> None:
    azure_export(origin, "2025-01", {"part.csv": (csv_bytes(rows(ACTUAL, ["1"])), 1)})
    take(Provider.AZURE)
    assert missing(settings) == ["amortized"]
    take(Provider.AZURE, source_format=ONLY)
    assert [each.format for each in current()] == [ONLY]
    assert missing(settings) == [None]
    assert take(Provider.AZURE, source_format=ONLY).unchanged == 1


@pytest.mark.parametrize("model", ["Reservation", "SavingsPlan", "Savings Plan"])
def test_a_commitment_on_it_is_refused_with_what_to_land(take, origin: Path, model: str) -> None:
    lines = rows(ACTUAL, ["1"], PricingModel="OnDemand") + rows(ACTUAL, ["2"], PricingModel=model)
    put(origin / "bill.csv", csv_bytes(lines))
    (refused,) = take(Provider.AZURE, no_manifest=True, source_format=ONLY).rejections
    assert refused.outcome is Outcome.QUARANTINED
    assert f"column PricingModel, line 3: '{model}' is a commitment" in refused.reason
    assert "land the amortized export too" in refused.reason
