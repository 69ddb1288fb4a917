select
    provider,
    source,
    billing_period,
    source_format,
    bill_payer_account_id,
    line_item_currency_code,
    savings_plan_id,
    line_item_usage_start_date as charge_period_start,
    max(line_item_usage_end_date) as charge_period_end,
    sum(invoiced_cost) as invoiced_cost,
    {{
        hash_of(
            [
                "source",
                "bill_payer_account_id",
                "line_item_currency_code",
                "savings_plan_id",
            ]
        )
    }} as x_details_id,
from {{ ref("int_aws__lines_classified") }}
where line_rule in ('plan_covered', 'plan_negation') and not is_split_cost
group by
    provider,
    source,
    billing_period,
    source_format,
    bill_payer_account_id,
    line_item_currency_code,
    savings_plan_id,
    line_item_usage_start_date
having sum(invoiced_cost) <> 0
