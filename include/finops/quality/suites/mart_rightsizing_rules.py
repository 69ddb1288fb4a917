"""Expectations on ``mart_rightsizing_rules``: how each rule stands, by run date."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_exact, is_unique, one_of

_SHOWN = ("run_date", "rule", "billing_currency")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite(
        "mart_rightsizing_rules",
        (
            one_of("state", ("enabled", "off", "set_aside")),
            is_exact(("monthly_saving", "estimated", "realised")),
            is_unique(("billing_period", "run_date", "rule", "billing_currency")),
            RowRule(
                "a rule that proposes nothing says why, and no other does",
                "(state = 'enabled') = (reason = '') and (state <> 'set_aside' or set_aside_at is not null)",
                (*_SHOWN, "state", "reason"),
            ),
            RowRule(
                "a rule that is off has found nothing",
                "state <> 'off' or findings + left_alone = 0",
                (*_SHOWN, "state", "findings", "left_alone"),
            ),
            RowRule(
                "counts and amounts are not below zero, and without actions nothing is realised",
                "least(findings, left_alone, monthly_saving, last_actions, estimated, realised) >= 0"
                " and (last_actions > 0 or (estimated = 0 and realised = 0))",
                (*_SHOWN, "last_actions", "estimated", "realised"),
            ),
            RowRule(
                "it is filed under the month of its run date",
                "strftime(run_date, '%Y-%m') = billing_period",
                _SHOWN,
            ),
        ),
        scope=given.months,
    )
