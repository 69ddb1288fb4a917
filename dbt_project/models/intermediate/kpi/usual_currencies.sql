{{ config(relation_type="view") }}

select provider, billing_period, billing_currency,
from {{ ref("stg_published_daily_costs") }}
where {{ is_in_scope() }}
group by provider, billing_period, billing_currency
qualify
    row_number() over (
        partition by provider, billing_period
        order by sum(effective_cost) desc, billing_currency
    )
    = 1
