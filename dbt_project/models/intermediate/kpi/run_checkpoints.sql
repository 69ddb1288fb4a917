{%- set piece = "provider, billing_period, run_id, stage, resource_id" -%}

with
    marked as (
        select
            *,
            count(*) filter (where stage = 'training') over (
                partition by provider, billing_period, run_id
            )
            > 0 as has_training,
        from {{ ref("training_runs") }}
    ),

    -- What prepares the data of a run writes none of its checkpoints.
    runs as (
        select
            {{ piece }},
            started_at,
            greatest(
                least(coalesce(ended_at, used_until), used_until), started_at
            ) as until,
            stage = 'training' or not has_training as is_writer,
        from marked
        where is_of_month
    ),

    moments as (
        select {{ piece }}, started_at as moment, false as is_checkpoint,
        from runs
        union all
        select {{ piece }}, until as moment, false as is_checkpoint,
        from runs
        union all
        select
            runs.provider,
            runs.billing_period,
            runs.run_id,
            runs.stage,
            runs.resource_id,
            checkpoints.created_at as moment,
            true as is_checkpoint,
        from runs
        inner join
            {{ ref("stg_telemetry_checkpoints") }} as checkpoints
            on checkpoints.run_id = runs.run_id
            and checkpoints.created_at > runs.started_at
            and checkpoints.created_at <= runs.until
        where runs.is_writer
    ),

    intervals as (
        select
            *,
            date_diff(
                'microsecond',
                lag(moment) over (partition by {{ piece }} order by moment),
                moment
            ) as microseconds,
        from moments
    )

select
    {{ piece }},
    count(*) filter (where is_checkpoint) as checkpoints,
    max(microseconds) as longest_microseconds,
from intervals
group by {{ piece }}
