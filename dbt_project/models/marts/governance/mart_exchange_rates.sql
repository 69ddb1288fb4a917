select
    billing_period,
    provider,
    billing_currency,
    pricing_currency,
    cast(rate as {{ var("money_type") }}) as rate,
    cast(row_count as bigint) as row_count,
from {{ ref("exchange_rates") }}
where {{ is_in_scope() }}
