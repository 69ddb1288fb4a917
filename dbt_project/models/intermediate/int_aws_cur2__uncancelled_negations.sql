select
    provider,
    source,
    billing_period,
    bill_payer_account_id,
    line_item_currency_code,
    savings_plan_id,
    date_trunc('day', line_item_usage_start_date) as charge_day,
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
    sum(invoiced_cost) as billed_cost,
from {{ ref("int_aws_cur2__ruled") }}
where line_item_line_item_type in ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')
group by
    provider,
    source,
    billing_period,
    bill_payer_account_id,
    line_item_currency_code,
    savings_plan_id,
    date_trunc('day', line_item_usage_start_date)
having sum(invoiced_cost) <> 0
