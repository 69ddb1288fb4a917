{{ config(materialized="view") }}

select billing_period, driver, unit, cost_center, provider, quantity,
from {{ source("ops", "allocation_drivers") }}
