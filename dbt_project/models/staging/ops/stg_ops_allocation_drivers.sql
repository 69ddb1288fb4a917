{{ config(materialized="ephemeral") }}

select billing_period, driver, unit, cost_center, provider, quantity,
from {{ source("ops", "allocation_drivers") }}
