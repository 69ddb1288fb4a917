{#-
    The CTEs `invoiced`, `fees` and `uncancelled`, which together hold every FOCUS charge of a CUR with its amounts, and
    `kind`, which tells apart what one line yields: `line`, `unused` or `uncancelled`. `ruled` and `uncancelled` are the
    relations of `aws_ruled` and `aws_uncancelled_negations`.

    Nearly every line is `invoiced`; what only fees need to know is left to their own branch, because a column that is
    computed from several others costs on every line. Each branch is complete: computing anything above their union
    makes DuckDB unpack every dictionary first, which doubles the cost of a line.
-#}
{% macro aws_charge_branches(ruled, uncancelled) %}
    {#- A public price of 0 beside a cost is a price that the bill does not name. -#}
    {% set list_cost = "coalesce(nullif(pricing_public_on_demand_cost, 0), line_item_unblended_cost)" %}
    {% set no_amount = "cast(null as decimal(38, 12))" %}

    -- One charge per native line. A negation is none of its own: the usage whose
    -- price it takes back is billed at 0.
    invoiced as (
        select
            *,
            'line' as kind,
            nullif(line_item_resource_id, '') as resource_id,
            line_item_usage_start_date as charge_period_start,
            line_item_usage_end_date as charge_period_end,
            case
                when line_rule = 'as_invoiced'
                then null
                -- Its usage has the quantity; a discount of no resource is no usage.
                when line_rule = 'discount'
                then if(has_resource, 0, null)
                else line_item_usage_amount
            end as pricing_quantity,
            case
                when line_rule = 'plan_covered' then 0 else invoiced_cost
            end as billed_cost,
            case
                line_rule
                when 'plan_covered'
                then
                    coalesce(
                        savings_plan_net_savings_plan_effective_cost,
                        savings_plan_savings_plan_effective_cost,
                        0
                    )
                when 'reservation_covered'
                then
                    coalesce(
                        reservation_net_effective_cost, reservation_effective_cost, 0
                    )
                else invoiced_cost
            end as effective_cost,
            case
                line_rule
                when 'plan_covered'
                then line_item_unblended_cost
                when 'reservation_covered'
                then {{ list_cost }}
                else invoiced_cost
            end as contracted_cost,
            case
                line_rule
                when 'discount'
                then 0
                when 'as_invoiced'
                then invoiced_cost
                else {{ list_cost }}
            end as list_cost,
            case
                line_rule
                when 'plan_covered'
                then coalesce(savings_plan_savings_plan_effective_cost, 0)
                when 'reservation_covered'
                then
                    case
                        when line_item_normalized_usage_amount > 0
                        then line_item_normalized_usage_amount
                        else line_item_usage_amount
                    end
            end as commitment_discount_quantity,
        from {{ ruled }}
        where
            coalesce(line_item_line_item_type, '')
            not in ('SavingsPlanNegation', {{ aws_fee_types() }})
            and not {{ aws_is_split_cost() }}
    ),

    fee_lines as (
        select
            *,
            line_rule = 'commitment_fee'
            or savings_plan_id is not null
            or reservation_id is not null
            or coalesce(
                line_item_product_code like '%SavingsPlans', false
            ) as is_commitment_fee,
            greatest(
                savings_plan_total_commitment_to_date - savings_plan_used_commitment, 0
            ) as unused_commitment,
            savings_plan_recurring_commitment_for_billing_period
            + savings_plan_amortized_upfront_commitment_for_billing_period
            as gross_commitment,
            coalesce(
                savings_plan_net_recurring_commitment_for_billing_period,
                savings_plan_recurring_commitment_for_billing_period
            ) + coalesce(
                savings_plan_net_amortized_upfront_commitment_for_billing_period,
                savings_plan_amortized_upfront_commitment_for_billing_period
            ) as net_commitment,
        from {{ ruled }}
        where
            line_item_line_item_type in ({{ aws_fee_types() }})
            and not {{ aws_is_split_cost() }}
    ),

    -- A recurring fee yields a second charge: what the commitment cost and nobody used.
    fee_charges as (
        select
            *,
            coalesce(
                nullif(line_item_resource_id, ''),
                if(is_commitment_fee, savings_plan_id, null),
                if(is_commitment_fee, reservation_id, null)
            ) as resource_id,
            line_item_usage_start_date as charge_period_start,
            line_item_usage_end_date as charge_period_end,
            case when kind = 'line' then invoiced_cost else 0 end as billed_cost,
            case
                when kind = 'line' and is_commitment_fee
                then 0
                when kind = 'line'
                then invoiced_cost
                when line_item_line_item_type = 'RIFee'
                then
                    coalesce(
                        reservation_net_unused_amortized_upfront_fee_for_billing_period,
                        reservation_unused_amortized_upfront_fee_for_billing_period,
                        0
                    ) + coalesce(
                        reservation_net_unused_recurring_fee,
                        reservation_unused_recurring_fee,
                        0
                    )
                when net_commitment <> gross_commitment and gross_commitment <> 0
                -- A discount on the plan's fees is one on what of them is wasted.
                then
                    cast(
                        cast(unused_commitment as double) * (
                            cast(net_commitment as double) / gross_commitment
                        ) as decimal(38, 12)
                    )
                else coalesce(unused_commitment, 0)
            end as effective_cost,
            case
                when kind = 'line' and not is_commitment_fee then invoiced_cost else 0
            end as contracted_cost,
            contracted_cost as list_cost,
            case
                when kind = 'unused' and line_item_line_item_type = 'RIFee'
                then
                    coalesce(
                        if(
                            is_normalized,
                            reservation_unused_normalized_unit_quantity,
                            null
                        ),
                        reservation_unused_quantity,
                        0
                    )
                when kind = 'unused'
                then unused_commitment
                when line_item_line_item_type = 'SavingsPlanRecurringFee'
                then
                    coalesce(
                        savings_plan_recurring_commitment_for_billing_period,
                        line_item_unblended_cost
                    )
                when
                    line_item_line_item_type = 'SavingsPlanUpfrontFee'
                    or (
                        line_item_line_item_type = 'Fee' and savings_plan_id is not null
                    )
                then line_item_unblended_cost
                when
                    line_item_line_item_type in ('RIFee', 'Fee')
                    and reservation_id is not null
                then
                    coalesce(
                        if(
                            is_normalized,
                            reservation_total_reserved_normalized_units,
                            null
                        ),
                        if(is_normalized, line_item_normalized_usage_amount, null),
                        reservation_total_reserved_units,
                        line_item_usage_amount
                    )
            end as commitment_discount_quantity,
            case
                when kind = 'unused'
                then commitment_discount_quantity
                when line_item_line_item_type <> 'Refund'
                then line_item_usage_amount
            end as pricing_quantity,
        from fee_lines
        cross join (values ('line'), ('unused')) as yielded(kind)
        where
            kind = 'line'
            or line_item_line_item_type in ('SavingsPlanRecurringFee', 'RIFee')
    ),

    fees as (select * from fee_charges where kind = 'line' or effective_cost <> 0),

    uncancelled as (
        select
            *,
            'uncancelled' as kind,
            cast(null as varchar) as resource_id,
            cast(null as varchar) as tags,
            cast(null as varchar) as x_cost_categories,
            line_item_usage_start_date as charge_period_start,
            line_item_usage_end_date as charge_period_end,
            {{ no_amount }} as pricing_quantity,
            invoiced_cost as billed_cost,
            invoiced_cost as effective_cost,
            invoiced_cost as contracted_cost,
            invoiced_cost as list_cost,
            {{ no_amount }} as commitment_discount_quantity,
        from {{ uncancelled }}
    )
{% endmacro %}
