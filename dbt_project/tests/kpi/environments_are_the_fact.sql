{#- What models cost in all environments together is the FOCUS fact, exactly. -#}
{%- set key = "billing_period, provider, billing_currency" -%}

with
    models as (
        select {{ key }}, sum(production_cost + staging_cost + other_cost) as cost,
        from {{ ref("mart_environment_costs") }}
        where {{ is_in_scope() }}
        group by {{ key }}
    ),

    billed as (
        select {{ key }}, sum(effective_cost) as billed,
        from {{ ref("stg_published_daily_costs") }}
        where {{ is_in_scope() }}
        group by {{ key }}
    )

select *,
from models
full join billed using ({{ key }})
where cost is distinct from billed
