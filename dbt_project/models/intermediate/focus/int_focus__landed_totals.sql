{{ config(materialized="ephemeral") }}

select
    provider,
    source,
    billing_period,
    billing_currency,
    count(*) as row_count,
    sum(billed_cost) as billed_cost,
from {{ ref("stg_focus") }}
group by provider, source, billing_period, billing_currency
