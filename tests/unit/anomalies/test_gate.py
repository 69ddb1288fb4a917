"""The gate lets through a register that adds up, and says what is wrong with one that does not."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.transform.test_publish import JANUARY, make

from finops.anomalies.models import ALL
from finops.anomalies.tables import BY_NAME, CAUSES, INCIDENTS, POINTS, TABLES
from finops.core.errors import Finding
from finops.core.settings import Settings
from finops.pipelines import results
from finops.policy.anomalies import Dimension

DAY = datetime(2025, 1, 20)  # noqa: DTZ001 - as published: UTC without a time zone
HEAD = {"billing_currency": "USD", "incident_id": "INC-1"}


def register(**changed: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of one incident of a day, of which some figures are others."""
    values = {
        "state": "closed",
        "ending": "back to usual",
        "kind": "spike",
        "source": "detector",
        "run_date": date(2025, 1, 25),
    }
    values |= {str(each): ALL for each in Dimension} | {"level": "total", "series": "total", "title": "total"}
    values |= dict.fromkeys(("first_day", "last_day", "raised_on"), DAY.date()) | {"first_hour": DAY, "raised_at": DAY}
    values |= {"is_backfill": False, "detection_hours": 5.0, "probability": 0.001, "is_suspected_attack": False}
    values |= {"expected_cost": Decimal(100), "actual_cost": Decimal("350.25"), "excess_cost": Decimal("250.25")}
    values |= {"projected_excess_cost": Decimal("250.25"), "excess_percent": 250.25}
    values |= {"price_excess_cost": Decimal(50), "quantity_excess_cost": Decimal("200.25")}
    texts = {each.name: "" for each in BY_NAME[INCIDENTS].columns if each.kind == "varchar" and not each.nullable}
    nothing = {each.name: None for each in BY_NAME[INCIDENTS].columns if each.nullable}
    row = {**nothing, **texts, **values, **HEAD, **changed}
    row.pop("billing_period")
    cause = {
        **HEAD,
        "rank": 1,
        "role": "cause",
        "dimension": "provider",
        "value": "aws",
        "excess_cost": Decimal(9),
        "share": 1.0,
    }
    amounts = {"expected_cost": Decimal(100), "low_cost": Decimal(90), "high_cost": Decimal(120)}
    point = {**HEAD, **amounts, "ds": DAY, "actual_cost": Decimal("350.25"), "is_odd": True}
    return {INCIDENTS: [row], CAUSES: [cause], POINTS: [point]}


def publish(settings: Settings, rows: dict[str, list[dict[str, Any]]]) -> None:
    make(settings, JANUARY, "build-1")
    results.publish(settings, "anomalies", TABLES, {name: {"2025-01": each} for name, each in rows.items()}, "x")


def test_a_register_that_adds_up_is_published(settings: Settings) -> None:
    publish(settings, register())


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"excess_cost": Decimal(7)}, "actual less expected is the excess"),
        ({"ending": None}, "a closed incident says why"),
        ({"last_day": date(2025, 1, 19)}, "its days are in order"),
        ({"detection_hours": -1.0}, "it was not raised before it began"),
        ({"source": "mean-ratio"}, "a probability is one, and none of a rule"),
        ({"is_suspected_attack": True}, "an attack has a mitigation"),
    ],
)
def test_a_register_that_contradicts_itself_is_refused(settings: Settings, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(Finding, match=says):
        publish(settings, register(**changed))


def test_a_chart_that_is_not_the_register_s_is_refused(settings: Settings) -> None:
    rows = register()
    rows[POINTS][0]["actual_cost"] = Decimal(350)
    with pytest.raises(Finding, match="the days of an incident sum to its expected and actual cost"):
        publish(settings, rows)


def test_causes_of_no_incident_or_with_a_gap_are_refused(settings: Settings) -> None:
    rows = register()
    rows[CAUSES][0]["rank"] = 2
    with pytest.raises(Finding, match="ranks run from 1 without a gap"):
        publish(settings, rows)
