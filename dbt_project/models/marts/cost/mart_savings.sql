with
    usage as (
        select
            *,
            -- What nobody used would have cost nothing without the commitment.
            if(commitment_discount_status = 'Unused', 0, list_cost) as used_list_cost,
            if(
                commitment_discount_status = 'Unused', 0, contracted_cost
            ) as used_contracted_cost,
        from {{ ref("fct_daily_costs") }}
        where charge_category = 'Usage' and {{ is_in_scope() }}
    )

select
    billing_period,
    provider,
    billing_currency,
    cost_center,
    cast(sum(used_list_cost) as {{ var("money_type") }}) as list_cost,
    cast(sum(used_contracted_cost) as {{ var("money_type") }}) as contracted_cost,
    cast(sum(effective_cost) as {{ var("money_type") }}) as effective_cost,
    cast(
        sum(used_list_cost - used_contracted_cost) as {{ var("money_type") }}
    ) as saved_by_prices,
    cast(
        sum(used_contracted_cost - effective_cost) as {{ var("money_type") }}
    ) as saved_by_commitments,
from usage
group by billing_period, provider, billing_currency, cost_center
