{#- What versions cost, what was idle and what is not attributed are the FOCUS fact, exactly. -#}
{%- set measures = ["billed_cost", "effective_cost", "list_cost"] -%}
{%- set key = "billing_period, provider, billing_currency" -%}

with
    counted as (
        select
            {{ key }},
            {% for measure in measures %}
                sum({{ measure }}) as {{ measure }},
            {% endfor %}
        from {{ ref("mart_model_version_costs") }}
        where {{ is_in_scope() }}
        group by {{ key }}
    ),

    billed as (
        select
            {{ key }},
            {% for measure in measures %}
                sum({{ measure }}) as {{ measure }},
            {% endfor %}
        from {{ ref("stg_published_daily_costs") }}
        where {{ is_in_scope() }}
        group by {{ key }}
    )

select
    {{ key }},
    {% for measure in measures %}
        coalesce(counted.{{ measure }}, 0)
        - coalesce(billed.{{ measure }}, 0) as {{ measure }}_difference,
    {% endfor %}
from counted
full join billed using ({{ key }})
where
    false
    {% for measure in measures %}
        or coalesce(counted.{{ measure }}, 0) <> coalesce(billed.{{ measure }}, 0)
    {% endfor %}
