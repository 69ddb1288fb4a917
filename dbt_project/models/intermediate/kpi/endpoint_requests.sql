select
    coalesce(hours.billing_period, months.billing_period) as billing_period,
    counts.provider,
    coalesce(hours.billing_currency, '(none)') as billing_currency,
    coalesce(hours.charge_date, cast(counts.bucket_start as date)) as charge_date,
    counts.endpoint_id as resource_id,
    counts.model as ai_model,
    coalesce(counts.model_version, '(none)') as model_version,
    coalesce(counts.stage, '(none)') as serving_stage,
    cast(sum(counts.requests) as bigint) as requests,
    cast(sum(counts.successes) as bigint) as successes,
    cast(sum(counts.tokens_in) as bigint) as tokens_in,
    cast(sum(counts.tokens_out) as bigint) as tokens_out,
from {{ ref("stg_telemetry_inference_counts") }} as counts
left join
    {{ ref("resource_hours") }} as hours
    on hours.provider = counts.provider
    and hours.resource_id = counts.endpoint_id
    and hours.charge_hour = counts.bucket_start
left join
    {{ ref("kpi_months") }} as months
    on hours.resource_id is null
    and months.provider = counts.provider
    and months.month_start <= counts.bucket_start
    and months.month_end > counts.bucket_start
where coalesce(hours.billing_period, months.billing_period) is not null
group by all
