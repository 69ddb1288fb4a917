select
    billing_period,
    provider,
    billing_currency,
    cost_center,
    provider_name,
    service_category,
    service_name,
    ai_project,
    ai_model,
    ai_stage,
    charge_category,
    has_required_tags,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost,
    sum(contracted_cost) as contracted_cost,
    sum(list_cost) as list_cost,
from {{ ref("fct_daily_costs") }}
where {{ is_in_scope() }}
group by all
