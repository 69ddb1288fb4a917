{{ config(materialized="view") }}

select billing_period, provider, billing_currency, cost_center, effective_cost,
from {{ source("ops", "closed_entries") }}
