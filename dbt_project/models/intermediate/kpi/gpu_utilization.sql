select
    metrics.provider,
    metrics.resource_id,
    hours.charge_date,
    {{
        quotient(
            "sum(metrics.average * metrics.minutes_covered)",
            "sum(metrics.minutes_covered)",
        )
    }} as gpu_utilization,
    {{ quotient("sum(metrics.minutes_covered)", "60") }} as measured_hours,
from {{ ref("stg_telemetry_resource_metrics") }} as metrics
inner join
    {{ ref("resource_hours") }} as hours
    on hours.provider = metrics.provider
    and hours.resource_id = metrics.resource_id
    and hours.charge_hour = metrics.bucket_start
where metrics.metric = 'gpu_utilization'
group by metrics.provider, metrics.resource_id, hours.charge_date
