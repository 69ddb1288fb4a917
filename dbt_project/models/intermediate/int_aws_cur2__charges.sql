{#- Line columns of FOCUS that CUR 2.0 has nothing for, or that follow by rule (see staging/README.md). -#}
{% set absent = [
    "consumed_quantity",
    "contracted_unit_price",
    "list_unit_price",
    "pricing_currency_contracted_unit_price",
    "pricing_currency_effective_cost",
    "pricing_currency_list_unit_price",
    "resource_name",
] %}

with
    -- One charge per native line. A negation is none of its own: the usage whose
    -- price it takes back is billed at 0.
    invoiced as (
        select
            *,
            {{ hash_of(["'line'"] + aws_detail_columns()) }} as x_details_id,
            nullif(line_item_resource_id, '') as resource_id,
            line_item_usage_start_date as charge_period_start,
            line_item_usage_end_date as charge_period_end,
            case
                when
                    {{ aws_charge_category() }} in ('Usage', 'Purchase')
                    and pricing_unit <> ''
                then line_item_usage_amount
            end as pricing_quantity,
            case
                when cost_rule = 'plan_covered' then 0 else invoiced_cost
            end as billed_cost,
            case
                cost_rule
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
                when 'commitment_fee'
                then 0
                else invoiced_cost
            end as effective_cost,
            case
                when cost_rule = 'plan_covered'
                then line_item_unblended_cost
                when cost_rule = 'reservation_covered'
                then coalesce(pricing_public_on_demand_cost, 0)
                when cost_rule = 'commitment_fee' or is_split_cost
                then 0
                else invoiced_cost
            end as contracted_cost,
            case
                when cost_rule in ('commitment_fee', 'discount') or is_split_cost
                then 0
                when cost_rule = 'as_invoiced'
                then invoiced_cost
                else coalesce(pricing_public_on_demand_cost, line_item_unblended_cost)
            end as list_cost,
            case
                cost_rule
                when 'plan_covered'
                then savings_plan_savings_plan_effective_cost
                when 'reservation_covered'
                then line_item_usage_amount
            end as commitment_discount_quantity,
        from {{ ref("int_aws_cur2__ruled") }}
        where line_item_line_item_type <> 'SavingsPlanNegation'
    ),

    -- What a commitment cost and nobody used, beside the fee that bought it.
    unused as (
        select
            *,
            {{ hash_of(["'unused'"] + aws_detail_columns()) }} as x_details_id,
            coalesce(savings_plan_id, reservation_id) as resource_id,
            line_item_usage_start_date as charge_period_start,
            line_item_usage_end_date as charge_period_end,
            cast(null as decimal(38, 12)) as pricing_quantity,
            cast(0 as decimal(38, 12)) as billed_cost,
            case
                line_item_line_item_type
                when 'SavingsPlanRecurringFee'
                then
                    coalesce(
                        savings_plan_total_commitment_to_date
                        - savings_plan_used_commitment,
                        0
                    )
                else
                    coalesce(
                        reservation_net_unused_amortized_upfront_fee_for_billing_period,
                        reservation_unused_amortized_upfront_fee_for_billing_period,
                        0
                    ) + coalesce(
                        reservation_net_unused_recurring_fee,
                        reservation_unused_recurring_fee,
                        0
                    )
            end as effective_cost,
            cast(0 as decimal(38, 12)) as contracted_cost,
            cast(0 as decimal(38, 12)) as list_cost,
            case
                when savings_plan_id is not null then effective_cost
            end as commitment_discount_quantity,
        from {{ ref("int_aws_cur2__ruled") }}
        where line_item_line_item_type in ('SavingsPlanRecurringFee', 'RIFee')
    ),

    -- Covered usage and its negations cancel over a plan's day: a negation may sit on
    -- another account. Where they do not,
    -- the invoice holds the difference, so the fact does.
    uncancelled as (
        select
            *,
            cast(null as varchar) as resource_id,
            cast(null as varchar) as tags,
            cast(null as varchar) as x_cost_categories,
            charge_day as charge_period_start,
            charge_day + interval 1 day as charge_period_end,
            cast(null as decimal(38, 12)) as pricing_quantity,
            billed_cost as effective_cost,
            billed_cost as contracted_cost,
            billed_cost as list_cost,
            cast(null as decimal(38, 12)) as commitment_discount_quantity,
        from {{ ref("int_aws_cur2__uncancelled_negations") }}
    )

-- Joined only here, each branch complete: computing anything above a union makes
-- DuckDB unpack every dictionary first,
-- which doubles the cost of a line.
{% for branch in ["invoiced", "unused", "uncancelled"] %}
    select
        provider,
        billing_period,
        x_details_id,
        x_cost_categories,
        {%- for name, type in focus_columns() if name in charge_columns() %}
            {% if name in absent %} cast(null as {{ type }}) as {{ name }},
            {%- else %} {{ name }},
            {%- endif %}
        {%- endfor %}
    from {{ branch }}
    {% if branch == "unused" %} where effective_cost <> 0 {% endif %}
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
