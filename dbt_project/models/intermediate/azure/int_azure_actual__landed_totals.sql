{{ config(materialized="ephemeral") }}

select
    provider,
    source,
    billing_period,
    billing_currency,
    count(*) as row_count,
    sum(case when {{ azure_is_commitment_fee() }} then cost else 0 end) as billed_cost,
from {{ ref("stg_azure_actual") }}
group by provider, source, billing_period, billing_currency
