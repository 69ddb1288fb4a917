{%- set resource = "provider, billing_period, billing_currency, resource_id" -%}
{%- set owner = "cost_center, ai_project, ai_model, ai_stage, environment" -%}

select {{ resource }}, {{ owner }},
from {{ ref("resource_charges") }}
group by {{ resource }}, {{ owner }}
qualify
    row_number() over (
        partition by {{ resource }} order by sum(effective_cost) desc, {{ owner }}
    )
    = 1
