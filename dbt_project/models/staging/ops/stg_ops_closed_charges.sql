{{ config(materialized="view") }}

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
    effective_cost,
    billed_cost,
from {{ source("ops", "closed_charges") }}
