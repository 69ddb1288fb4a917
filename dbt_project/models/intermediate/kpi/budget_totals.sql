{{ config(relation_type="view") }}

select billing_period, billing_currency, cost_center, budget, effective_cost,
from {{ ref("stg_published_budget_use") }}
where {{ is_month_in_scope() }}
