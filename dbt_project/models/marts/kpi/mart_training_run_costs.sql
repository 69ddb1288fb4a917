{%- set measures = ["billed_cost", "effective_cost", "list_cost"] -%}

with
    costs as (
        select
            billing_period,
            provider,
            billing_currency,
            run_id,
            stage,
            resource_id,
            {% for measure in measures %}
                sum({{ measure }}) as {{ measure }},
            {% endfor %}
        from {{ ref("usage_costs") }}
        where run_id <> '(none)'
        group by billing_period, provider, billing_currency, run_id, stage, resource_id
    )

select
    runs.billing_period,
    runs.provider,
    coalesce(costs.billing_currency, '(none)') as billing_currency,
    runs.run_id,
    runs.stage,
    runs.resource_id,
    runs.model as ai_model,
    runs.model_version,
    runs.experiment,
    runs.pipeline,
    runs.status,
    runs.started_at,
    runs.ended_at,
    cast(runs.epochs as {{ var("money_type") }}) as epochs,
    cast(runs.gpu_count as {{ var("money_type") }}) as gpu_count,
    {{ quotient("runs.used_microseconds", "3600000000") }} as hours,
    {{ quotient("runs.used_microseconds * runs.gpu_count", "3600000000") }}
    as gpu_hours,
    cast(checkpoints.checkpoints as bigint) as checkpoints,
    {{ quotient("checkpoints.longest_microseconds", "3600000000") }}
    as longest_hours_without_checkpoint,
    {% for measure in measures %}
        cast(
            coalesce(costs.{{ measure }}, 0) as {{ var("money_type") }}
        ) as {{ measure }},
    {% endfor %}
from {{ ref("training_runs") }} as runs
left join
    costs
    on costs.billing_period = runs.billing_period
    and costs.provider = runs.provider
    and costs.run_id = runs.run_id
    and costs.stage = runs.stage
    and costs.resource_id = runs.resource_id
left join
    {{ ref("run_checkpoints") }} as checkpoints
    on checkpoints.billing_period = runs.billing_period
    and checkpoints.provider = runs.provider
    and checkpoints.run_id = runs.run_id
    and checkpoints.stage = runs.stage
    and checkpoints.resource_id = runs.resource_id
where runs.is_of_month or costs.run_id is not null
