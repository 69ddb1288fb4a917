"""Expectations on ``mart_incidents``: the register adds up, and says why each incident closed."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_exact, is_unique, one_of

_SHOWN = ("incident_id", "billing_currency")
_MONEY = (
    *("expected_cost", "actual_cost", "excess_cost", "projected_excess_cost"),
    *("price_excess_cost", "quantity_excess_cost"),
)


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite(
        "mart_incidents",
        (
            one_of("state", ("open", "closed")),
            one_of("ending", ("back to usual", "new level", "restated", "rejected", "planned")),
            one_of("kind", ("spike", "shift", "creep", "drop", "limit", "price")),
            one_of("verdict", ("yes", "no", "planned")),
            is_exact(_MONEY),
            is_unique(("incident_id",)),
            RowRule(
                "actual less expected is the excess, to the cent, and so are its parts",
                "actual_cost - expected_cost = excess_cost and price_excess_cost + quantity_excess_cost = excess_cost "
                "and excess_cost = round(excess_cost, 2)",
                (*_SHOWN, "expected_cost", "actual_cost", "excess_cost", "price_excess_cost", "quantity_excess_cost"),
            ),
            RowRule(
                "a closed incident says why", "(state = 'closed') = (ending is not null)", (*_SHOWN, "state", "ending")
            ),
            RowRule(
                "its days are in order, and its month is that of the first",
                "first_day <= raised_on and first_day <= last_day and strftime(first_day, '%Y-%m') = billing_period",
                (*_SHOWN, "billing_period", "first_day", "raised_on", "last_day"),
            ),
            RowRule("it was not raised before it began", "detection_hours >= 0", (*_SHOWN, "detection_hours")),
            RowRule(
                "a probability is one, and none of a rule",
                "probability is null or (probability between 0 and 1 and source = 'detector')",
                (*_SHOWN, "probability", "source"),
            ),
            RowRule(
                "an attack has a mitigation and what it avoids, nothing else has",
                "is_suspected_attack = (mitigation is not null) and is_suspected_attack = (avoided_cost is not null)",
                (*_SHOWN, "is_suspected_attack", "mitigation", "avoided_cost"),
            ),
        ),
        scope=given.months,
    )
