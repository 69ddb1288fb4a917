with
    months as (select distinct provider, billing_period, from {{ ref("kpi_details") }}),

    -- An endpoint without cost is in no currency.
    currencies as (
        select distinct provider, billing_period, resource_id, billing_currency,
        from {{ ref("usage_costs") }}
        where is_endpoint
    )

select
    months.billing_period,
    months.provider,
    coalesce(currencies.billing_currency, '(none)') as billing_currency,
    cast(counts.bucket_start as date) as charge_date,
    counts.endpoint_id as resource_id,
    counts.model as ai_model,
    coalesce(counts.model_version, '(none)') as model_version,
    coalesce(counts.stage, '(none)') as serving_stage,
    cast(sum(counts.requests) as bigint) as requests,
    cast(sum(counts.successes) as bigint) as successes,
    cast(sum(counts.tokens_in) as bigint) as tokens_in,
    cast(sum(counts.tokens_out) as bigint) as tokens_out,
from {{ ref("stg_telemetry_inference_counts") }} as counts
inner join
    months
    on months.provider = counts.provider
    and cast(months.billing_period || '-01' as timestamp) <= counts.bucket_start
    and cast(months.billing_period || '-01' as timestamp)
    + interval 1 month
    > counts.bucket_start
left join
    currencies
    on currencies.provider = months.provider
    and currencies.billing_period = months.billing_period
    and currencies.resource_id = counts.endpoint_id
group by all
