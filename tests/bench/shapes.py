"""Write an AWS bill of another shape than the sample's: ``python -m tests.bench.shapes HOME PERIOD LINES [RESOURCES]``.

The sample is one company's month, whose lines repeat each other. Here 60 accounts, 32,000 resources and 3,200 sets of
tags are spread over the lines at random, a few resources having most of them, and the negations of the savings plan
hours are rounded otherwise than the usage they cover, so that 900 hours do not cancel. The bill is always the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.core.sql import Sql, compose
from finops.ingest.service import ingest

ACCOUNTS, RESOURCES, TAG_SETS = 60, 32_000, 3_200
PLANS, PLAN_HOURS = 30, 30
"""900 hours of savings plans: what a plan covers falls into its first 30 hours."""

SCATTERED = """
    select n, hash(n, 1) % 1000 as kind, cast(hash(n, 2) % 720 as bigint) as hour,
        cast(floor(pow(hash(n, 3) % 1000000000 / 1e9, 3) * {resources}) as bigint) as resource,
        1 + hash(n, 4) % 4096 / 64 as amount
    from range({lines}) as numbers(n)
"""
"""Numbers that look random and are the same each time. The cube gives a tenth of the resources half of the lines."""

LINES = """
    with
        scattered as ({scattered}),

        placed as (
            select *, resource % 13 as product, resource % {accounts} as account,
                cast(hash(resource) % {tag_sets} as bigint) as tag_set,
                resource % {plans} as plan, kind between 700 and 849 as is_covered,
                kind between 850 and 949 as is_negation,
                kind >= 995 as is_fee, 0.01 + product * 0.0125 as rate
            from scattered
        ),

        timed as (
            select *, timestamp {month} + to_hours(
                if(is_covered or is_negation, hour % {plan_hours}, hour)) as starts, amount * rate as cost
            from placed
        )

    select
        md5(cast(n as varchar)) as identity_line_item_id, timestamp {month} as bill_billing_period_start_date,
        timestamp {month} + interval 1 month as bill_billing_period_end_date,
        '' as bill_invoice_id, 'AWS' as bill_billing_entity, 'Amazon Web Services, Inc.' as bill_invoicing_entity,
        '900000000001' as bill_payer_account_id, 'Payer' as bill_payer_account_name,
        cast(100000000000 + account as varchar) as line_item_usage_account_id,
        'account ' || account as line_item_usage_account_name,
        case when is_fee then 'SavingsPlanRecurringFee' when is_negation then 'SavingsPlanNegation'
            when is_covered then 'SavingsPlanCoveredUsage' when kind >= 985 then 'Tax' when kind >= 975 then 'Credit'
            else 'Usage' end as line_item_line_item_type,
        starts as line_item_usage_start_date, starts + interval 1 hour as line_item_usage_end_date,
        case product % 4 when 0 then 'AmazonEC2' when 1 then 'AmazonS3' when 2 then 'AmazonRDS' else 'AWSLambda' end
            as line_item_product_code,
        'usage-' || product as line_item_usage_type, 'RunInstances' as line_item_operation,
        'us-east-1' || chr(97 + cast(resource % 4 as integer)) as line_item_availability_zone,
        if(is_fee or kind >= 985, '', 'arn:aws:thing/' || md5(cast(resource as varchar))) as line_item_resource_id,
        amount as line_item_usage_amount, 'USD' as line_item_currency_code,
        if(is_negation, -round(cost, 4), if(kind between 975 and 984, -cost, cost)) as line_item_unblended_cost,
        if(is_negation, -round(cost, 4), if(kind between 975 and 984, -cost, cost)) as line_item_net_unblended_cost,
        'Thing ' || product || ' by the hour' as line_item_line_item_description,
        'Amazon Web Services, Inc.' as line_item_legal_entity,
        map {{'product_name': 'Thing ' || product, 'region': 'us-east-1'}} as product,
        if(product % 4 = 0, 'm' || product || '.large', '') as product_instance_type,
        'Family ' || product % 5 as product_product_family, 'us-east-1' as product_region_code,
        'SKU' || lpad(cast(product as varchar), 10, '0') as product_sku,
        'SKU' || lpad(cast(product as varchar), 10, '0') || '.RATE' as pricing_rate_code, 'Hrs' as pricing_unit,
        cost * 1.2 as pricing_public_on_demand_cost,
        if(is_covered or is_negation or is_fee, 'arn:aws:savingsplans::900000000001:savingsplan/' || plan, '')
            as savings_plan_savings_plan_a_r_n,
        if(is_covered, cost * 0.7, null) as savings_plan_savings_plan_effective_cost,
        if(is_fee, amount, null) as savings_plan_total_commitment_to_date,
        if(is_fee, amount * 0.9, null) as savings_plan_used_commitment,
        map {{'costCategory/division': 'division ' || tag_set % 7}} as cost_category,
        map {{'user_owner': 'owner-' || tag_set % 80, 'user_cost_center': 'cc-' || 1000 + tag_set % 40,
            'user_environment': ['prod', 'dev', 'Test'][1 + tag_set % 3],
            'user_name': 'name-' || tag_set}} as resource_tags
    from timed
"""


def write(out: Path, period: BillingPeriod, lines: int, resources: int) -> None:
    """Write the bill as one Parquet file of CUR 2.0."""
    numbers = {"lines": lines, "resources": resources, "accounts": ACCOUNTS, "tag_sets": TAG_SETS}
    numbers |= {"plans": PLANS, "plan_hours": PLAN_HOURS}
    parts: dict[str, str] = {name: Sql(str(number)) for name, number in numbers.items()}
    scattered = compose(SCATTERED, **{name: parts[name] for name in ("lines", "resources")})
    wanted = {name: parts[name] for name in ("accounts", "tag_sets", "plans", "plan_hours")}
    rows = compose(LINES, scattered=scattered, month=f"{period}-01", **wanted)
    out.parent.mkdir(parents=True)
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as connection:
        connection.execute(
            compose("copy ({rows}) to {out} (format parquet, row_group_size 122880)", rows=rows, out=out)
        )


def main() -> None:
    """Leave the bill landed in HOME, and the file ``landed`` once it is."""
    home, period, lines = Path(sys.argv[1]), BillingPeriod.parse(sys.argv[2]), int(sys.argv[3])
    resources = int(sys.argv[4]) if len(sys.argv) > 4 else RESOURCES
    folder = home / "bill" / f"BILLING_PERIOD={period}"
    write(folder / "part-0.parquet", period, lines, resources)
    found = ingest(Settings(home=home), Provider.AWS, str(folder), no_manifest=True)
    if found.rejections or not found.landed:
        raise SystemExit(f"not landed: {found.rejections}")
    (home / "landed").touch()


if __name__ == "__main__":
    main()
