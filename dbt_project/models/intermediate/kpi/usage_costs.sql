{#-
    A charge is shared by time among what used its resource: each has its nanoseconds of those that the machine ran, which are
    the hours that the bill meters where these are fewer than the hours of the charge. What is paid by token has no idle time,
    and is shared by tokens. Shares are cut after the twelfth decimal; what is cut joins the idle cost, or the largest share of
    the day.
-#}
{%- set measures = ["billed_cost", "effective_cost", "list_cost"] -%}
{%- set period = "provider, resource_id, charge_start, charge_end" -%}
{%- set day = (
    "billing_period, provider, billing_currency, charge_date, resource_id, is_endpoint, "
    ~ "cost_center, ai_project, tagged_model, ai_stage, environment"
) -%}
{%- set claimant = "run_id, stage, serving_stage, ai_model, model_version" -%}

with
    resources as (
        select provider, resource_id, false as is_endpoint,
        from {{ ref("stg_telemetry_training_runs") }}
        union
        select provider, endpoint_id as resource_id, true as is_endpoint,
        from {{ ref("stg_telemetry_inference_counts") }}
    ),

    used_resources as (
        select provider, resource_id, bool_or(is_endpoint) as is_endpoint,
        from resources
        group by provider, resource_id
    ),

    charges as (
        select
            charges.provider,
            charges.billing_period,
            charges.billing_currency,
            charges.charge_date,
            charges.resource_id,
            charges.charge_start,
            charges.charge_end,
            charges.cost_center,
            charges.ai_project,
            charges.ai_model as tagged_model,
            charges.ai_stage,
            charges.environment,
            charges.token_direction,
            -- Google's GPUs and cores are lines of their own, of the same hours.
            charges.gpus_metered is not null as is_metered_by_gpu,
            used_resources.is_endpoint,
            {% for measure in measures %}
                sum(charges.{{ measure }}) as {{ measure }},
            {% endfor %}
            sum(
                divide(
                    cast(charges.metered_hours * 3600000000000 as hugeint),
                    charges.units_per_machine
                )
            ) as machine_ns,
        from {{ ref("kpi_charges") }} as charges
        inner join
            used_resources
            on used_resources.provider = charges.provider
            and used_resources.resource_id = charges.resource_id
        group by all
    ),

    periods as (
        select
            {{ period }},
            date_diff('microsecond', charge_start, charge_end) * 1000 as length_ns,
            coalesce(
                greatest(
                    sum(machine_ns) filter (where is_metered_by_gpu),
                    sum(machine_ns) filter (where not is_metered_by_gpu)
                ),
                0
            ) as machine_ns,
        from charges
        group by {{ period }}
    ),

    period_hours as (
        select
            {{ period }},
            unnest(
                generate_series(
                    date_trunc('hour', charge_start),
                    charge_end - interval 1 microsecond,
                    interval 1 hour
                )
            ) as charge_hour,
        from periods
    ),

    used as (
        select
            hours.provider,
            hours.resource_id,
            hours.charge_start,
            hours.charge_end,
            {{ claimant }},
            cast(
                sum(
                    case
                        when
                            segment_start >= hours.charge_start
                            and segment_end <= hours.charge_end
                        then claimed_ns
                        else
                            divide(
                                cast(claimed_ns as hugeint) * date_diff(
                                    'microsecond',
                                    greatest(segment_start, hours.charge_start),
                                    least(segment_end, hours.charge_end)
                                )
                                * 1000,
                                length_ns
                            )
                    end
                ) as bigint
            ) as weight,
        from period_hours as hours
        inner join
            {{ ref("usage_claims") }} as claims
            on claims.provider = hours.provider
            and claims.resource_id = hours.resource_id
            and claims.claim_hour = hours.charge_hour
            and claims.segment_start < hours.charge_end
            and claims.segment_end > hours.charge_start
        group by all
    ),

    token_hours as (
        select distinct hours.*, charges.token_direction,
        from period_hours as hours
        inner join
            charges
            on charges.provider = hours.provider
            and charges.resource_id = hours.resource_id
            and charges.charge_start = hours.charge_start
            and charges.charge_end = hours.charge_end
        where charges.token_direction is not null and charges.is_endpoint
    ),

    used_tokens as (
        select
            hours.provider,
            hours.resource_id,
            hours.charge_start,
            hours.charge_end,
            hours.token_direction,
            '(none)' as run_id,
            'serving' as stage,
            coalesce(counts.stage, '(none)') as serving_stage,
            counts.model as ai_model,
            coalesce(counts.model_version, '(none)') as model_version,
            cast(
                sum(
                    case
                        when hours.token_direction = 'out'
                        then counts.tokens_out
                        else counts.tokens_in
                    end
                ) as bigint
            ) as weight,
        from token_hours as hours
        inner join
            {{ ref("stg_telemetry_inference_counts") }} as counts
            on counts.provider = hours.provider
            and counts.endpoint_id = hours.resource_id
            and counts.bucket_start = hours.charge_hour
        group by all
        having weight > 0
    ),

    weights as (
        select
            {{ period }},
            cast(null as varchar) as token_direction,
            {{ claimant }},
            weight,
            sum(weight) over (partition by {{ period }}) as all_weight,
        from used
        union all
        select
            {{ period }},
            token_direction,
            {{ claimant }},
            weight,
            sum(weight) over (partition by {{ period }}, token_direction) as all_weight,
        from used_tokens
    ),

    totals as (
        select {{ period }}, token_direction, max(all_weight) as all_weight,
        from weights
        group by {{ period }}, token_direction
    ),

    -- What each charge is divided by, and by which weights: those of tokens where there
    -- are any.
    divided as (
        select
            charges.*,
            tokens.token_direction as weighed_by,
            coalesce(tokens.all_weight, times.all_weight, 0) as used_weight,
            case
                when charges.token_direction is not null
                then coalesce(tokens.all_weight, times.all_weight, 0)
                else
                    greatest(
                        coalesce(times.all_weight, 0),
                        case
                            when periods.machine_ns > 0
                            then least(periods.machine_ns, periods.length_ns)
                            else periods.length_ns
                        end
                    )
            end as all_weight,
        from charges
        inner join
            periods
            on periods.provider = charges.provider
            and periods.resource_id = charges.resource_id
            and periods.charge_start = charges.charge_start
            and periods.charge_end = charges.charge_end
        left join
            totals as tokens
            on tokens.provider = charges.provider
            and tokens.resource_id = charges.resource_id
            and tokens.charge_start = charges.charge_start
            and tokens.charge_end = charges.charge_end
            and tokens.token_direction = charges.token_direction
        left join
            totals as times
            on times.provider = charges.provider
            and times.resource_id = charges.resource_id
            and times.charge_start = charges.charge_start
            and times.charge_end = charges.charge_end
            and times.token_direction is null
    ),

    parts as (
        select
            divided.{{ day | replace(", ", ", divided.") }},
            {{ claimant }},
            {% for measure in measures %}
                sum(
                    case
                        when weights.weight = divided.all_weight
                        then {{ measure }}
                        else
                            {{
                                cut_share(
                                    measure,
                                    "weights.weight",
                                    "divided.all_weight",
                                )
                            }}
                    end
                ) as {{ measure }},
            {% endfor %}
        from divided
        inner join
            weights
            on weights.provider = divided.provider
            and weights.resource_id = divided.resource_id
            and weights.charge_start = divided.charge_start
            and weights.charge_end = divided.charge_end
            and weights.token_direction is not distinct from divided.weighed_by
        group by all
    ),

    days as (
        select
            {{ day }},
            bool_or(used_weight < all_weight) as has_idle_time,
            {% for measure in measures %}
                sum({{ measure }}) as {{ measure }},
            {% endfor %}
        from divided
        -- What is paid by token and that nobody counted is not idle.
        where all_weight > 0
        group by all
    ),

    ranked as (
        select
            *,
            row_number() over (
                partition by {{ day }} order by effective_cost desc, {{ claimant }}
            ) as part_rank,
        from parts
    ),

    used_of_days as (
        select
            {{ day }},
            {% for measure in measures %}
                sum({{ measure }}) as {{ measure }},
            {% endfor %}
        from parts
        group by all
    ),

    rests as (
        select
            days.* exclude ({{ measures | join(", ") }}),
            {% for measure in measures %}
                days.{{ measure }}
                - coalesce(used_of_days.{{ measure }}, 0) as {{ measure }},
            {% endfor %}
        from days
        left join used_of_days using ({{ day }})
    )

select
    {% for name in (day ~ ", " ~ claimant).split(", ") %}
        ranked.{{ name }},
    {% endfor %}
    false as is_idle,
    {% for measure in measures %}
        cast(
            ranked.{{ measure }}
            + coalesce(rests.{{ measure }}, 0) as {{ var("money_type") }}
        ) as {{ measure }},
    {% endfor %}
from ranked
left join
    rests on ranked.part_rank = 1 and not rests.has_idle_time
    {% for name in day.split(", ") %}
        and rests.{{ name }} = ranked.{{ name }}
    {% endfor %}
union all
select
    {{ day }},
    '(none)' as run_id,
    '(none)' as stage,
    '(none)' as serving_stage,
    tagged_model as ai_model,
    '(none)' as model_version,
    true as is_idle,
    {% for measure in measures %}
        cast({{ measure }} as {{ var("money_type") }}) as {{ measure }},
    {% endfor %}
from rests
where has_idle_time
