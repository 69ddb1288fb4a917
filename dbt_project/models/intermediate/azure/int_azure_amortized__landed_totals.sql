{{ config(materialized="ephemeral") }}

select
    provider,
    source,
    billing_period,
    billing_currency,
    count(*) as row_count,
    sum(
        case when {{ azure_is_paid_by_commitment() }} then 0 else cost end
    ) as billed_cost,
from {{ ref("stg_azure_amortized") }}
group by provider, source, billing_period, billing_currency
