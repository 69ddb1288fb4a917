{{ config(materialized="view") }}

select billing_period, billing_currency, rate,
from {{ source("ops", "reporting_rates") }}
