select
    billing_period,
    provider,
    billing_currency,
    cost_center,
    cast(sum(list_cost) as {{ var("money_type") }}) as list_cost,
    cast(sum(contracted_cost) as {{ var("money_type") }}) as contracted_cost,
    cast(sum(effective_cost) as {{ var("money_type") }}) as effective_cost,
    cast(
        sum(list_cost - contracted_cost) as {{ var("money_type") }}
    ) as saved_by_prices,
    cast(
        sum(contracted_cost - effective_cost) as {{ var("money_type") }}
    ) as saved_by_commitments,
from {{ ref("mart_chargeback") }}
where charge_category = 'Usage' and {{ is_in_scope() }}
group by billing_period, provider, billing_currency, cost_center
