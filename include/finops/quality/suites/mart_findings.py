"""Expectations on ``mart_findings``: what could be saved, by run date."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_exact, is_unique, one_of

_SHOWN = ("run_date", "finding_key", "billing_currency")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without waste there are no rows."""
    return Suite(
        "mart_findings",
        (
            one_of("status", ("proposed", "waiting", "refused", "suppressed", "decision")),
            one_of("risk", ("low", "medium", "high")),
            one_of("effort", ("low", "medium", "high")),
            is_exact(("monthly_cost", "monthly_saving")),
            is_unique(("billing_period", "run_date", "finding_key")),
            RowRule(
                "nothing saves more than it costs, or less than nothing",
                "monthly_saving >= 0 and monthly_saving <= monthly_cost",
                (*_SHOWN, "monthly_cost", "monthly_saving"),
            ),
            RowRule("confidence is 0 to 1", "confidence between 0 and 1", (*_SHOWN, "confidence")),
            RowRule(
                "what is proposed has an action, and what is not says why",
                "(status not in ('proposed', 'waiting') or action <> '') and (status = 'proposed') = (reason = '')",
                (*_SHOWN, "status", "action", "reason"),
            ),
            RowRule(
                "an action has its resource and parameters",
                "(action = '') = (action_resource_id = '') and json_valid(parameters) and json_valid(facts)",
                (*_SHOWN, "action", "parameters"),
            ),
            RowRule(
                "it was seen first on a day that is not after the run date, which is of the month",
                "first_seen <= run_date and times_seen >= 1 and strftime(run_date, '%Y-%m') = billing_period",
                (*_SHOWN, "first_seen", "times_seen"),
            ),
            RowRule(
                "what the provider says of it is said of a recommendation",
                "coalesce(provider_says, 'agrees') in ('agrees', 'differs', 'recommends')"
                " and (provider_says is null) = (provider_advice is null)"
                " and (provider_saving is null or (provider_says is not null and provider_saving >= 0))",
                (*_SHOWN, "provider_says", "provider_advice", "provider_saving"),
            ),
            RowRule("it says why, in a sentence", "length(evidence) > 10", (*_SHOWN, "evidence")),
        ),
        scope=given.months,
    )
