with details as (select * from {{ ref("stg_published_charge_details") }})

select
    details.provider,
    details.billing_period,
    details.x_details_id,
    details.billing_currency,
    details.charge_category,
    details.service_category,
    details.service_name,
    details.region_id,
    details.availability_zone,
    details.sub_account_id,
    details.x_instance_type as instance_type,
    details.sku_meter,
    details.charge_description,
    details.pricing_category,
    details.commitment_discount_status,
    details.consumed_unit,
    details.pricing_unit,
    meters.transfer_scope,
    meters.storage_class,
    meters.on_demand_meter,
    meters.gigabytes_per_unit,
    gpu.gpu_family,
    gpu.gpus,
    gpu.gpus is not null as is_gpu,
    coalesce(details.pricing_category = 'Dynamic', false) as is_spot,
    meters.is_transfer,
    meters.is_storage,
    coalesce(
        details.charge_category = 'Usage'
        and regexp_matches(details.sku_meter, '([Tt]okens|Text (In|Out)put)'),
        false
    ) as is_tokens,
from details
inner join
    {{ ref("kpi_meters") }} as meters
    on meters.provider = details.provider
    and meters.billing_period = details.billing_period
    and meters.x_details_id = details.x_details_id
left join
    {{ ref("gpu_instance_types") }} as gpu
    on gpu.provider = details.provider
    and gpu.instance_type = regexp_replace(lower(details.x_instance_type), '^ml\.', '')
