select
    costs.billing_period,
    costs.provider,
    costs.billing_currency,
    costs.commitment_discount_id,
    max(costs.commitment_discount_name) as commitment_discount_name,
    max(costs.commitment_discount_category) as commitment_discount_category,
    max(costs.commitment_discount_type) as commitment_discount_type,
    max(ends.expires_on) as expires_on,
    cast(
        sum(
            if(costs.charge_category = 'Purchase', costs.billed_cost, 0)
        ) as {{ var("money_type") }}
    ) as purchased_cost,
    cast(
        sum(
            if(costs.commitment_discount_status = 'Used', costs.effective_cost, 0)
        ) as {{ var("money_type") }}
    ) as used_cost,
    cast(
        sum(
            if(costs.commitment_discount_status = 'Unused', costs.effective_cost, 0)
        ) as {{ var("money_type") }}
    ) as unused_cost,
    cast(
        sum(
            if(costs.commitment_discount_status = 'Used', costs.list_cost, 0)
        ) as {{ var("money_type") }}
    ) as used_list_cost,
    cast(
        sum(
            if(costs.commitment_discount_status = 'Used', costs.contracted_cost, 0)
        ) as {{ var("money_type") }}
    ) as used_contracted_cost,
    cast(sum(costs.billed_cost) as {{ var("money_type") }}) as billed_cost,
    cast(sum(costs.effective_cost) as {{ var("money_type") }}) as effective_cost,
from {{ ref("fct_focus_costs") }} as costs
left join
    {{ ref("commitment_ends") }} as ends
    on ends.provider = costs.provider
    and ends.billing_period = costs.billing_period
    and ends.commitment_discount_id = costs.commitment_discount_id
where costs.commitment_discount_id is not null and {{ is_in_scope("costs") }}
group by
    costs.billing_period,
    costs.provider,
    costs.billing_currency,
    costs.commitment_discount_id
