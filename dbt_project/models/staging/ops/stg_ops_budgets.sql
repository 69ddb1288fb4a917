{{ config(materialized="view") }}

select billing_period, billing_currency, cost_center, budget,
from {{ source("ops", "budgets") }}
