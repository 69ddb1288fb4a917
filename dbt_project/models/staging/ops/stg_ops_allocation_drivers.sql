{{ config(materialized="ephemeral") }}

select billing_period, driver, cost_center, provider, quantity,
from {{ source("ops", "allocation_drivers") }}
