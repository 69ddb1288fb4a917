{#- What AWS, Azure and Google call bytes that leave a zone, a region or the cloud, or that enter one. -#}
{%- set transfer = "data ?transfer|dataxfer|egress|download|-(in|out)-a?bytes|region (in|e)gress|inter[- ](region|zone)" -%}
{%- set between_zones = "regional|xaz|inter[- ]?zone|availability[- ]zone|intra[- ]region|between ec2 azs" -%}
{%- set between_regions = "-aws-(in|out)-|inter[- ]region|(intra|inter)[- ]continent|data transfer (to|from) |replication" -%}
{%- set archive = "glacier|gda|deeparchive|archive|-gir-" -%}
{%- set cool = "-(sia|zia|rrs|int-ia|int-aia|ia)-|infrequent|nearline|coldline|(^| )(cool|cold) " -%}

with
    details as (
        select
            provider,
            billing_period,
            x_details_id,
            pricing_category,
            charge_category = 'Usage' as is_usage,
            service_category = 'Storage' as is_of_storage,
            service_category = 'Networking' as is_of_networking,
            resource_type = 'Data Transfer' as is_of_transfer,
            sku_meter,
            lower(coalesce(sku_meter, charge_description)) as meter,
            pricing_unit,
            -- GB, GiB-Months, GB/Month …: what is counted, and whether for a time.
            nullif(
                regexp_extract(
                    pricing_unit, '^(Bytes?|[KMGTP]i?B)([-/ ]Months?|[-/]Mo)?$', 1
                ),
                ''
            ) as unit_of_bytes,
            regexp_matches(pricing_unit, 'Mo(nths?)?$') as is_per_month,
        from {{ ref("stg_published_charge_details") }}
    ),

    told as (
        select
            *,
            coalesce(
                is_usage
                and (
                    is_of_transfer
                    or regexp_matches(meter, '{{ transfer }}')
                    -- A NAT gateway's price of the bytes that pass through it.
                    or (is_of_networking and meter like '%data process%')
                    or meter like '%natgateway-bytes'
                ),
                false
            ) as is_transfer,
            case
                unit_of_bytes
                when 'KB'
                then cast(0.000000953674 as decimal(13, 12))
                when 'KiB'
                then cast(0.000000953674 as decimal(13, 12))
                when 'MB'
                then cast(0.000976562500 as decimal(13, 12))
                when 'MiB'
                then cast(0.000976562500 as decimal(13, 12))
                when 'GB'
                then 1
                when 'GiB'
                then 1
                when 'TB'
                then 1024
                when 'TiB'
                then 1024
                when 'PB'
                then 1048576
                when 'PiB'
                then 1048576
            end as gigabytes_per_unit,
        from details
    )

select
    provider,
    billing_period,
    x_details_id,
    case
        when not is_transfer
        then null
        when regexp_matches(meter, '{{ between_zones }}')
        then 'zone'
        when regexp_matches(meter, 'internet|cloudfront')
        then 'internet'
        when regexp_matches(meter, '{{ between_regions }}')
        then 'region'
        when
            regexp_matches(
                meter, 'out-a?bytes|in-bytes|transfer (in|out)|download|dataxfer'
            )
        then 'internet'
    end as transfer_scope,
    case
        when
            not coalesce(is_usage and is_of_storage and is_per_month, false)
            or is_transfer
            or gigabytes_per_unit is null
        then null
        when regexp_matches(meter, '{{ archive }}')
        then 'archive'
        when regexp_matches(meter, '{{ cool }}')
        then 'cool'
        else 'hot'
    end as storage_class,
    case
        when pricing_category = 'Dynamic'
        then
            trim(
                replace(
                    replace(
                        replace(
                            replace(sku_meter, 'Spot Preemptible ', ''), ' Spot', ''
                        ),
                        ' Low Priority',
                        ''
                    ),
                    'Preemptible ',
                    ''
                )
            )
        else sku_meter
    end as on_demand_meter,
    gigabytes_per_unit,
    is_transfer,
    coalesce(is_usage and is_of_storage and not is_transfer, false) as is_storage,
from told
