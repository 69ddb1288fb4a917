select
    billing_period,
    provider,
    billing_currency,
    commitment_discount_id,
    max(commitment_discount_name) as commitment_discount_name,
    max(commitment_discount_category) as commitment_discount_category,
    max(commitment_discount_type) as commitment_discount_type,
    cast(
        sum(if(charge_category = 'Purchase', billed_cost, 0)) as {{ var("money_type") }}
    ) as purchased_cost,
    cast(
        sum(
            if(commitment_discount_status = 'Used', effective_cost, 0)
        ) as {{ var("money_type") }}
    ) as used_cost,
    cast(
        sum(
            if(commitment_discount_status = 'Unused', effective_cost, 0)
        ) as {{ var("money_type") }}
    ) as unused_cost,
    cast(
        sum(
            if(commitment_discount_status = 'Used', list_cost, 0)
        ) as {{ var("money_type") }}
    ) as used_list_cost,
    cast(
        sum(
            if(commitment_discount_status = 'Used', contracted_cost, 0)
        ) as {{ var("money_type") }}
    ) as used_contracted_cost,
    cast(sum(billed_cost) as {{ var("money_type") }}) as billed_cost,
    cast(sum(effective_cost) as {{ var("money_type") }}) as effective_cost,
from {{ ref("fct_focus_costs") }}
where commitment_discount_id is not null and {{ is_in_scope() }}
group by billing_period, provider, billing_currency, commitment_discount_id
