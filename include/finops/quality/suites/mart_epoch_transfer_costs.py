"""Expectations on ``mart_epoch_transfer_costs``: what a GB of transfer costs per epoch of a run."""

from __future__ import annotations

from finops.core.sql import Sql
from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, is_exact, is_unique, one_of, ties_to

_GRAIN = (*KEY, "run_id", "source_zone", "destination_zone")
_AMOUNTS = ("billed_cost", "gigabytes", "epochs", "cost_per_gb", "cost_per_epoch", "cost_per_gb_epoch", "target_cost")
_TRANSFER = Sql("(select * from main.kpi_charges where is_transfer) as transfer")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without transfer there are no rows."""
    return Suite(
        "mart_epoch_transfer_costs",
        (
            is_exact(_AMOUNTS),
            is_unique(_GRAIN),
            ties_to(_TRANSFER, "the bill's transfer charges", given, ("billed_cost", "gigabytes")),
            one_of("attribution", ("run", "unattributed")),
            RowRule(
                "a run has zones, and what is unattributed has none",
                "(attribution = 'unattributed') = (run_id = '(none)')"
                " and (attribution = 'run' or (source_zone = '(none)' and destination_zone = '(none)'))"
                " and (attribution = 'run' or epochs is null)"
                " and (attribution <> 'run' or source_zone <> destination_zone)",
                (*_GRAIN, "attribution"),
            ),
            RowRule(
                "epochs are not negative, and what costs more than the target per GB and epoch is flagged",
                "coalesce(epochs, 0) >= 0 and is_above_target = coalesce(cost_per_gb_epoch > target_cost, false)",
                (*_GRAIN, "epochs", "cost_per_gb_epoch", "target_cost"),
            ),
        ),
    )
