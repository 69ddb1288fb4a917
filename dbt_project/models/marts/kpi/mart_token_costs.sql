select
    billing_period,
    provider,
    billing_currency,
    charge_date,
    managed_model,
    token_direction as direction,
    coalesce(resource_id, '(none)') as resource_id,
    region_id,
    cost_center,
    ai_project,
    ai_model,
    environment,
    cast(sum(tokens) as {{ var("money_type") }}) as tokens,
    cast(sum(billed_cost) as {{ var("money_type") }}) as billed_cost,
    cast(sum(effective_cost) as {{ var("money_type") }}) as effective_cost,
    cast(sum(list_cost) as {{ var("money_type") }}) as list_cost,
    {{ quotient("sum(effective_cost) * 1000000", "sum(tokens)") }}
    as price_per_million_tokens,
    {{ quotient("sum(list_cost) * 1000000", "sum(tokens)") }}
    as list_price_per_million_tokens,
    cast(count(*) filter (where tokens is null) as bigint) as unmeasured_charges,
from {{ ref("kpi_charges") }}
where is_tokens
group by
    billing_period,
    provider,
    billing_currency,
    charge_date,
    managed_model,
    token_direction,
    resource_id,
    region_id,
    cost_center,
    ai_project,
    ai_model,
    environment
