with
    -- What the same meter costs on demand in the same region and month, at list price.
    on_demand as (
        select
            provider,
            billing_period,
            billing_currency,
            region_id,
            pricing_unit,
            on_demand_meter,
            sum(list_cost) as list_cost,
            sum(pricing_quantity) as pricing_quantity,
        from {{ ref("kpi_charges") }}
        where
            pricing_category = 'Standard'
            and charge_category = 'Usage'
            and is_gpu
            and list_cost > 0
            and pricing_quantity > 0
        group by
            provider,
            billing_period,
            billing_currency,
            region_id,
            pricing_unit,
            on_demand_meter
    ),

    charges as (
        select
            provider,
            billing_period,
            billing_currency,
            resource_id,
            instance_type,
            gpu_family,
            availability_zone,
            charge_start,
            charge_end,
            region_id,
            pricing_unit,
            on_demand_meter,
            -- Google meters the GPUs and the cores of a machine in lines of their own.
            gpus_metered is not null as is_metered_by_gpu,
            sum(effective_cost) as spot_cost,
            sum(list_cost) as list_cost,
            sum(pricing_quantity) as pricing_quantity,
            sum(
                {{ quotient("metered_hours * 3600", "units_per_machine") }}
            ) as machine_seconds,
        from {{ ref("kpi_charges") }}
        where is_spot
        group by
            provider,
            billing_period,
            billing_currency,
            resource_id,
            instance_type,
            gpu_family,
            availability_zone,
            charge_start,
            charge_end,
            region_id,
            pricing_unit,
            on_demand_meter,
            gpus_metered is not null
    ),

    compared as (
        select
            charges.*,
            case
                -- A CUR says what the line would have cost on demand. The list price
                -- of Azure and
                -- Google is that of spot.
                when charges.provider = 'aws' and charges.list_cost > 0
                then charges.list_cost
                else
                    {{
                        portion(
                            "on_demand.list_cost",
                            "charges.pricing_quantity",
                            "on_demand.pricing_quantity",
                        )
                    }}
            end as on_demand_cost,
        from charges
        left join
            on_demand
            on on_demand.provider = charges.provider
            and on_demand.billing_period = charges.billing_period
            and on_demand.billing_currency = charges.billing_currency
            and on_demand.region_id = charges.region_id
            and on_demand.pricing_unit = charges.pricing_unit
            and on_demand.on_demand_meter = charges.on_demand_meter
    )

select
    provider,
    billing_period,
    billing_currency,
    resource_id,
    charge_start,
    charge_end,
    max(instance_type) as instance_type,
    max(gpu_family) as gpu_family,
    max(availability_zone) as availability_zone,
    sum(spot_cost) as spot_cost,
    sum(on_demand_cost) as on_demand_cost,
    sum(case when on_demand_cost is not null then spot_cost end) as compared_cost,
    greatest(
        sum(machine_seconds) filter (where is_metered_by_gpu),
        sum(machine_seconds) filter (where not is_metered_by_gpu)
    ) as machine_seconds,
from compared
group by
    provider, billing_period, billing_currency, resource_id, charge_start, charge_end
