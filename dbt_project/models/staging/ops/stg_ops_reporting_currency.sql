{{ config(materialized="view") }}

select reporting_currency, rate_provider,
from {{ source("ops", "reporting_currency") }}
