"""Expectations on ``mart_incident_points``: the chart of an incident is its days, and they add up to the register."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_exact, is_unique, no_rows


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite(
        "mart_incident_points",
        (
            is_exact(("expected_cost", "low_cost", "high_cost", "actual_cost")),
            is_unique(("incident_id", "ds")),
            RowRule(
                "the band encloses what was expected",
                "low_cost <= expected_cost and expected_cost <= high_cost",
                ("incident_id", "ds", "low_cost", "expected_cost", "high_cost"),
            ),
            _add_up(),
        ),
        scope=given.months,
    )


def _add_up() -> Expectation:
    query = """
        select incidents.incident_id
        from marts.mart_incidents as incidents
        inner join (
            select incident_id, min(ds) filter (where is_odd) as first_odd, max(ds) filter (where is_odd) as last_odd
            from {batch} group by incident_id
        ) as spans using (incident_id)
        inner join (select * from {batch}) as points using (incident_id)
        where points.ds between spans.first_odd and spans.last_odd and incidents.ending is distinct from 'restated'
        group by incidents.incident_id, incidents.expected_cost, incidents.actual_cost
        having sum(points.expected_cost) <> incidents.expected_cost or sum(points.actual_cost) <> incidents.actual_cost
    """
    return no_rows("the days of an incident sum to its expected and actual cost, exactly", query)
