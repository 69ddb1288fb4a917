{#- What models that are paid by token cost is their charges, exactly. -#}
{%- set key = "billing_period, provider, billing_currency" -%}
{%- set measures = ["billed_cost", "effective_cost", "list_cost"] -%}

with
    counted as (
        {% for model, condition in (
            ("mart_token_costs", is_in_scope()),
            ("kpi_charges", "is_tokens"),
        ) %}
            select
                {{ key }},
                {% for measure in measures %}
                    sum({{ measure }}) as {{ measure }},
                {% endfor %}
            from {{ ref(model) }}
            where {{ condition }}
            group by {{ key }} {{ "union all" if not loop.last }}
        {% endfor %}
    )

select {{ key }},
from counted
group by {{ key }}
having
    count(*) <> 2
    {% for measure in measures %}
        or min({{ measure }}) <> max({{ measure }})
    {% endfor %}
