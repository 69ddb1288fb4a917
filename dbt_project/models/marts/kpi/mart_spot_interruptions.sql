{% set group = "billing_period, provider, billing_currency, instance_type, gpu_family, zone" %}

with
    instances as (
        select
            billing_period,
            provider,
            billing_currency,
            resource_id,
            max(instance_type) as instance_type,
            max(gpu_family) as gpu_family,
            max(availability_zone) as availability_zone,
            sum(spot_cost) as spot_cost,
            sum(on_demand_cost) as on_demand_cost,
            sum(compared_cost) as compared_cost,
        from {{ ref("spot_charges") }}
        group by billing_period, provider, billing_currency, resource_id
    ),

    losses as (
        select
            billing_period,
            provider,
            billing_currency,
            resource_id,
            max(instance_type) as instance_type,
            max(zone) as zone,
            count(*) as interruptions,
        from {{ ref("spot_losses") }}
        group by billing_period, provider, billing_currency, resource_id
    ),

    joined as (
        select
            coalesce(instances.billing_period, losses.billing_period) as billing_period,
            coalesce(instances.provider, losses.provider) as provider,
            coalesce(
                instances.billing_currency, losses.billing_currency
            ) as billing_currency,
            coalesce(
                instances.instance_type, losses.instance_type, '(none)'
            ) as instance_type,
            coalesce(instances.gpu_family, '(none)') as gpu_family,
            -- Azure's bill names no zone of a machine; its notice may.
            coalesce(instances.availability_zone, losses.zone, '(none)') as zone,
            if(
                coalesce(instances.resource_id, losses.resource_id) is null, 0, 1
            ) as instance_count,
            if(losses.interruptions > 0, 1, 0) as interrupted_count,
            coalesce(losses.interruptions, 0) as interruptions,
            coalesce(instances.spot_cost, 0) as spot_cost,
            instances.on_demand_cost,
            coalesce(instances.compared_cost, 0) as compared_cost,
        from instances
        full join
            losses
            on losses.billing_period = instances.billing_period
            and losses.provider = instances.provider
            and losses.billing_currency = instances.billing_currency
            and losses.resource_id = instances.resource_id
    ),

    grouped as (
        select
            {{ group }},
            sum(instance_count) as spot_instances,
            sum(interrupted_count) as interrupted_instances,
            sum(interruptions) as interruptions,
            sum(spot_cost) as spot_cost,
            sum(on_demand_cost) as on_demand_cost,
            sum(compared_cost) as compared_cost,
        from joined
        group by {{ group }}
    ),

    rated as (
        select
            *,
            {{ quotient("interrupted_instances * 100", "spot_instances") }}
            as interruption_rate,
        from grouped
    )

select
    {{ group }},
    cast(spot_instances as bigint) as spot_instances,
    cast(interrupted_instances as bigint) as interrupted_instances,
    cast(interruptions as bigint) as interruptions,
    interruption_rate,
    cast(targets.spot_interruption_rate as {{ var("money_type") }}) as target_rate,
    coalesce(
        interruption_rate > targets.spot_interruption_rate, false
    ) as is_above_target,
    cast(spot_cost as {{ var("money_type") }}) as spot_cost,
    cast(on_demand_cost as {{ var("money_type") }}) as on_demand_cost,
    cast(compared_cost as {{ var("money_type") }}) as compared_cost,
    cast(on_demand_cost - compared_cost as {{ var("money_type") }}) as discount,
from rated
cross join {{ ref("kpi_targets") }} as targets
