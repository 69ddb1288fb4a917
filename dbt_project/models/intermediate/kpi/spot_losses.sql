with
    of_month as (
        select
            interruptions.provider,
            months.billing_period,
            interruptions.resource_id,
            interruptions.instance_type,
            interruptions.zone,
            interruptions.job_id,
            interruptions.interrupted_at,
            interruptions.restarted_at,
        from {{ ref("stg_telemetry_spot_interruptions") }} as interruptions
        inner join
            {{ ref("kpi_months") }} as months
            on months.provider = interruptions.provider
            and interruptions.interrupted_at >= months.month_start
            and interruptions.interrupted_at < months.month_end
    ),

    runs as (
        select
            provider,
            run_id,
            stage,
            resource_id,
            model,
            model_version,
            gpu_count,
            started_at,
            coalesce(ended_at, cast('9999-12-31 00:00:00' as timestamp)) as ended_at,
        from {{ ref("stg_telemetry_training_runs") }}
    ),

    -- The run that the notice names, else one that used the resource at that moment.
    candidates as (
        select
            of_month.provider,
            of_month.resource_id,
            of_month.interrupted_at,
            runs.run_id,
            runs.stage,
            runs.gpu_count,
            runs.started_at,
            if(runs.resource_id = of_month.resource_id, 0, 1) + if(
                of_month.interrupted_at between runs.started_at and runs.ended_at, 0, 2
            ) as distance,
        from of_month
        inner join
            runs on runs.provider = of_month.provider and runs.run_id = of_month.job_id
        union all
        select
            of_month.provider,
            of_month.resource_id,
            of_month.interrupted_at,
            runs.run_id,
            runs.stage,
            runs.gpu_count,
            runs.started_at,
            0 as distance,
        from of_month
        inner join
            runs
            on runs.provider = of_month.provider
            and runs.resource_id = of_month.resource_id
            and of_month.interrupted_at between runs.started_at and runs.ended_at
        where of_month.job_id is null
    ),

    chosen as (
        select *,
        from candidates
        qualify
            row_number() over (
                partition by provider, resource_id, interrupted_at
                order by distance, started_at desc, run_id, stage
            )
            = 1
    ),

    jobs as (
        select
            of_month.*,
            coalesce(of_month.job_id, chosen.run_id) as interrupted_job,
            chosen.run_id,
            chosen.stage,
            chosen.gpu_count,
            chosen.started_at,
        from of_month
        left join
            chosen
            on chosen.provider = of_month.provider
            and chosen.resource_id = of_month.resource_id
            and chosen.interrupted_at = of_month.interrupted_at
    ),

    saved as (
        select
            jobs.provider,
            jobs.resource_id,
            jobs.interrupted_at,
            max(checkpoints.created_at) as last_checkpoint_at,
        from jobs
        inner join
            {{ ref("stg_telemetry_checkpoints") }} as checkpoints
            on checkpoints.run_id = jobs.interrupted_job
            and checkpoints.created_at <= jobs.interrupted_at
        group by jobs.provider, jobs.resource_id, jobs.interrupted_at
    ),

    spot_resources as (
        select distinct provider, resource_id,
        from {{ ref("spot_charges") }}
        where resource_id is not null
    ),

    -- All machines of the run go back to the checkpoint.
    machines as (
        select
            jobs.provider,
            jobs.resource_id,
            jobs.interrupted_at,
            count(distinct runs.resource_id) as machines,
            sum(runs.gpu_count) as gpus,
        from jobs
        inner join
            runs
            on runs.provider = jobs.provider
            and runs.run_id = jobs.run_id
            and runs.stage = jobs.stage
            and jobs.interrupted_at between runs.started_at and runs.ended_at
        inner join
            spot_resources
            on spot_resources.provider = runs.provider
            and spot_resources.resource_id = runs.resource_id
        group by jobs.provider, jobs.resource_id, jobs.interrupted_at
    ),

    -- An instance that the bill does not know counts in the currency in which most of
    -- the
    -- provider's spot, or else its bill, is charged.
    currencies as (
        select provider, resource_id, billing_currency,
        from {{ ref("spot_charges") }}
        where resource_id is not null
        group by provider, resource_id, billing_currency
        qualify
            row_number() over (
                partition by provider, resource_id
                order by sum(spot_cost) desc, billing_currency
            )
            = 1
    ),

    told as (
        select
            jobs.provider,
            jobs.billing_period,
            coalesce(
                currencies.billing_currency, usual_currencies.billing_currency
            ) as billing_currency,
            jobs.resource_id,
            jobs.instance_type,
            jobs.zone,
            jobs.interrupted_job as job_id,
            jobs.interrupted_at,
            jobs.restarted_at,
            saved.last_checkpoint_at,
            jobs.run_id is not null as has_run,
            coalesce(machines.machines, 1) as machines,
            coalesce(machines.gpus, jobs.gpu_count, 0) as gpus,
            -- What an interruption before this one took is not lost once more.
            greatest(
                jobs.started_at,
                saved.last_checkpoint_at,
                max(jobs.restarted_at) over (
                    partition by jobs.provider, jobs.interrupted_job
                    order by jobs.interrupted_at, jobs.resource_id
                    rows between unbounded preceding and 1 preceding
                )
            ) as lost_from,
        from jobs
        inner join
            {{ ref("usual_currencies") }} as usual_currencies
            on usual_currencies.provider = jobs.provider
            and usual_currencies.billing_period = jobs.billing_period
        left join
            currencies
            on currencies.provider = jobs.provider
            and currencies.resource_id = jobs.resource_id
        left join
            saved
            on saved.provider = jobs.provider
            and saved.resource_id = jobs.resource_id
            and saved.interrupted_at = jobs.interrupted_at
        left join
            machines
            on machines.provider = jobs.provider
            and machines.resource_id = jobs.resource_id
            and machines.interrupted_at = jobs.interrupted_at
    ),

    counted as (
        select
            *,
            case
                when has_run or last_checkpoint_at is not null
                then greatest(date_diff('second', lost_from, interrupted_at), 0)
            end as lost_seconds,
            date_diff('second', interrupted_at, restarted_at) as restart_seconds,
            date_diff('second', last_checkpoint_at, interrupted_at) as age_seconds,
        from told
    )

select
    provider,
    billing_period,
    billing_currency,
    resource_id,
    instance_type,
    zone,
    job_id,
    interrupted_at,
    {{ quotient("lost_seconds * machines", "3600") }} as lost_hours,
    {{ quotient("lost_seconds * gpus", "3600") }} as lost_gpu_hours,
    {{ quotient("restart_seconds * machines", "3600") }} as restart_hours,
    {{ quotient("restart_seconds * gpus", "3600") }} as restart_gpu_hours,
    {{ quotient("age_seconds", "3600") }} as checkpoint_age_hours,
from counted
