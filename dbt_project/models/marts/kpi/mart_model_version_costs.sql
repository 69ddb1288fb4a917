{%- set costs = ["billed_cost", "effective_cost", "list_cost"] -%}
{%- set usage = ["hours", "gpu_hours", "requests", "successes"] -%}
{%- set version = (
    "billing_period, provider, billing_currency, ai_model, model_version"
) -%}

with
    parts as (
        select
            {{ version }},
            if(is_idle, 'idle', 'version') as attribution,
            stage,
            {% for cost in costs %} {{ cost }}, {% endfor %}
            {% for quantity in usage %} null as {{ quantity }}, {% endfor %}
        from {{ ref("usage_costs") }}
        union all
        select
            {{ version }},
            'version' as attribution,
            stage,
            {% for cost in costs %} 0 as {{ cost }}, {% endfor %}
            hours,
            gpu_hours,
            null as requests,
            null as successes,
        from {{ ref("mart_training_run_costs") }}
        where {{ is_in_scope() }}
        union all
        select
            {{ version }},
            'version' as attribution,
            'serving' as stage,
            {% for cost in costs %} 0 as {{ cost }}, {% endfor %}
            null as hours,
            null as gpu_hours,
            requests,
            successes,
        from {{ ref("endpoint_requests") }}
        union all
        select
            billing_period,
            provider,
            billing_currency,
            ai_model,
            '(none)' as model_version,
            'unattributed' as attribution,
            '(none)' as stage,
            {% for cost in costs %} {{ cost }}, {% endfor %}
            {% for quantity in usage %} null as {{ quantity }}, {% endfor %}
        from {{ ref("unattributed_costs") }}
    ),

    summed as (
        select
            {{ version }},
            attribution,
            case
                when attribution <> 'version'
                then '(none)'
                when stage in ('ingestion', 'training', 'evaluation', 'serving')
                then stage
                when stage in ('data-preprocessing', 'preprocessing', 'preparation')
                then 'preparation'
                else 'other'
            end as life_cycle_stage,
            {% for measure in costs + usage %}
                sum({{ measure }}) as {{ measure }},
            {% endfor %}
        from parts
        group by {{ version }}, attribution, life_cycle_stage
    ),

    versions as (
        select
            {{ version }},
            sum(effective_cost) as version_cost,
            coalesce(
                sum(effective_cost) filter (where life_cycle_stage <> 'serving'), 0
            ) as training_cost,
        from summed
        where attribution = 'version'
        group by {{ version }}
    ),

    compared as (
        select
            summed.*,
            versions.version_cost,
            targets.model_version_cost as target_cost,
            if(
                life_cycle_stage = 'serving', versions.training_cost, null
            ) as training_cost,
            if(life_cycle_stage = 'serving', effective_cost, null) as serving_cost,
        from summed
        cross join {{ ref("kpi_targets") }} as targets
        left join
            versions on summed.attribution = 'version'
            {% for name in version.split(", ") %}
                and versions.{{ name }} = summed.{{ name }}
            {% endfor %}
    )

select
    billing_period,
    provider,
    billing_currency,
    attribution,
    ai_model,
    model_version,
    life_cycle_stage as stage,
    {% for measure in costs + usage[:2] %}
        cast({{ measure }} as {{ var("money_type") }}) as {{ measure }},
    {% endfor %}
    cast(requests as bigint) as requests,
    cast(successes as bigint) as successes,
    {{ quotient("serving_cost", "successes") }} as serving_cost_per_inference,
    cast(training_cost as {{ var("money_type") }}) as training_cost,
    {{ quotient("training_cost", "successes") }} as training_cost_per_inference,
    cast(version_cost as {{ var("money_type") }}) as version_cost,
    cast(target_cost as {{ var("money_type") }}) as target_cost,
    coalesce(version_cost > target_cost, false) as is_above_target,
from compared
