{%- set day = "provider, resource_id, charge_date" -%}

with
    measured as (select * from {{ ref("gpu_utilization") }}),

    used as (
        select provider, resource_id, bool_or(is_endpoint) as is_endpoint,
        from {{ ref("usage_costs") }}
        group by provider, resource_id
    ),

    machines as (
        select
            billing_period,
            provider,
            billing_currency,
            charge_date,
            resource_id,
            gpu_family,
            gpus,
            cost_center,
            ai_model,
            ai_stage,
            coalesce(sum(metered_hours * gpus_metered), 0) as gpu_hours,
            sum(effective_cost) as effective_cost,
            sum(billed_cost) as billed_cost,
        from {{ ref("kpi_charges") }}
        where
            is_gpu
            and resource_id is not null
            and charge_category <> 'Purchase'
            and commitment_discount_status is distinct from 'Unused'
        group by
            billing_period,
            provider,
            billing_currency,
            charge_date,
            resource_id,
            gpu_family,
            gpus,
            cost_center,
            ai_model,
            ai_stage
    ),

    staged as (
        select
            machines.*,
            measured.gpu_utilization,
            measured.measured_hours,
            case
                when used.is_endpoint
                then 'serving'
                when used.is_endpoint is not null
                then 'training'
                when regexp_matches(lower(ai_stage), '(infer|serv|deploy)')
                then 'serving'
                when regexp_matches(lower(ai_stage), '(train|tun|eval|prep|ingest)')
                then 'training'
            end as usage_stage,
        from machines
        left join measured using ({{ day }})
        left join used using (provider, resource_id)
    ),

    compared as (
        select
            staged.*,
            cast(
                case
                    usage_stage
                    when 'training'
                    then targets.gpu_utilization_training
                    when 'serving'
                    then targets.gpu_utilization_serving
                end as {{ var("money_type") }}
            ) as target_utilization,
            {{ portion("gpu_hours", "gpu_utilization", "100") }} as used_gpu_hours,
            {{ portion("effective_cost", "(100 - gpu_utilization)", "100") }}
            as idle_gpu_cost,
        from staged
        cross join {{ ref("kpi_targets") }} as targets
    )

select
    billing_period,
    provider,
    billing_currency,
    charge_date,
    resource_id,
    gpu_family,
    gpus,
    cost_center,
    ai_model,
    ai_stage,
    coalesce(usage_stage, '(none)') as usage_stage,
    cast(gpu_hours as {{ var("money_type") }}) as gpu_hours,
    cast(billed_cost as {{ var("money_type") }}) as billed_cost,
    cast(effective_cost as {{ var("money_type") }}) as effective_cost,
    measured_hours,
    gpu_utilization,
    used_gpu_hours,
    idle_gpu_cost,
    {{ quotient("effective_cost", "gpu_hours") }} as cost_per_gpu_hour,
    {{
        quotient(
            "if(used_gpu_hours is null, null, effective_cost)", "used_gpu_hours"
        )
    }} as cost_per_used_gpu_hour,
    target_utilization,
    gpu_utilization >= target_utilization as is_on_target,
    gpu_utilization is null as is_unmeasured,
from compared
