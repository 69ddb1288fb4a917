select
    billing_period,
    provider,
    billing_currency,
    ai_project,
    ai_model,
    ai_stage,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost,
    sum(contracted_cost) as contracted_cost,
    sum(list_cost) as list_cost,
from {{ ref("fct_daily_costs") }}
where {{ is_in_scope() }}
group by all
