{#- What machines with GPUs cost is their charges, exactly, and idle cost is never more than it. -#}
{%- set key = "billing_period, provider, billing_currency" -%}

with
    machines as (
        select {{ key }}, sum(effective_cost) as cost, sum(gpu_hours) as gpu_hours,
        from {{ ref("mart_gpu_utilization") }}
        where {{ is_in_scope() }}
        group by {{ key }}
    ),

    charges as (
        select
            {{ key }},
            sum(effective_cost) as charged_cost,
            coalesce(sum(metered_hours * gpus_metered), 0) as charged_hours,
        from {{ ref("kpi_charges") }}
        where
            is_gpu
            and resource_id is not null
            and charge_category <> 'Purchase'
            and commitment_discount_status is distinct from 'Unused'
        group by {{ key }}
    )

select *,
from machines
full join charges using ({{ key }})
where cost is distinct from charged_cost or gpu_hours is distinct from charged_hours
