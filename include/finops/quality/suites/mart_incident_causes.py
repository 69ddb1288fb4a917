"""Expectations on ``mart_incident_causes``: each is of an incident, ranked from 1 without a gap."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_exact, is_unique, no_rows, one_of


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite(
        "mart_incident_causes",
        (
            one_of("role", ("cause", "context")),
            is_exact(("excess_cost",)),
            is_unique(("incident_id", "rank")),
            RowRule("its dimension has a value", "value <> ''", ("incident_id", "dimension", "value")),
            _of_an_incident(),
            _without_gaps(),
        ),
        scope=given.months,
    )


def _of_an_incident() -> Expectation:
    query = """
        select incident_id, billing_period from {batch}
        except
        select incident_id, billing_period from marts.mart_incidents
    """
    return no_rows("each is of an incident of its month", query)


def _without_gaps() -> Expectation:
    query = "select incident_id from {batch} group by incident_id having max(rank) <> count(*) or min(rank) <> 1"
    return no_rows("ranks run from 1 without a gap", query)
