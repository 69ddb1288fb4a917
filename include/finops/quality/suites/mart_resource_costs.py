"""Expectations on ``mart_resource_costs``: what each resource cost, by day."""

from __future__ import annotations

from finops.core.sql import Sql
from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, adds_up_to, filled, is_exact, is_unique

_COSTS = ("billed_cost", "effective_cost", "list_cost")
_PARTS = ("committed_cost", "spot_cost", "on_demand_cost", "provisioned_cost")
_GRAIN = (*KEY, "charge_date", "resource_id")
_CHARGES = Sql("""(
    select charges.*, details.billing_currency,
        if(is_usage and commitment_discount_status = 'Used', charges.effective_cost, 0) as committed_cost,
        if(is_usage and commitment_discount_status is null and pricing_category = 'Dynamic', charges.effective_cost, 0)
            as spot_cost,
        if(
            is_usage and details.provider = 'aws' and commitment_discount_status is distinct from 'Unused'
                and (contains(sku_meter, 'ProvisionedConcurrency:Usage-')
                    or contains(sku_meter, 'Lambda-Provisioned-Concurrency')),
            charges.effective_cost, 0
        ) as provisioned_cost
    from staging.stg_published_charges as charges
    join (
        select *, charge_category = 'Usage' as is_usage from staging.stg_published_charge_details
    ) as details using (provider, billing_period, x_details_id)
    where resource_id is not null
) as charges""")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. A bill that names no resource has no rows."""
    measured = {name: name for name in (*_COSTS, "committed_cost", "spot_cost", "provisioned_cost")}
    return Suite(
        "mart_resource_costs",
        (
            *filled(*_GRAIN, *_COSTS, *_PARTS),
            is_exact(("billed_hours", *_COSTS, *_PARTS)),
            is_unique(_GRAIN),
            adds_up_to(_CHARGES, "the charges that name a resource", given, measured),
            RowRule(
                "a machine that is covered by a commitment is told which",
                "committed_cost = 0 or commitment_ids is not null",
                (*_GRAIN, "committed_cost", "commitment_ids"),
            ),
        ),
    )
