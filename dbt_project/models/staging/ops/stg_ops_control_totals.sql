{{ config(materialized="view") }}

select
    provider,
    source,
    billing_period,
    delivery_id,
    billing_currency,
    row_count,
    source_cost,
    billed_cost,
from {{ source("ops", "control_totals") }}
