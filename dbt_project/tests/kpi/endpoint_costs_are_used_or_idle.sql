{#- What endpoints cost is allocated whole, and is used or idle, exactly. -#}
{%- set key = "billing_period, provider, billing_currency, charge_date" -%}

with
    endpoints as (
        select
            {{ key }},
            endpoint_id,
            sum(allocated_cost) as allocated_cost,
            sum(used_cost) + sum(idle_cost) as used_or_idle_cost,
        from {{ ref("mart_inference_costs") }}
        where {{ is_in_scope() }}
        group by {{ key }}, endpoint_id
    ),

    costs as (
        select {{ key }}, resource_id as endpoint_id, sum(effective_cost) as cost,
        from {{ ref("usage_costs") }}
        where is_endpoint and run_id = '(none)'
        group by {{ key }}, resource_id
    )

select *,
from endpoints
full join costs using ({{ key }}, endpoint_id)
where
    coalesce(allocated_cost, 0) <> coalesce(cost, 0)
    or coalesce(used_or_idle_cost, 0) <> coalesce(cost, 0)
