{{ config(materialized="ephemeral") }}

select
    provider,
    source,
    billing_period,
    currency as billing_currency,
    count(*) as row_count,
    sum(cost + {{ gcp_credit_total() }}) as billed_cost,
from {{ ref("stg_gcp_usage") }}
group by provider, source, billing_period, currency
