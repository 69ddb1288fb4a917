with
    months as (
        select distinct
            provider,
            billing_period,
            cast(billing_period || '-01' as timestamp) as month_start,
            cast(billing_period || '-01' as timestamp)
            + interval 1 month as month_end,
        from {{ ref("kpi_details") }}
    ),

    billed as (
        select provider, resource_id, max(charge_end) as last_end,
        from {{ ref("kpi_charges") }}
        group by provider, resource_id
    ),

    runs as (
        select
            months.billing_period,
            months.month_start,
            months.month_end,
            runs.provider,
            runs.run_id,
            runs.stage,
            runs.resource_id,
            runs.model,
            coalesce(runs.model_version, '(none)') as model_version,
            coalesce(runs.experiment, '(none)') as experiment,
            coalesce(runs.pipeline, '(none)') as pipeline,
            runs.status,
            runs.gpu_count,
            runs.epochs,
            runs.started_at,
            runs.ended_at,
            coalesce(runs.ended_at, billed.last_end, months.month_end) as last_used_at,
        from {{ ref("stg_telemetry_training_runs") }} as runs
        inner join months on months.provider = runs.provider
        left join
            billed
            on billed.provider = runs.provider
            and billed.resource_id = runs.resource_id
    )

select
    * exclude (month_start, month_end, last_used_at),
    greatest(
        date_diff(
            'microsecond',
            greatest(started_at, month_start),
            least(last_used_at, month_end)
        ),
        0
    ) as used_microseconds,
    started_at < month_end
    and greatest(started_at, last_used_at) >= month_start as is_of_month,
from runs
