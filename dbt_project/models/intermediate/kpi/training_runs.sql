with
    months as (select * from {{ ref("kpi_months") }}),

    billed as (
        select
            provider,
            billing_period,
            resource_id,
            min(charge_start) as first_start,
            max(charge_end) as last_end,
        from {{ ref("kpi_charges") }}
        where resource_id is not null
        group by provider, billing_period, resource_id
    ),

    -- A run's hours are those of the month that its resource was billed in; Google's
    -- begins at midnight in California. What is billed a month late counts with its
    -- cost
    -- and not with hours. Of a resource that is in no bill they are those of the month.
    runs as (
        select
            months.billing_period,
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
            greatest(
                runs.started_at,
                months.month_start,
                coalesce(billed.first_start, months.month_start)
            ) as used_from,
            least(
                coalesce(runs.ended_at, months.month_end),
                months.month_end,
                coalesce(billed.last_end, months.month_end)
            ) as used_until,
            -- A run without an end is over where its resource is not billed any more.
            runs.started_at < months.month_end
            and case
                when runs.ended_at is not null
                then runs.ended_at > months.month_start
                else
                    runs.started_at >= months.month_start
                    or billed.resource_id is not null
            end as is_of_month,
        from {{ ref("stg_telemetry_training_runs") }} as runs
        inner join months on months.provider = runs.provider
        left join
            billed
            on billed.provider = runs.provider
            and billed.billing_period = months.billing_period
            and billed.resource_id = runs.resource_id
    )

select
    * exclude (used_from),
    greatest(date_diff('microsecond', used_from, used_until), 0) as used_microseconds,
from runs
