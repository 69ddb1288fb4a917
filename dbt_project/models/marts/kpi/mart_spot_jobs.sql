{% set key = ["billing_period", "provider", "billing_currency"] %}

with
    charges as (
        select
            billing_period,
            provider,
            billing_currency,
            sum(
                if(
                    resource_id is null,
                    0,
                    date_diff('second', charge_start, charge_end)
                )
            ) as spot_seconds,
            sum(spot_cost) as spot_cost,
            sum(on_demand_cost) as on_demand_cost,
            sum(compared_cost) as compared_cost,
        from {{ ref("spot_charges") }}
        group by billing_period, provider, billing_currency
    ),

    jobs as (
        select
            billing_period,
            provider,
            billing_currency,
            run_id as job_id,
            sum(spot_seconds) as spot_seconds,
            sum(spot_cost) as spot_cost,
            sum(on_demand_cost) as on_demand_cost,
            sum(compared_cost) as compared_cost,
        from {{ ref("spot_shares") }}
        group by billing_period, provider, billing_currency, run_id
    ),

    of_jobs as (
        select
            billing_period,
            provider,
            billing_currency,
            sum(spot_seconds) as spot_seconds,
            sum(spot_cost) as spot_cost,
            sum(on_demand_cost) as on_demand_cost,
            sum(compared_cost) as compared_cost,
        from jobs
        group by billing_period, provider, billing_currency
    ),

    costs as (
        select *,
        from jobs
        union all
        select
            charges.billing_period,
            charges.provider,
            charges.billing_currency,
            '(none)' as job_id,
            charges.spot_seconds - coalesce(of_jobs.spot_seconds, 0) as spot_seconds,
            charges.spot_cost - coalesce(of_jobs.spot_cost, 0) as spot_cost,
            charges.on_demand_cost
            - coalesce(of_jobs.on_demand_cost, 0) as on_demand_cost,
            charges.compared_cost - coalesce(of_jobs.compared_cost, 0) as compared_cost,
        from charges
        left join
            of_jobs
            on {% for column in key -%}
                {{ "and " if not loop.first }} of_jobs.{{ column }}
                = charges.{{ column }}
            {% endfor %}
    ),

    losses as (
        select
            billing_period,
            provider,
            billing_currency,
            coalesce(job_id, '(none)') as job_id,
            count(*) as interruptions,
            count(lost_hours) as known_losses,
            sum(lost_hours) as lost_hours,
            sum(lost_gpu_hours) as lost_gpu_hours,
            count(restart_hours) as restarts,
            sum(restart_hours) as restart_hours,
            sum(restart_gpu_hours) as restart_gpu_hours,
            count(checkpoint_age_hours) as saved_interruptions,
            sum(checkpoint_age_hours) as checkpoint_age_sum,
            max(checkpoint_age_hours) as checkpoint_age_max,
        from {{ ref("spot_losses") }}
        group by billing_period, provider, billing_currency, coalesce(job_id, '(none)')
    ),

    joined as (
        select
            coalesce(costs.billing_period, losses.billing_period) as billing_period,
            coalesce(costs.provider, losses.provider) as provider,
            coalesce(
                costs.billing_currency, losses.billing_currency
            ) as billing_currency,
            coalesce(costs.job_id, losses.job_id) as job_id,
            {{ quotient("coalesce(costs.spot_seconds, 0)", "3600") }} as spot_hours,
            coalesce(costs.spot_cost, 0) as spot_cost,
            costs.on_demand_cost,
            coalesce(costs.compared_cost, 0) as compared_cost,
            coalesce(losses.interruptions, 0) as interruptions,
            coalesce(losses.known_losses, 0) as known_losses,
            coalesce(losses.lost_hours, 0) as lost_hours,
            coalesce(losses.lost_gpu_hours, 0) as lost_gpu_hours,
            coalesce(losses.restarts, 0) as restarts,
            coalesce(losses.restart_hours, 0) as restart_hours,
            coalesce(losses.restart_gpu_hours, 0) as restart_gpu_hours,
            coalesce(losses.saved_interruptions, 0) as saved_interruptions,
            coalesce(losses.checkpoint_age_sum, 0) as checkpoint_age_sum,
            losses.checkpoint_age_max,
        from costs
        full join
            losses on losses.job_id = costs.job_id
            {% for column in key %}
                and losses.{{ column }} = costs.{{ column }}
            {% endfor %}
    ),

    priced as (
        select
            *,
            on_demand_cost - compared_cost as discount,
            case
                when interruptions = 0
                then 0
                when known_losses = interruptions
                then {{ portion("spot_cost", "lost_hours", "spot_hours") }}
            end as lost_cost,
            case
                when restart_hours = 0
                then 0
                else {{ portion("spot_cost", "restart_hours", "spot_hours") }}
            end as restart_cost,
        from joined
    )

select
    priced.billing_period,
    priced.provider,
    priced.billing_currency,
    priced.job_id,
    coalesce(runs.model, '(none)') as model,
    coalesce(runs.model_version, '(none)') as model_version,
    cast(priced.spot_hours as {{ var("money_type") }}) as spot_hours,
    cast(priced.spot_cost as {{ var("money_type") }}) as spot_cost,
    cast(priced.on_demand_cost as {{ var("money_type") }}) as on_demand_cost,
    cast(priced.compared_cost as {{ var("money_type") }}) as compared_cost,
    cast(priced.discount as {{ var("money_type") }}) as discount,
    {{ quotient("priced.spot_cost", "priced.spot_hours") }} as cost_per_hour,
    cast(priced.interruptions as bigint) as interruptions,
    cast(
        priced.interruptions - priced.known_losses as bigint
    ) as interruptions_of_unknown_loss,
    cast(
        priced.interruptions - priced.restarts as bigint
    ) as interruptions_without_restart,
    cast(priced.lost_hours as {{ var("money_type") }}) as lost_hours,
    cast(priced.lost_gpu_hours as {{ var("money_type") }}) as lost_gpu_hours,
    cast(priced.lost_cost as {{ var("money_type") }}) as lost_cost,
    cast(priced.restart_hours as {{ var("money_type") }}) as restart_hours,
    cast(priced.restart_gpu_hours as {{ var("money_type") }}) as restart_gpu_hours,
    cast(priced.restart_cost as {{ var("money_type") }}) as restart_cost,
    cast(
        priced.discount
        - priced.lost_cost
        - priced.restart_cost as {{ var("money_type") }}
    ) as net_benefit,
    cast(priced.saved_interruptions as bigint) as interruptions_with_checkpoint,
    cast(priced.checkpoint_age_sum as {{ var("money_type") }}) as checkpoint_age_sum,
    {{ quotient("priced.checkpoint_age_sum", "priced.saved_interruptions") }}
    as checkpoint_age_hours,
    cast(
        priced.checkpoint_age_max as {{ var("money_type") }}
    ) as checkpoint_age_hours_max,
from priced
left join {{ ref("run_totals") }} as runs on runs.run_id = priced.job_id
