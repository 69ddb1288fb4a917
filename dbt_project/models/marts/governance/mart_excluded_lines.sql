select
    billing_period,
    provider,
    billing_currency,
    source as x_source,
    reason,
    kept_in,
    cast(row_count as bigint) as row_count,
    cast(source_cost as {{ var("money_type") }}) as source_cost,
from {{ ref("excluded_lines") }}
where {{ is_in_scope() }}
