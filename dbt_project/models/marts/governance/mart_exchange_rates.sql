select
    billing_period,
    provider,
    billing_currency,
    pricing_currency,
    cast(rate as decimal(38, 12)) as rate,
    cast(row_count as bigint) as row_count,
from {{ ref("exchange_rates") }}
where {{ is_in_scope() }}
