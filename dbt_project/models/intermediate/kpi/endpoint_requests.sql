with
    endpoints as (
        select distinct provider, endpoint_id as resource_id,
        from {{ ref("stg_telemetry_inference_counts") }}
    ),

    periods as (
        select distinct
            charges.provider,
            charges.billing_period,
            charges.billing_currency,
            charges.charge_date,
            charges.resource_id,
            charges.charge_start,
            charges.charge_end,
        from {{ ref("kpi_charges") }} as charges
        inner join
            endpoints
            on endpoints.provider = charges.provider
            and endpoints.resource_id = charges.resource_id
        -- What was billed late is of a month that has counted its requests.
        where substr(cast(charges.charge_date as varchar), 1, 7) = billing_period
    ),

    period_hours as (
        select
            *,
            unnest(
                generate_series(
                    date_trunc('hour', charge_start),
                    charge_end - interval 1 microsecond,
                    interval 1 hour
                )
            ) as charge_hour,
        from periods
    ),

    -- A request is of the day, the month and the currency of the shortest charge that
    -- it
    -- falls into.
    billed_hours as (
        select *,
        from period_hours
        qualify
            row_number() over (
                partition by provider, resource_id, charge_hour
                order by charge_start desc, charge_end, billing_currency
            )
            = 1
    )

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
    billed_hours as hours
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
