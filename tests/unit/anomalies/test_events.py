"""People hear once that an incident is open and once that it is over; of the past that was looked at later, nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from finops.anomalies.events import of_incidents
from finops.core.events import Severity


def incident(**other: Any) -> dict[str, Any]:
    return {
        "incident_id": "INC-1",
        "billing_currency": "USD",
        "state": "open",
        "ending": None,
        "title": "Spike: Amazon SageMaker",
        "cause": "account 210: 100% of the excess",
        "first_day": date(2025, 6, 18),
        "expected_cost": Decimal("100"),
        "actual_cost": Decimal("1334.5"),
        "excess_cost": Decimal("1234.5"),
        "projected_excess_cost": Decimal("5000"),
        "owner": "ada",
        "owner_cost_center": "cc-1001",
        "is_suspected_attack": False,
        "traffic_times": None,
        "mitigation": None,
        "advice": "Ask ada.",
        "link": "incidents/INC-1.html",
        "is_backfill": False,
        **other,
    }


def test_an_open_incident_is_a_warning_with_its_money_owner_and_what_to_do() -> None:
    (event,) = of_incidents([incident()])
    assert (event.kind, event.severity, event.owner) == ("incident_opened", Severity.WARNING, "cc-1001")
    assert event.title == "Spike: Amazon SageMaker: 1,234.50 USD more than expected"
    assert event.next_steps == ("Ask ada.",)


def test_a_suspected_attack_is_critical_and_its_mitigation_comes_first() -> None:
    (event,) = of_incidents([incident(is_suspected_attack=True, traffic_times=20.0, mitigation="Limit the rate.")])
    assert event.severity is Severity.CRITICAL
    assert event.next_steps[0] == "Limit the rate."
    assert ("Suspected attack", "requests 20 times the usual") in event.facts


def test_the_end_of_an_incident_resolves_what_was_told() -> None:
    opened, closed = of_incidents([incident(state="closed", ending="back to usual")])
    assert closed.resolves == opened.key
    assert closed.severity is Severity.INFO


def test_later_figures_of_the_same_incident_are_the_same_event() -> None:
    """So it is told once, however often it is published."""
    (before,), (after,) = of_incidents([incident()]), of_incidents([incident(excess_cost=Decimal(9999))])
    assert before.key == after.key


def test_what_was_found_by_looking_at_the_past_is_not_told() -> None:
    assert of_incidents([incident(is_backfill=True)]) == []
