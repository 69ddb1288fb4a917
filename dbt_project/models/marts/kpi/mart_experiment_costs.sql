{%- set costs = ["billed_cost", "effective_cost", "list_cost"] -%}
{%- set key = "billing_period, provider, billing_currency" -%}

with
    -- A run may have several resources and stages; its epochs count once.
    runs as (
        select
            {{ key }},
            experiment,
            pipeline,
            ai_model,
            run_id,
            bool_or(status in ('failed', 'killed')) as is_failed,
            max(epochs) as epochs,
            sum(hours) as hours,
            sum(gpu_hours) as gpu_hours,
            {% for cost in costs %} sum({{ cost }}) as {{ cost }}, {% endfor %}
        from {{ ref("mart_training_run_costs") }}
        where {{ is_in_scope() }}
        group by {{ key }}, experiment, pipeline, ai_model, run_id
    ),

    grouped as (
        {% for grouping in ("experiment", "pipeline") %}
            select
                {{ key }},
                '{{ grouping }}' as cost_of,
                {{ grouping }} as name,
                ai_model,
                count(distinct run_id) as run_count,
                count(distinct run_id) filter (where is_failed) as failed_run_count,
                sum(epochs) as epochs,
                sum(hours) as hours,
                sum(gpu_hours) as gpu_hours,
                {% for cost in costs %} sum({{ cost }}) as {{ cost }}, {% endfor %}
                coalesce(
                    sum(effective_cost) filter (where is_failed), 0
                ) as failed_run_cost,
            from runs
            group by
                {{ key }}, {{ grouping }}, ai_model {{ "union all" if not loop.last }}
        {% endfor %}
    )

select
    {{ key }},
    cost_of,
    name,
    ai_model,
    run_count,
    failed_run_count,
    {% for measure in ["epochs", "hours", "gpu_hours"] + costs + ["failed_run_cost"] %}
        cast({{ measure }} as {{ var("money_type") }}) as {{ measure }},
    {% endfor %}
    {{ quotient("effective_cost", "run_count") }} as cost_per_run,
    {{ quotient("effective_cost", "epochs") }} as cost_per_epoch,
from grouped
