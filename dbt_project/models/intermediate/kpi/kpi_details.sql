{#- The region that AWS puts before what it meters, and what comes after the name of a model that is paid by token. -#}
{%- set region = "^(EU|[A-Z]{2,4}[0-9])-" -%}
{%- set after_model = "[- ]([Tt]ext[- ])?([Ii]nput|[Oo]utput|Inp|Outp|Opt)([^A-Za-z].*)?$|[- ][Tt]okens$" -%}

with
    details as (
        select
            *,
            coalesce(
                charge_category = 'Usage'
                and regexp_matches(sku_meter, '([Tt]okens|Text (In|Out)put)'),
                false
            ) as is_tokens,
            -- Google bills a machine's GPUs, cores and memory in lines of their own;
            -- Vertex
            -- names no type of machine.
            coalesce(
                provider = 'gcp'
                and charge_category = 'Usage'
                and regexp_matches(sku_meter, 'Nvidia .*GPU'),
                false
            ) as is_gpu_sku,
            coalesce(
                charge_category = 'Usage'
                and commitment_discount_status is distinct from 'Unused'
                and (
                    pricing_unit in ('Hours', 'Seconds')
                    or consumed_unit in ('Hours', 'Seconds')
                ),
                false
            ) as is_metered_by_time,
        from {{ ref("stg_published_charge_details") }}
    )

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
    details.commitment_discount_id,
    details.commitment_discount_status,
    details.consumed_unit,
    details.pricing_unit,
    coalesce(
        gpu.gpu_family,
        case
            when is_gpu_sku
            then
                nullif(
                    regexp_extract(
                        sku_meter,
                        '(GB200|B200|H200|H100|A100|V100|P100|K80|L40S|L4|T4|P4)'
                    ),
                    ''
                )
        end,
        case when is_gpu_sku then '(unknown)' end
    ) as gpu_family,
    meters.transfer_scope,
    meters.storage_class,
    meters.on_demand_meter,
    meters.gigabytes_per_unit,
    gpu.gpus,
    -- How many GPUs run for an hour of the line, and of how many units a machine has
    -- one.
    case
        when not is_metered_by_time
        then null
        when is_gpu_sku
        then 1
        when details.provider <> 'gcp'
        then gpu.gpus
    end as gpus_metered,
    case
        when not is_metered_by_time
        then null
        when is_gpu_sku
        then gpu.gpus
        when
            details.provider <> 'gcp'
            and coalesce(details.x_instance_type, gpu.gpu_family) is not null
        then 1
        when details.provider = 'gcp' and sku_meter like '%Core%'
        then
            try_cast(
                coalesce(
                    nullif(regexp_extract(x_instance_type, 'custom-([0-9]+)-', 1), ''),
                    nullif(regexp_extract(x_instance_type, '-([0-9]+)$', 1), '')
                ) as integer
            )
    end as units_per_machine,
    case
        when not is_tokens
        then null
        when consumed_unit in ('Tokens', 'Units', 'Count')
        then 1
        when pricing_unit in ('Tokens', 'Units', 'Count')
        then 1
        else
            try_cast(
                nullif(
                    regexp_extract(pricing_unit, '^([0-9]+) (Tokens|Units|Count)$', 1),
                    ''
                ) as bigint
            )
    end as tokens_per_unit,
    case
        when is_tokens
        then
            regexp_replace(
                regexp_replace(sku_meter, '{{ region }}', ''), '{{ after_model }}', ''
            )
    end as managed_model,
    case
        when not is_tokens
        then null
        when regexp_matches(sku_meter, '[Ee]mbed')
        then 'embedding'
        when regexp_matches(sku_meter, '([Ii]nput|Inp)')
        then 'in'
        when regexp_matches(sku_meter, '([Oo]utput|Outp|Opt)')
        then 'out'
        else '(unknown)'
    end as token_direction,
    gpu.gpus is not null or is_gpu_sku as is_gpu,
    is_metered_by_time,
    coalesce(details.pricing_category = 'Dynamic', false) as is_spot,
    -- What is kept ready is `Usage` of SageMaker's; `Mem` is what requests take of it.
    coalesce(
        details.provider = 'aws'
        and details.charge_category = 'Usage'
        and details.commitment_discount_status is distinct from 'Unused'
        and regexp_matches(
            sku_meter, 'ProvisionedConcurrency:Usage-|Lambda-Provisioned-Concurrency'
        ),
        false
    ) as is_provisioned_concurrency,
    meters.is_transfer,
    meters.is_storage,
    is_tokens,
from details
inner join
    {{ ref("kpi_meters") }} as meters
    on meters.provider = details.provider
    and meters.billing_period = details.billing_period
    and meters.x_details_id = details.x_details_id
left join
    {{ ref("machine_types") }} as gpu
    on gpu.provider = details.provider
    and gpu.gpu_family is not null
    and gpu.instance_type = coalesce(
        regexp_replace(lower(details.x_instance_type), '^ml\.', ''),
        -- Azure's machine learning names the machine in the meter alone.
        'standard_' || replace(
            lower(
                regexp_replace(
                    sku_meter, '^Managed Endpoint | (Spot|Low Priority)$', '', 'g'
                )
            ),
            ' ',
            '_'
        )
    )
