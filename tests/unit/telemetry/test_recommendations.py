"""What providers recommend lands once a day, and may be of a resource, an account, or what no inventory has."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.telemetry.delivered_files import a_row, a_source, landed, refusals, write

from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.rightsizing.models import ResourceType
from finops.telemetry.advice import RECOMMENDATIONS
from finops.telemetry.service import ingest

KIND = TelemetryKind.RECOMMENDATIONS


def test_of_a_day_a_recommendation_lands_as_it_was_made_last(settings: Settings, folder: Path) -> None:
    source = a_source(folder, KIND)
    later = a_row(KIND, observed_at="2025-01-31T18:00:00Z", monthly_saving=300)
    commitment = a_row(
        KIND, recommendation_id="r-2", resource_id="", resource_type="account", action="commitment", details=""
    )
    write(folder / "one.csv", [a_row(KIND), later, commitment])
    ingest(settings, source)

    rows = {row["recommendation_id"]: row for row in landed(settings, source)}
    assert {name: row["monthly_saving"] for name, row in rows.items()} == {"r-1": 300, "r-2": Decimal("280.32")}
    assert json.loads(rows["r-1"]["details"]) == {"saving_percent": 50}
    assert rows["r-2"]["resource_id"] is rows["r-2"]["details"] is None


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        (
            "action",
            "rightsize",
            "'rightsize' is not one of stop, resize, delete, change_volume, commitment, other",
        ),
        ("recommended_by", "trusted_advisor", "is not one of compute_optimizer, cost_optimization_hub, advisor"),
        ("monthly_saving", "-5", "monthly_saving '-5' is below 0"),
        ("details", "50 %", "details '50 %' is no JSON object"),
        ("title", "", "title is empty"),
    ],
)
def test_a_value_that_cannot_be_is_named(settings: Settings, folder: Path, column: str, value: str, said: str) -> None:
    write(folder / "one.csv", [a_row(KIND, **{column: value})])
    [reason] = refusals(ingest(settings, a_source(folder, KIND)))
    assert said in reason


def test_what_they_may_be_of_are_the_types_that_findings_know() -> None:
    assert set(RECOMMENDATIONS.column("resource_type").among) == set(map(str, ResourceType))
