{{ config(materialized="ephemeral") }}

with
    landed as (
        select
            provider,
            source,
            billing_period,
            billing_currency,
            case
                when {{ azure_is_paid_by_commitment() }} then 0 else cost
            end as billed_cost,
        from {{ ref("stg_azure_amortized") }}
        union all
        select
            provider,
            source,
            billing_period,
            billing_currency,
            case
                when {{ azure_is_commitment_fee() }} then cost else 0
            end as billed_cost,
        from {{ ref("stg_azure_actual") }}
    )

select
    provider,
    source,
    billing_period,
    billing_currency,
    count(*) as row_count,
    sum(billed_cost) as billed_cost,
from landed
group by provider, source, billing_period, billing_currency
