-- Cut at midnight before runs are compared: a resource has a few runs a day, and may
-- have
-- thousands a month.
with
    resources as (
        select provider, resource_id, max(charge_end) as last_charge_end,
        from {{ ref("kpi_charges") }}
        where (is_spot or is_transfer) and resource_id is not null
        group by provider, resource_id
    ),

    bounds as (
        select min(charge_start) as first_moment, max(charge_end) as last_moment,
        from {{ ref("kpi_charges") }}
    ),

    runs as (
        select
            runs.provider,
            runs.resource_id,
            runs.run_id,
            runs.stage,
            date_trunc(
                'second', greatest(runs.started_at, bounds.first_moment)
            ) as started_at,
            date_trunc(
                'second',
                least(
                    coalesce(runs.ended_at, resources.last_charge_end),
                    bounds.last_moment
                )
            ) as ended_at,
        from {{ ref("stg_telemetry_training_runs") }} as runs
        inner join
            resources
            on resources.provider = runs.provider
            and resources.resource_id = runs.resource_id
        cross join bounds
    ),

    days as (
        select
            *,
            unnest(
                range(date_trunc('day', started_at), ended_at, interval 1 day)
            ) as piece_day,
        from runs
        where ended_at > started_at
    ),

    run_days as (
        select
            provider,
            resource_id,
            run_id,
            stage,
            piece_day,
            greatest(started_at, piece_day) as started_at,
            least(ended_at, piece_day + interval 1 day) as ended_at,
        from days
    ),

    moments as (
        select provider, resource_id, piece_day, started_at as moment,
        from run_days
        union
        select provider, resource_id, piece_day, ended_at as moment,
        from run_days
    ),

    pieces as (
        select
            provider,
            resource_id,
            piece_day,
            moment as piece_start,
            lead(moment) over (
                partition by provider, resource_id, piece_day order by moment
            ) as piece_end,
        from moments
    )

select
    pieces.provider,
    pieces.resource_id,
    pieces.piece_day,
    pieces.piece_start,
    pieces.piece_end,
    run_days.run_id,
    run_days.stage,
    row_number() over (
        partition by pieces.provider, pieces.resource_id, pieces.piece_start
        order by run_days.run_id, run_days.stage
    ) as place,
    count(*) over (
        partition by pieces.provider, pieces.resource_id, pieces.piece_start
    ) as run_count,
from pieces
inner join
    run_days
    on run_days.provider = pieces.provider
    and run_days.resource_id = pieces.resource_id
    and run_days.piece_day = pieces.piece_day
    and run_days.started_at <= pieces.piece_start
    and run_days.ended_at >= pieces.piece_end
