with
    -- Of the many resources that are measured, those with GPUs alone have a figure by
    -- day.
    measured as (
        select provider, endpoint_id as resource_id, true as is_endpoint,
        from {{ ref("stg_telemetry_inference_counts") }}
        group by provider, endpoint_id
        union all
        select provider, resource_id, false as is_endpoint,
        from {{ ref("stg_telemetry_resource_metrics") }}
        where metric = 'gpu_utilization'
        group by provider, resource_id
    ),

    periods as (
        select distinct
            charges.provider,
            charges.billing_period,
            charges.billing_currency,
            charges.resource_id,
            charges.charge_start,
            charges.charge_end,
        from {{ ref("kpi_charges") }} as charges
        inner join
            measured
            on measured.provider = charges.provider
            and measured.resource_id = charges.resource_id
        -- What was billed late is of a month that has counted its hours.
        where
            (charges.is_gpu or measured.is_endpoint)
            and substr(cast(charges.charge_date as varchar), 1, 7) = billing_period
    ),

    hours as (
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
    )

select
    provider,
    resource_id,
    charge_hour,
    max(billing_period) as billing_period,
    max(billing_currency) as billing_currency,
    cast(max(charge_start) as date) as charge_date,
from hours
group by provider, resource_id, charge_hour
