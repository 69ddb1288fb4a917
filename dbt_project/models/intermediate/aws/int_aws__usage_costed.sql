{#- A public price of 0 beside a cost is a price that the bill does not name. -#}
{% set list_cost = "coalesce(nullif(pricing_public_on_demand_cost, 0), line_item_unblended_cost)" %}

select
    provider,
    billing_period,
    x_details_id,
    x_cost_categories,
    tags,
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
    case when line_rule = 'plan_covered' then 0 else invoiced_cost end as billed_cost,
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
        then coalesce(reservation_net_effective_cost, reservation_effective_cost, 0)
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
from {{ ref("int_aws__lines_classified") }}
where line_rule not in ('plan_negation', 'commitment_fee', 'fee') and not is_split_cost
