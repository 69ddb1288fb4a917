{#- What experiments cost together, and what pipelines cost together, is what their runs cost, exactly. -#}
{%- set key = "billing_period, provider, billing_currency" -%}

with
    grouped as (
        select {{ key }}, cost_of, sum(effective_cost) as cost,
        from {{ ref("mart_experiment_costs") }}
        where {{ is_in_scope() }}
        group by {{ key }}, cost_of
    ),

    runs as (
        select {{ key }}, each.cost_of, sum(effective_cost) as cost_of_runs,
        from {{ ref("mart_training_run_costs") }}
        cross join (values ('experiment'), ('pipeline')) as each(cost_of)
        where {{ is_in_scope() }}
        group by {{ key }}, each.cost_of
    )

select *,
from grouped
full join runs using ({{ key }}, cost_of)
where cost is distinct from cost_of_runs
