{#-
    Where covered usage of a savings plan and its negations do not cancel, over one payer, plan and interval: a negation
    may sit on another account than the usage. The invoice holds the difference, so the fact does, as an adjustment.
    `ruled` is the relation of `aws_ruled`; `x_details_id` is the key of how they are described.
-#}
{% macro aws_uncancelled_negations(ruled) %}
    select
        provider,
        source,
        billing_period,
        bill_payer_account_id,
        line_item_currency_code,
        savings_plan_id,
        line_item_usage_start_date,
        max(line_item_usage_end_date) as line_item_usage_end_date,
        sum(invoiced_cost) as invoiced_cost,
        'ComputeSavingsPlans' as line_item_product_code,
        'SavingsPlanNegation' as line_item_line_item_type,
        'Savings plan negations that do not cancel the usage they cover'
        as line_item_line_item_description,
        false as has_resource,
        false as is_normalized,
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
    from {{ ruled }}
    where
        line_item_line_item_type in ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')
        and not {{ aws_is_split_cost() }}
    group by
        provider,
        source,
        billing_period,
        bill_payer_account_id,
        line_item_currency_code,
        savings_plan_id,
        line_item_usage_start_date
    having sum(invoiced_cost) <> 0
{% endmacro %}
