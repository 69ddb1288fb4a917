-- Checkpoints and all else in a bucket are its storage charges, exactly.
with
    counted as (
        select
            billing_period,
            provider,
            billing_currency,
            resource_id,
            sum(storage_cost) as storage_cost,
        from {{ ref("mart_checkpoint_storage") }}
        where {{ is_in_scope() }}
        group by billing_period, provider, billing_currency, resource_id
    ),

    billed as (
        select
            billing_period,
            provider,
            billing_currency,
            resource_id,
            sum(effective_cost) as storage_cost,
        from {{ ref("kpi_charges") }}
        where is_storage
        group by billing_period, provider, billing_currency, resource_id
    )

select
    counted.billing_period,
    counted.provider,
    counted.billing_currency,
    counted.resource_id,
    counted.storage_cost - coalesce(billed.storage_cost, 0) as storage_cost_difference,
from counted
left join
    billed
    on billed.billing_period = counted.billing_period
    and billed.provider = counted.provider
    and billed.billing_currency = counted.billing_currency
    and billed.resource_id = counted.resource_id
where counted.storage_cost <> coalesce(billed.storage_cost, 0)
