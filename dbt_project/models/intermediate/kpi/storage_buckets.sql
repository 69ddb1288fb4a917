with
    charges as (
        select
            provider,
            billing_period,
            billing_currency,
            resource_id,
            region_id,
            storage_class,
            sum(effective_cost) as effective_cost,
            sum(gigabytes) as gigabytes,
        from {{ ref("kpi_charges") }}
        where is_storage
        group by
            provider,
            billing_period,
            billing_currency,
            resource_id,
            region_id,
            storage_class
    ),

    archives as (
        select
            provider,
            billing_period,
            billing_currency,
            region_id,
            sum(effective_cost) as effective_cost,
            sum(gigabytes) as gigabytes,
        from charges
        where storage_class = 'archive' and gigabytes > 0 and effective_cost > 0
        group by provider, billing_period, billing_currency, region_id
    ),

    all_archives as (
        select
            provider,
            billing_period,
            billing_currency,
            sum(effective_cost) as effective_cost,
            sum(gigabytes) as gigabytes,
        from archives
        group by provider, billing_period, billing_currency
    ),

    buckets as (
        select
            provider,
            billing_period,
            billing_currency,
            resource_id,
            max(region_id) as region_id,
            sum(effective_cost) as storage_cost,
            sum(
                case when storage_class is not null then effective_cost else 0 end
            ) as capacity_cost,
            sum(
                case when storage_class is not null then gigabytes else 0 end
            ) as capacity_gb_months,
        from charges
        where resource_id is not null
        group by provider, billing_period, billing_currency, resource_id
    ),

    named as (
        select
            *,
            case
                when lower(resource_id) like '%/storageaccounts/%'
                then
                    split_part(
                        split_part(lower(resource_id), '/storageaccounts/', 2), '/', 1
                    )
                else lower(regexp_extract(resource_id, '[^:/]+$'))
            end as bucket,
        from buckets
    )

select
    buckets.provider,
    buckets.billing_period,
    buckets.billing_currency,
    buckets.resource_id,
    buckets.bucket,
    row_number() over (
        partition by buckets.provider, buckets.billing_period, buckets.bucket
        order by
            buckets.storage_cost desc, buckets.resource_id, buckets.billing_currency
    )
    = 1 as is_main,
    buckets.storage_cost,
    buckets.capacity_cost,
    buckets.capacity_gb_months,
    coalesce(archives.effective_cost, all_archives.effective_cost) as archive_cost,
    coalesce(archives.gigabytes, all_archives.gigabytes) as archive_gb_months,
from named as buckets
left join
    archives
    on archives.provider = buckets.provider
    and archives.billing_period = buckets.billing_period
    and archives.billing_currency = buckets.billing_currency
    and archives.region_id = buckets.region_id
left join
    all_archives
    on all_archives.provider = buckets.provider
    and all_archives.billing_period = buckets.billing_period
    and all_archives.billing_currency = buckets.billing_currency
