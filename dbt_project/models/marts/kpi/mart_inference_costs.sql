{%- set day = "billing_period, provider, billing_currency, charge_date, resource_id" -%}
{%- set version = "ai_model, model_version, serving_stage" -%}
{%- set counts = ["requests", "successes", "tokens_in", "tokens_out"] -%}

with
    -- Cost that runs had of an endpoint is theirs.
    costs as (
        select *, from {{ ref("usage_costs") }} where is_endpoint and run_id = '(none)'
    ),

    days as (
        select
            {{ day }},
            sum(effective_cost) as day_cost,
            coalesce(sum(effective_cost) filter (where is_idle), 0) as day_idle_cost,
            min(ai_model) filter (where is_idle) as tagged_model,
        from costs
        group by {{ day }}
    ),

    parts as (
        select
            {{ day }},
            {{ version }},
            effective_cost as used_cost,
            {% for count in counts %} null as {{ count }}, {% endfor %}
        from costs
        where not is_idle
        union all
        select
            {{ day }},
            {{ version }},
            0 as used_cost,
            {% for count in counts %} {{ count }}, {% endfor %}
        from {{ ref("endpoint_requests") }}
        union all
        -- A day of cost on which nobody counted anything.
        select
            {{ day }},
            tagged_model as ai_model,
            '(none)' as model_version,
            '(none)' as serving_stage,
            0 as used_cost,
            {% for count in counts %} null as {{ count }}, {% endfor %}
        from days
        left join
            (
                select {{ day }}, true as is_counted,
                from {{ ref("endpoint_requests") }}
                union
                select {{ day }}, true as is_counted,
                from costs
                where not is_idle
            ) as counted using ({{ day }})
        where counted.is_counted is null
    ),

    versions as (
        select
            {{ day }},
            {{ version }},
            sum(used_cost) as used_cost,
            cast(coalesce(sum(requests), 0) as bigint) as requests,
            cast(coalesce(sum(successes), 0) as bigint) as successes,
            cast(sum(tokens_in) as bigint) as tokens_in,
            cast(sum(tokens_out) as bigint) as tokens_out,
        from parts
        group by {{ day }}, {{ version }}
    ),

    -- By requests; equally on a day without any.
    weighted as (
        select
            *,
            sum(requests) over (partition by {{ day }}) as day_requests,
            count(*) over (partition by {{ day }}) as day_versions,
            row_number() over (
                partition by {{ day }} order by requests desc, {{ version }}
            ) as version_rank,
        from versions
    ),

    cut as (
        select
            weighted.*,
            days.day_cost,
            days.day_idle_cost,
            {% for cost in ("day_cost", "day_idle_cost") %}
                {{
                    cut_share(
                        "days." ~ cost,
                        "if(day_requests > 0, requests, 1)",
                        "if(day_requests > 0, day_requests, day_versions)",
                    )
                }} as {{ cost }}_cut,
            {% endfor %}
        from weighted
        left join days using ({{ day }})
    ),

    shared as (
        select
            *,
            {% for cost in ("day_cost", "day_idle_cost") %}
                {{ cost }}_cut + if(
                    version_rank = 1,
                    {{ cost }} - sum({{ cost }}_cut) over (partition by {{ day }}),
                    0
                ) as {{ cost }}_share,
            {% endfor %}
        from cut
    )

select
    billing_period,
    provider,
    billing_currency,
    charge_date,
    resource_id as endpoint_id,
    {{ version }},
    requests,
    successes,
    tokens_in,
    tokens_out,
    cast(coalesce(day_cost_share, 0) as {{ var("money_type") }}) as allocated_cost,
    cast(used_cost as {{ var("money_type") }}) as used_cost,
    cast(coalesce(day_idle_cost_share, 0) as {{ var("money_type") }}) as idle_cost,
    {{ cut_share("day_cost_share", "1", "successes") }} as cost_per_inference,
    {{ cut_share("day_cost_share", "1000", "successes") }} as cost_per_1000_predictions,
    {{ cut_share("if(day_cost is null, null, used_cost)", "1", "successes") }}
    as used_cost_per_inference,
    {{ cut_share("day_cost_share", "1000000", "tokens_in") }}
    as cost_per_million_tokens_in,
    {{ cut_share("day_cost_share", "1000000", "tokens_out") }}
    as cost_per_million_tokens_out,
    requests = 0 as is_without_requests,
from shared
