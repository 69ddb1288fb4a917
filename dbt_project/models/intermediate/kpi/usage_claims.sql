{#-
    Runs and endpoints claim hours of resources. Times are whole nanoseconds, so that what several share adds up exactly: what
    cannot be divided goes to the first of them.
-#}
{%- set of_hour = "partition by provider, resource_id, claim_hour" -%}
{%- set of_segment = (
    "partition by counted.provider, counted.resource_id, counted.claim_hour, "
    ~ "segments.segment_start"
) -%}

with
    billed as (
        select
            provider,
            resource_id,
            min(charge_start) as first_start,
            max(charge_end) as last_end,
        from {{ ref("kpi_charges") }}
        where resource_id is not null
        group by provider, resource_id
    ),

    -- A run without an end lasts until the newest charge of its resource.
    runs as (
        select
            runs.provider,
            runs.resource_id,
            runs.run_id,
            runs.stage,
            runs.model,
            runs.model_version,
            greatest(runs.started_at, billed.first_start) as started_at,
            least(
                coalesce(runs.ended_at, billed.last_end), billed.last_end
            ) as ended_at,
        from {{ ref("stg_telemetry_training_runs") }} as runs
        inner join
            billed
            on billed.provider = runs.provider
            and billed.resource_id = runs.resource_id
    ),

    run_hours as (
        select
            *,
            unnest(
                generate_series(
                    date_trunc('hour', started_at),
                    ended_at - interval 1 microsecond,
                    interval 1 hour
                )
            ) as claim_hour,
        from runs
        where started_at < ended_at
    ),

    asked as (
        select
            provider,
            endpoint_id as resource_id,
            bucket_start as claim_hour,
            model,
            model_version,
            stage,
            requests,
        from {{ ref("stg_telemetry_inference_counts") }}
        where requests > 0
    ),

    endpoint_hours as (
        select
            provider,
            resource_id,
            claim_hour,
            sum(requests) as all_requests,
            count(*) as version_count,
        from asked
        group by provider, resource_id, claim_hour
    ),

    -- Few endpoints have several versions, and windows over all would take seconds.
    requests as (
        select
            asked.*,
            endpoint_hours.all_requests,
            sum(asked.requests) over (
                partition by asked.provider, asked.resource_id, asked.claim_hour
                order by asked.model, asked.model_version, asked.stage
                rows between unbounded preceding and current row
            ) as requests_so_far,
        from asked
        inner join endpoint_hours using (provider, resource_id, claim_hour)
        where endpoint_hours.version_count > 1
        union all
        select
            asked.*, asked.requests as all_requests, asked.requests as requests_so_far,
        from asked
        inner join endpoint_hours using (provider, resource_id, claim_hour)
        where endpoint_hours.version_count = 1
    ),

    pieces as (
        select
            provider,
            resource_id,
            claim_hour,
            run_id,
            stage,
            model,
            model_version,
            greatest(started_at, claim_hour) as claim_start,
            least(ended_at, claim_hour + interval 1 hour) as claim_end,
        from run_hours
        union all
        -- All versions of an endpoint claim an hour together.
        select
            provider,
            resource_id,
            claim_hour,
            cast(null as varchar) as run_id,
            cast(null as varchar) as stage,
            cast(null as varchar) as model,
            cast(null as varchar) as model_version,
            claim_hour as claim_start,
            claim_hour + interval 1 hour as claim_end,
        from endpoint_hours
    ),

    contended as (
        select provider, resource_id, claim_hour,
        from pieces
        group by provider, resource_id, claim_hour
        having count(*) > 1
    ),

    counted as (
        select pieces.*,
        from pieces
        inner join contended using (provider, resource_id, claim_hour)
    ),

    moments as (
        select provider, resource_id, claim_hour, claim_start as segment_start,
        from counted
        union
        select provider, resource_id, claim_hour, claim_end as segment_start,
        from counted
    ),

    segments as (
        select
            *,
            lead(segment_start) over (
                {{ of_hour }} order by segment_start
            ) as segment_end,
        from moments
    ),

    -- Where several run at a time, each has an equal part of it.
    shared as (
        select
            counted.* exclude (claim_start, claim_end),
            segments.segment_start,
            segments.segment_end,
            count(*) over ({{ of_segment }}) as claim_count,
            row_number() over (
                {{ of_segment }} order by counted.run_id, counted.stage
            ) as claim_rank,
        from counted
        inner join
            segments
            on segments.provider = counted.provider
            and segments.resource_id = counted.resource_id
            and segments.claim_hour = counted.claim_hour
            and segments.segment_start >= counted.claim_start
            and segments.segment_end <= counted.claim_end
        union all
        select
            pieces.* exclude (claim_start, claim_end),
            claim_start as segment_start,
            claim_end as segment_end,
            1 as claim_count,
            1 as claim_rank,
        from pieces
        anti join contended using (provider, resource_id, claim_hour)
    ),

    lengths as (
        select
            *, date_diff('microsecond', segment_start, segment_end) * 1000 as length_ns,
        from shared
    ),

    claims as (
        select
            * exclude (claim_count, claim_rank),
            divide(length_ns, claim_count)
            + if(claim_rank <= length_ns % claim_count, 1, 0) as claimed_ns,
        from lengths
    )

select
    claims.provider,
    claims.resource_id,
    claims.claim_hour,
    claims.segment_start,
    claims.segment_end,
    coalesce(claims.run_id, '(none)') as run_id,
    coalesce(claims.stage, 'serving') as stage,
    coalesce(requests.stage, '(none)') as serving_stage,
    coalesce(claims.model, requests.model) as ai_model,
    coalesce(claims.model_version, requests.model_version, '(none)') as model_version,
    claims.length_ns,
    case
        when claims.run_id is not null or requests.requests = requests.all_requests
        then claimed_ns
        else
            -- Of the time up to this version what those before it have not.
            cast(
                divide(
                    cast(claimed_ns as hugeint) * requests.requests_so_far,
                    requests.all_requests
                ) - divide(
                    cast(claimed_ns as hugeint)
                    * (requests.requests_so_far - requests.requests),
                    requests.all_requests
                ) as bigint
            )
    end as claimed_ns,
from claims
left join
    requests
    on claims.run_id is null
    and requests.provider = claims.provider
    and requests.resource_id = claims.resource_id
    and requests.claim_hour = claims.claim_hour
